"""What holds of every input, whoever wrote it: an oracle for each door that text comes in by.

Each takes bytes, lets them in by its door, and asserts what the door promises; of exceptions
only vidcut's own may come out. `benchmarks/fuzz.py` looks for bytes by which one fails,
``test_seeds.py`` holds them all to the seeds beside it. Where a door has several leaves, the
first byte chooses one.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import struct
import tempfile
import unicodedata
from dataclasses import astuple, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcut import cutting, editing, finish, frames, manifest, settings, story, truth
from vidcut.cli import options
from vidcut.errors import LibraryError, MediaError, OutputError, QueryError, UsageError
from vidcut.escaping import JOINERS, is_shapeless, json_text
from vidcut.modalities import _cues
from vidcut.query import MAX_QUERY_CHARS, MAX_STEPS, Query, parse
from vidcut.records import SECOND_US, Video
from vidcut.roughcut import Plan
from vidcut.stores import _snapshot
from vidcut.terms import terms
from vidcut.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vidcut.cutting import Fact
    from vidcut.records import Cue

LAST_US = 2**53
"""286 years, and all that a number of JSON holds exactly."""
SEEDS = Path(__file__).with_name("seeds")
"""A folder of inputs for each of `TARGETS`."""


def seeds(target: str) -> list[Path]:
    """The inputs that are kept for a target, in order of name."""
    return sorted((SEEDS / target).iterdir())


def _choose(data: bytes, count: int) -> tuple[int, bytes]:
    """Which of so many leaves the first byte opens (``0`` the first), and what goes through."""
    return (data[0] if data else 0) % count, data[1:]


def _text(data: bytes) -> str:
    """As Python has what is typed or named: bytes that are no text are lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


@functools.cache
def _made() -> tempfile.TemporaryDirectory[str]:
    """For files; gone when the process ends as Python's do."""
    return tempfile.TemporaryDirectory(prefix="vidcut-oracles-")


def _folder() -> Path:
    return Path(_made().name)


def _written(name: str, data: bytes) -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


@contextlib.contextmanager
def _refusals(*kinds: type[Exception]) -> Iterator[None]:
    """Take a refusal for an answer where it is of these kinds and says something."""
    try:
        yield
    except kinds as error:
        assert 0 < len(str(error)) < 100_000  # noqa: PT017  (both outcomes are lawful)


# Texts --------------------------------------------------------------------------------


def subtitles(data: bytes) -> None:
    """A sidecar's cues: in order, with times that can be, and words that steer nothing."""
    suffix, content = _choose(data, 4)
    path = _written(f"clip{('.srt', '.vtt', '.ass', '.ssa')[suffix]}", content)
    with _refusals(MediaError):
        cues = _cues.read(path)
        assert cues == _cues.read(path)
        _check_cues(cues)


def _check_cues(cues: list[Cue]) -> None:
    for cue in cues:
        assert 0 <= cue.span.start < cue.span.end <= LAST_US
        assert 0 < len(cue.text) <= 5_000
        for row in cue.text.split("\n"):
            assert any(char.isalnum() for char in row)
            assert not any(is_shapeless(char) and char not in JOINERS for char in row)
    assert all(one.span.start <= other.span.start for one, other in pairwise(cues))
    drafts = list(_cues.drafts(cues, language=None))
    assert bool(drafts) == bool(cues)
    for draft in drafts:
        assert 0 <= draft.span.start < draft.span.end <= LAST_US
        assert draft.text
        assert not any(is_shapeless(char) and char not in JOINERS for char in draft.text)


def scripts(data: bytes) -> None:
    """A script's slots: numbered, each with words and a query that is one, in order of time."""
    suffix, content = _choose(data, 4)
    with _refusals(UsageError):
        _check_slots(story.slots(story.decode(content), (".txt", ".md", ".srt", ".vtt")[suffix]))


def _check_slots(slots: list[story.Slot]) -> None:
    assert [slot.number for slot in slots] == list(range(1, len(slots) + 1))
    assert len(slots) <= story.MOST_SLOTS
    for slot in slots:
        assert slot.text == " ".join(slot.text.split()) != ""
        assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in slot.text)
        assert 0 < slot.duration_us <= LAST_US
        if slot.query:
            _check_query(parse(slot.query))
    timed = [slot for slot in slots if slot.start_us is not None]
    assert len(timed) in {0, len(slots)}
    for one, other in pairwise(timed):
        assert one.start_us is not None
        assert other.start_us is not None
        assert 0 <= one.start_us < one.start_us + one.duration_us <= other.start_us <= LAST_US


def queries(data: bytes) -> None:
    """A query is understood, whatever blanks are in it, or refused in one short line."""
    text = _text(data)
    try:
        asked = parse(text)
    except QueryError as error:
        assert str(error).isprintable()  # noqa: PT017  (both outcomes are lawful)
        assert len(str(error)) < 250  # noqa: PT017
        return
    assert parse(asked.text) == asked
    _check_query(asked)


