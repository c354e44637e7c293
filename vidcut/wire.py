"""What goes between vidcut and the processes that decode: frames of JSON and arrays.

A message is a length (4 bytes, big-endian), a JSON object of that length, and the bytes of the
arrays that the object's ``arrays`` announce. Nothing is unpickled, and every size is checked
before room is made for it: who decodes hostile media may say anything.
"""

from __future__ import annotations

import contextlib
import json
import struct
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from vidcut.records import Picture

    Array: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]

_LENGTH = struct.Struct(">I")
_MOST_HEADER_BYTES = 64 << 20
"""Subtitles of a whole film are some 100 kB."""
_MOST_ARRAY_BYTES = 1 << 30
_TYPES: dict[str, np.dtype[Any]] = {"u1": np.dtype(np.uint8), "f4": np.dtype("<f4")}
_MOST_REASON = 2000
_CHANNELS = 3
_MOST = 1 << 62
"""SQLite keeps 64 bits."""


class WireError(Exception):
    """What came is no message: whoever sent it is not to be trusted with another."""


@dataclass(frozen=True, slots=True)
class Message:
    """``kind`` says what it is, ``facts`` hold it, but for its arrays."""

    kind: str
    facts: Mapping[str, Any]
    arrays: Sequence[Array] = ()


# Bytes --------------------------------------------------------------------------------


def write(stream: BinaryIO, message: Message) -> None:
    """Write a message, and nothing after it waits in a buffer."""
    arrays = [np.ascontiguousarray(array) for array in message.arrays]
    shapes = [[array.dtype.str[1:], *array.shape] for array in arrays]
    header = {"kind": message.kind, "facts": message.facts, "arrays": shapes}
    text = json.dumps(header).encode("ascii")
    stream.write(_LENGTH.pack(len(text)) + text)
    for array in arrays:
        if array.size:
            stream.write(array.data.cast("B"))
    stream.flush()


def read(fill: Callable[[memoryview], None]) -> Message:
    """The next message.

    Args:
        fill: fills a buffer with the bytes that come next; what it raises comes out.

    Raises:
        WireError: it is no message.
    """
    length = _LENGTH.unpack(_bytes(fill, _LENGTH.size))[0]
    if length > _MOST_HEADER_BYTES:
        raise WireError(f"a header of {length} bytes")
    try:
        header = json.loads(_bytes(fill, length))
        kind, facts, shapes = header["kind"], header["facts"], header["arrays"]
        dtypes = [_TYPES[shape[0]] for shape in shapes]
        sizes = [tuple(map(_size, shape[1:])) for shape in shapes]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise WireError(f"no header ({error})") from error
    if not isinstance(kind, str) or not isinstance(facts, dict):
        raise WireError("no header")
    total = sum(_count(s) * dtype.itemsize for s, dtype in zip(sizes, dtypes, strict=True))
    if total > _MOST_ARRAY_BYTES:
        raise WireError(f"arrays of {total} bytes")
    arrays = []
    for shape, dtype in zip(sizes, dtypes, strict=True):
        array = np.empty(shape, dtype)
        if array.size:
            fill(array.data.cast("B"))
        arrays.append(array)
    return Message(kind, facts, arrays)


def _bytes(fill: Callable[[memoryview], None], count: int) -> bytearray:
    room = bytearray(count)
    if count:
        fill(memoryview(room))
    return room


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 31:
        raise ValueError(f"{value!r} is no size")
    return value


