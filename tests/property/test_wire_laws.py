"""Laws of the wire: what goes in comes out, and what was never put in is refused."""

from __future__ import annotations

import io
import json
import struct
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vidcut import wire
from vidcut.records import (
    Cue,
    Glance,
    Media,
    PictureTrack,
    PictureWindow,
    Sample,
    SoundBlock,
    SoundTrack,
    Span,
    SubtitleTrack,
)
from vidcut.wire import Message, WireError

if TYPE_CHECKING:
    from vidcut.records import Picture

TIMES = st.integers(-(1 << 50), 1 << 50)
SPANS = st.builds(lambda a, b: Span(min(a, b), max(a, b)), TIMES, TIMES)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
SIZES = st.integers(0, 1 << 31)
RATES = st.fractions(min_value=0, max_value=1000, max_denominator=1 << 31)
MEDIA = st.builds(
    Media,
    TEXTS,
    TIMES,
    st.none() | st.builds(PictureTrack, TEXTS, SIZES, SIZES, st.none() | RATES, SIZES),
    st.none() | st.builds(SoundTrack, TEXTS, SIZES, SIZES),
    st.lists(st.builds(SubtitleTrack, SIZES, TEXTS, st.none() | TEXTS), max_size=3).map(tuple),
    st.none() | TEXTS,
)
PICTURES = arrays.arrays(
    np.uint8,
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.just(3)),
    elements=st.integers(0, 255),
)
PARTS = st.builds(Sample, TIMES, SPANS, PICTURES, st.booleans()) | st.builds(
    PictureWindow, SPANS, st.lists(TIMES, max_size=3).map(tuple), st.just(()), TIMES
)
BLOCKS = st.builds(
    SoundBlock,
    TIMES,
    arrays.arrays(np.float32, st.integers(0, 9), elements=st.floats(-1, 1, width=32)),
    TIMES,
)


def sent(message: Message) -> bytes:
    stream = io.BytesIO()
    wire.write(stream, message)
    return stream.getvalue()


def received(content: bytes) -> Message:
    stream = io.BytesIO(content)

    def fill(room: memoryview) -> None:
        if stream.readinto(room) < len(room):
            raise EOFError

    message = wire.read(fill)
    assert not stream.read()
    return message


@given(MEDIA)
def test_media_come_out_as_they_went_in(media: Media) -> None:
    assert wire.media(received(sent(wire.of_media(media)))) == media


@given(st.lists(st.builds(Cue, SPANS, TEXTS)))
def test_cues_come_out_as_they_went_in(cues: list[Cue]) -> None:
    assert wire.cues(received(sent(wire.of_cues(cues)))) == cues


@given(PARTS)
def test_parts_of_windows_come_out_as_they_went_in(part: Sample | PictureWindow) -> None:
    made = wire.part(received(sent(wire.of_part(part))))
    if isinstance(made, Sample):
        assert isinstance(part, Sample)
        assert (made.time_us, made.span) == (part.time_us, part.span)
        assert made.begins_shot == part.begins_shot
        assert made.picture.dtype == np.uint8
        assert np.array_equal(made.picture, part.picture)
    else:
        assert made == part


@given(BLOCKS)
def test_sound_comes_out_as_it_went_in(block: SoundBlock) -> None:
    made = wire.block(received(sent(wire.of_block(block))))
    assert (made.start_us, made.lost_us) == (block.start_us, block.lost_us)
    assert made.samples.dtype == np.float32
    assert np.array_equal(made.samples, block.samples)


@given(st.integers(-(1 << 40), 1 << 40), st.booleans(), PICTURES)
def test_glances_come_out_as_they_went_in(time_us: int, begins: bool, picture: Picture) -> None:  # noqa: FBT001
    made = wire.glance(received(sent(wire.of_glance(Glance(time_us, picture, begins)))))
    assert (made.time_us, made.begins_shot) == (time_us, begins)
    assert np.array_equal(made.picture, picture)


READ = (
    wire.media,
    wire.cues,
    wire.glance,
    wire.window,
    wire.sample,
    wire.part,
    wire.block,
    wire.picture,
    wire.tick,
    wire.reason,
)


@given(st.binary(max_size=80), st.sampled_from(READ))
def test_noise_is_refused(noise: bytes, read: object) -> None:
    content = struct.pack(">I", len(noise)) + noise
    with pytest.raises((WireError, EOFError)):
        read(received(content))  # type: ignore[operator]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
FACTS = st.one_of(
    [
        st.just(one.facts)
        for one in (
            wire.of_media(
                Media("a", 1, PictureTrack("b", 1, 1, Fraction(25)), SoundTrack("c", 1, 1))
            ),
            wire.of_cues([Cue(Span(0, 1), "d")]),
            wire.of_part(PictureWindow(Span(0, 1), (0,), ())),
        )
    ]
)


@given(
    st.data(), st.sampled_from(["media", "cues", "window", "sample", "block", "picture", "tick"])
)
def test_one_wrong_fact_is_refused_or_read_and_nothing_else(data: st.DataObject, kind: str) -> None:
    facts = json.loads(json.dumps(data.draw(FACTS)))
    facts[data.draw(st.sampled_from(sorted(facts)))] = data.draw(JSON)
    message = received(sent(Message(kind, facts)))
    try:
        getattr(wire, kind)(message)
    except WireError:
        return


@pytest.mark.parametrize(
    "header",
    [
        {"kind": "block", "facts": {}, "arrays": [["f4", 1 << 29]]},
        {"kind": "block", "facts": {}, "arrays": [["f4", -1]]},
        {"kind": "block", "facts": {}, "arrays": [["f4", 1 << 30, 1 << 30, 1 << 30]]},
        {"kind": "block", "facts": {}, "arrays": [["O", 1]]},
        {"kind": "block", "facts": {}, "arrays": [["f4", 1.5]]},
        {"kind": "block", "facts": {}, "arrays": [["u1", True]]},
        {"kind": 1, "facts": {}, "arrays": []},
        {"kind": "block", "facts": [], "arrays": []},
        {"kind": "block"},
        [],
    ],
)
def test_no_room_is_made_for_what_cannot_be(header: object) -> None:
    text = json.dumps(header).encode()
    with pytest.raises(WireError):
        received(struct.pack(">I", len(text)) + text)
    with pytest.raises(WireError):
        received(b"\xff\xff\xff\xff")