def _check_query(asked: Query) -> None:
    assert 1 <= len(asked.steps) <= MAX_STEPS
    assert len(" ".join(asked.text.split())) <= MAX_QUERY_CHARS
    for step in asked.steps:
        assert step.wanted
        for term in (*step.wanted, *step.unwanted):
            assert set(term.modalities) <= {"asr", "frame", "ocr"}
            for part in term.parts:
                assert 0 < part.weight <= 100
                assert part.is_picture or terms(part.text)


# Files of the library -----------------------------------------------------------------


def config(data: bytes) -> None:
    """A settings file is read or refused, and a setting kept in it leaves the rest as it was."""
    path = _written("config.toml", data)
    with _refusals(UsageError):
        before = settings.read({}, library=path.parent, environment={})
        written = (f"{name} = {json_text(value)}" for name, value in _named(before).items())
        _written("config.toml", "\n".join(written).encode())
        assert settings.read({}, library=path.parent, environment={}) == before
    path.write_bytes(data)
    try:
        settings.keep(path.parent, "min_score", 0.25)
    except (UsageError, OutputError):
        assert path.read_bytes() == data
        return
    with _refusals(UsageError):
        after = settings.read({}, library=path.parent, environment={})
        assert after.min_score == 0.25
        path.write_bytes(data)
        with _refusals(UsageError):  # what is kept may mend what was out of its range
            before = settings.read({}, library=path.parent, environment={})
            assert replace(before, min_score=0.25) == after


def _named(one: settings.Settings) -> dict[str, Any]:
    return dict(zip(one.__dataclass_fields__, astuple(one), strict=True))


def snapshot(data: bytes) -> None:
    """A snapshot is read where it is what was written, to the last byte, and else refused."""
    leaf, content = _choose(data, 3)
    (_as_it_is, _sealed, _damaged)[leaf](content)


_DIM = 3
_OF = "frame.0123456789abcdef.0.000000000003.flat"
"""What a snapshot's digest has it be of."""


def _as_it_is(content: bytes) -> None:
    path = _written("vectors.0", content)
    for kind in (np.float16, np.float32):
        with _refusals(LibraryError):
            ids, vectors = _snapshot.read(path, _DIM, kind, _OF)
            assert vectors.shape == (len(ids), _DIM)
            again = path.with_name("vectors.1")
            _snapshot.write(again, ids, vectors, _OF)
            assert again.read_bytes() == content