def _count(shape: Sequence[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


# Nouns --------------------------------------------------------------------------------


def of_media(media: Media) -> Message:
    """`Media` as a message."""
    facts = asdict(media)
    rate = media.picture.rate if media.picture else None
    if rate is not None:
        facts["picture"]["rate"] = [rate.numerator, rate.denominator]
    return Message("media", facts)


def media(message: Message) -> Media:
    """`of_media`'s inverse; raises `WireError`."""
    with _doubted(message, "media") as facts:
        picture, sound = facts["picture"], facts["sound"]
        return Media(
            container=_text(facts["container"]),
            duration_us=_number(facts["duration_us"]),
            picture=None if picture is None else _picture_track(picture),
            sound=None if sound is None else _sound_track(sound),
            subtitles=tuple(_subtitle_track(track) for track in facts["subtitles"]),
            timecode=_text_or_none(facts["timecode"]),
        )


def of_cues(cues: Sequence[Cue]) -> Message:
    """Cues as a message."""
    rows = [[cue.span.start, cue.span.end, cue.text] for cue in cues]
    return Message("cues", {"cues": rows})


def cues(message: Message) -> list[Cue]:
    """`of_cues`'s inverse; raises `WireError`."""
    with _doubted(message, "cues") as facts:
        return [Cue(_span(start, end), _text(text)) for start, end, text in facts["cues"]]


def of_part(part: Sample | PictureWindow) -> Message:
    """A sample, or the window that it was of, as a message; the window goes without samples."""
    span = [part.span.start, part.span.end]
    if isinstance(part, Sample):
        facts = {"time_us": part.time_us, "span": span, "begins_shot": part.begins_shot}
        return Message("sample", facts, [part.picture])
    return Message("window", {"span": span, "cuts": part.cuts, "lost_us": part.lost_us})


def part(message: Message) -> Sample | PictureWindow:
    """`of_part`'s inverse; raises `WireError`."""
    return sample(message) if message.kind == "sample" else window(message)


def sample(message: Message) -> Sample:
    """A sample again; raises `WireError`."""
    with _doubted(message, "sample") as facts:
        (array,) = message.arrays
        begins = facts["begins_shot"] is True
        return Sample(
            _number(facts["time_us"]), _span(*facts["span"]), _picture(array), begins_shot=begins
        )


def window(message: Message) -> PictureWindow:
    """A window without samples again; raises `WireError`."""
    with _doubted(message, "window") as facts:
        cuts = tuple(_number(time_us) for time_us in facts["cuts"])
        return PictureWindow(_span(*facts["span"]), cuts, (), _number(facts["lost_us"]))


def of_glance(glance: Glance) -> Message:
    """A glance as a message."""
    facts = {"time_us": glance.time_us, "begins_shot": glance.begins_shot}
    return Message("glance", facts, [glance.picture])


def glance(message: Message) -> Glance:
    """`of_glance`'s inverse; raises `WireError`."""
    with _doubted(message, "glance") as facts:
        (array,) = message.arrays
        return Glance(_number(facts["time_us"]), _picture(array), facts["begins_shot"] is True)


def of_block(block: SoundBlock) -> Message:
    """A block of sound as a message."""
    facts = {"start_us": block.start_us, "lost_us": block.lost_us}
    return Message("block", facts, [block.samples])


def block(message: Message) -> SoundBlock:
    """`of_block`'s inverse; raises `WireError`."""
    with _doubted(message, "block") as facts:
        (samples,) = message.arrays
        if samples.dtype != _TYPES["f4"] or samples.ndim != 1:
            raise ValueError("no sound")
        return SoundBlock(
            _number(facts["start_us"]),
            samples.astype(np.float32, copy=False),
            _number(facts["lost_us"]),
        )


def of_picture(shown: Picture) -> Message:
    """One picture as a message."""
    return Message("picture", {}, [shown])


def picture(message: Message) -> Picture:
    """`of_picture`'s inverse; raises `WireError`."""
    with _doubted(message, "picture"):
        (array,) = message.arrays
        return _picture(array)


def tick(message: Message) -> int:
    """How far a file is read, in microseconds; raises `WireError`."""
    with _doubted(message, "tick") as facts:
        return _number(facts["at_us"])


def reason(message: Message) -> str:
    """Why there is no answer, or no more, in one line; raises `WireError`."""
    with _doubted(message, message.kind) as facts:
        return " ".join(_text(facts.get("reason", "")).split())[:_MOST_REASON]


@contextlib.contextmanager
def _doubted(message: Message, kind: str) -> Iterator[Mapping[str, Any]]:
    """The facts of a message that should be of a kind; what does not fit is a `WireError`."""
    if message.kind != kind:
        raise WireError(f"{message.kind!r} where {kind!r} was due")
    try:
        yield message.facts
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"no {kind} ({error})") from error


def _picture_track(facts: Mapping[str, Any]) -> PictureTrack:
    rate = facts["rate"]
    if rate is not None:
        numerator, denominator = map(_number, rate)
        if not denominator:
            raise ValueError("no rate")
        rate = Fraction(numerator, denominator)
    return PictureTrack(
        codec=_text(facts["codec"]),
        width=_number(facts["width"]),
        height=_number(facts["height"]),
        rate=rate,
        rotation=_number(facts["rotation"]),
    )


def _sound_track(facts: Mapping[str, Any]) -> SoundTrack:
    return SoundTrack(_text(facts["codec"]), _number(facts["rate_hz"]), _number(facts["channels"]))


def _subtitle_track(facts: Mapping[str, Any]) -> SubtitleTrack:
    return SubtitleTrack(
        _number(facts["index"]), _text(facts["codec"]), _text_or_none(facts["language"])
    )


def _picture(array: Array) -> Picture:
    if array.dtype != _TYPES["u1"] or array.shape[2:] != (_CHANNELS,):
        raise ValueError("no picture")
    return array.astype(np.uint8, copy=False)


def _span(start: object, end: object) -> Span:
    return Span(_number(start), _number(end))


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _MOST:
        raise ValueError(f"{value!r:.40} is no number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    value.encode()  # halves of surrogates are no text
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)