def _sealed(content: bytes) -> None:
    """As it is, but with the digest that it would need: the other checks are to find it out."""
    facts, rest = content[:32].ljust(32, b"\0"), content[32:]
    count = struct.unpack("<Q", facts[-8:])[0]
    whole, vectors_at = np.frombuffer(rest, np.uint8), 8 * min(count, len(rest) // 8)
    digest = _snapshot.digest_of(_OF, facts, whole[:vectors_at], whole[vectors_at:])
    _as_it_is(facts + digest + rest)


def _damaged(content: bytes) -> None:
    """What is written and read back; then with one of its words changed, which is found out."""
    word, place = struct.unpack("<QH", content[:10].ljust(10, b"\0"))
    count = len(rest := content[10:]) // 20
    ids = np.frombuffer(rest, "<i8", count)
    vectors = np.frombuffer(rest, "<f4", count * _DIM, 8 * count).reshape(count, _DIM)
    path = _folder() / "vectors.0"
    _snapshot.write(path, ids, vectors, _OF)
    read_ids, read_vectors = _snapshot.read(path, _DIM, np.float32, _OF)
    assert (read_ids.tobytes(), read_vectors.tobytes()) == (ids.tobytes(), vectors.tobytes())
    held = path.read_bytes()
    at = place % len(held) // 8 * 8
    changed = bytes(a ^ b for a, b in zip(held[at : at + 8], struct.pack("<Q", word), strict=False))
    if changed == held[at : at + 8]:
        return
    path.write_bytes(held[:at] + changed + held[at + 8 :])
    try:
        _snapshot.read(path, _DIM, np.float32, _OF)
    except LibraryError:
        return
    raise AssertionError(f"the change at byte {at} was not found out")


# Options ------------------------------------------------------------------------------


def times(data: bytes) -> None:
    """Times, lengths, rates and timecodes are exact, finite and come back from their text."""
    leaf, content = _choose(data, 6)
    (_time, _length, _margins, _rate, _timecode, _sizes)[leaf](_text(content))


def _time(text: str) -> None:
    with _refusals(UsageError):
        time_us = parse_time(text)
        assert 0 <= time_us <= LAST_US
        assert parse_time(format_time(time_us)) == time_us // 1000 * 1000
    with _refusals(UsageError):
        name, time_us = options.moment_of(text)
        assert name
        assert 0 <= time_us <= LAST_US


def _length(text: str) -> None:
    with _refusals(UsageError):
        assert 0 <= options.length("--max-length", text) <= LAST_US
    shortest, _, longest = text.partition("-")
    with _refusals(UsageError):
        bounds = options.lengths(shortest, longest)
        assert 0 < bounds.shortest_us <= bounds.longest_us <= LAST_US


def _margins(text: str) -> None:
    with _refusals(UsageError):
        assert all(abs(time_us) <= LAST_US for time_us in options.margins(text))
    with _refusals(UsageError):
        right, wrong = options.ranks(text)
        assert not set(right) & set(wrong)
        assert all(rank > 0 for rank in (*right, *wrong))


def _rate(text: str) -> None:
    for read in (editing.parse_rate, finish.parse_rate):
        with _refusals(UsageError):
            rate = read(text)
            assert 1 <= rate <= 1000
            for frame in (0, 1, 107_892, 10**7):
                assert frames.frames(frames.microseconds(frame, rate), rate) == frame
            standard = frames.standard(rate)
            assert standard == frames.standard(standard)
            assert frames.nominal(standard) >= 1


def _timecode(text: str) -> None:
    for rate in (Fraction(24_000, 1001), Fraction(25), Fraction(30_000, 1001), Fraction(60)):
        try:
            frame = frames.label_frames(text, rate)
        except ValueError:
            assert not frames.drops(text)
            continue
        drop = frames.drops(text) and frames.can_drop(rate)
        label = frames.timecode(frame, rate, drop=drop)
        day = 24 * frames.label_frames("01:00:00" + (";00" if drop else ":00"), rate)
        assert frames.label_frames(label, rate) == frame % day


def _sizes(text: str) -> None:
    with _refusals(UsageError):
        width_px, height_px = editing.parse_size(text)
        assert all(16 <= side <= 16_384 and side % 2 == 0 for side in (width_px, height_px))
        size = finish.parse_size(text)
        assert (size.width_px, size.height_px) == (width_px, height_px)
    with _refusals(UsageError):
        finish.parse_size(text)


def moments(data: bytes) -> None:
    """Lines of moments have a file, a span and finite facts, and say the same when rewritten."""
    with _refusals(UsageError):
        found = list(editing.moments_of(data.split(b"\n")))
        for said in found:
            assert said.source.is_absolute()
            assert 0 <= said.span.start < said.span.end <= LAST_US
            assert said.score is None or math.isfinite(said.score)
            assert said.rank is None or isinstance(said.rank, int)
            assert said.query == " ".join(said.query.split())
            assert said.modality is None or isinstance(said.modality, str)
            line = json_text(said.facts)
            assert repr(list(editing.moments_of([line.encode()]))) == repr([said])
            assert os.fsencode(said.source)


def plans(data: bytes) -> None:
    """A script's plan is read as vidcut writes it, with numbers that can be, or is refused."""
    video = Video(1, "clip.mp4", 1, 60 * SECOND_US, None, "ok")
    with _refusals(UsageError):
        planned = manifest.read(data, lambda path: (video, "/v/clip.mp4") if path else None)
        assert manifest.is_manifest(data)
        for one in planned:
            assert 0 <= one.slot.duration_us <= LAST_US
            for shown in (one.proposal, *one.alternates):
                if shown is not None:
                    assert 0 <= shown.span.start <= shown.span.end <= video.duration_us
                    assert math.isfinite(shown.score)
                    assert all(math.isfinite(hit.score) for hit in shown.evidence)
        text = manifest.written(Plan("film", planned), {})
        again = manifest.read(text.encode(), lambda _: (video, "/v/clip.mp4"))
        assert manifest.written(Plan("film", again), {}) == text


def labels(data: bytes) -> None:
    """Labelled queries are read, each once and with spans that can be, or are refused."""
    with _refusals(UsageError):
        found = truth.read(data.decode("utf-8", "replace").split("\n"))
        assert found
        assert len({one.id for one in found}) == len(found)
        for one in found:
            assert one.query.strip()
            assert one.half in set(truth.Half)
            assert all(0 <= span.start < span.end <= LAST_US for _, span in one.relevant)


def templates(data: bytes) -> None:
    """A template names a clip below its folder that every file system takes, or is refused.

    Its three lines are the template, a query, and the name of a film.
    """
    template, query, stem = [*_text(data).split("\n", 2), "", ""][:3]
    facts: dict[str, Fact] = {
        "rank": 1, "n": 12, "query": query, "stem": stem, "start": 0.5, "end": 75.25, "score": 0.5,
    }  # fmt: skip
    with _refusals(UsageError):
        _check_name(cutting.named(template, facts, ".mp4"))
    with _refusals(UsageError):
        _, named = options.place(template)
        if named is not None:
            _check_name(cutting.named(named, facts | {"modality": "frame"}, ".m4a"))


def _check_name(path: Path) -> None:
    assert not path.is_absolute()
    assert path.suffix.lower() in {".mp4", ".m4v", ".mov", ".m4a", ".mkv", ".mka"}
    assert len(path.stem) > 0
    for part in path.parts:
        assert part not in {"", ".", ".."}
        assert len(part.encode()) <= cutting.NAME_BYTES
        assert not set(part) & set('<>:"/\\|?*')
        assert not any(is_shapeless(char) and char not in JOINERS for char in part)
        assert part[0] not in "-. "


_DOORS = subtitles, scripts, queries, config, snapshot, times, moments, plans, labels, templates
TARGETS: dict[str, Callable[[bytes], None]] = {door.__name__: door for door in _DOORS}
"""Every oracle by its name, which is that of its seeds' folder."""
