"""Moments → an edit: takes in their order, and the rate and size of the film. Pure.

What `vidcut search --json` writes is read back here: one JSON object a line, with ``path``,
``start`` and ``end`` in seconds, and perhaps ``query``, ``evidence`` and ``indexed``.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcut.errors import MediaError, UsageError
from vidcut.records import SECOND_US, Edit, Failure, Span, Take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vidcut.records import Gap, Media, Moment, PictureTrack

RATES = (
    Fraction(24_000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30_000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60_000, 1001),
    Fraction(60),
)
"""Frames a second that every editor knows: SMPTE ST 12-1's, and twice those."""
_SOUND_RATE = Fraction(25)
"""Of an edit without a picture, where it only says how finely times are told."""
_SOUND_SIZE = (1920, 1080)
_SLOWEST, _FASTEST = Fraction(1), Fraction(240)
_LEAST_PX, _MOST_PX = 16, 16_384
_NEARLY = Fraction(1, 100)
"""How far 23.98 or 29.97 may be from the rate that it is short for."""
_MOST_SECONDS = 10**9
"""Some 30 years: what is longer is no time in a film."""
_NANOSECONDS = re.compile(r"-?[0-9]{1,20}")
_VERBS = {"frame": "seen", "asr": "said", "ocr": "written"}
_WANTED = 'an object with "path", "start" and "end", as vidcut search --json writes'


def edit_of(
    items: Iterable[Take | Gap],
    name: str,
    *,
    rate: Fraction | None = None,
    size: tuple[int, int] | None = None,
) -> Edit:
    """The edit of takes in their order; rate and size where they are not given.

    The rate is the one that most of the takes' time has, rounded to one of `RATES`; the size
    is the one that most of the time has among takes of the commonest shape (wide, tall or
    square), upright, in even pixels. Of equals the larger.
    """
    items = tuple(items)
    takes = [item for item in items if isinstance(item, Take)]
    width, height = size or _common_size(takes)
    return Edit(name, items, rate or _common_rate(takes), width, height)


def take_of(moment: Moment, source: Path, *, title: str) -> Take:
    """What goes into an edit of a moment; ``source`` is where its video lies.

    Raises:
        MediaError: nobody knows what the video holds.
    """
    media = moment.video.media
    if media is None:
        fact = f"{source} could not be read when it was indexed"
        raise MediaError(f"{fact}; 'vidcut index' says why")
    texts = ((hit.chunk.modality, hit.chunk.text or "") for hit in moment.evidence)
    return _take(source, moment.span, media, title=title, note=_note(texts))


@dataclass(frozen=True, slots=True)
class Said:
    """What one of search's JSON lines says of a moment."""

    source: Path
    span: Span
    facts: dict[str, Any]
    """All of the line."""

    @property
    def query(self) -> str:
        """What found it; empty where nobody says."""
        return _text(self.facts.get("query"))

    @property
    def rank(self) -> int | None:
        """Which of the query's answers it is."""
        rank = self.facts.get("rank")
        return rank if isinstance(rank, int) and not isinstance(rank, bool) else None

    @property
    def score(self) -> float | None:
        """How well it answers."""
        score = self.facts.get("score")
        if isinstance(score, bool) or not isinstance(score, int | float):
            return None
        try:
            return float(score) if math.isfinite(score) else None
        except OverflowError:  # JSON's whole numbers have no end
            return None

    @property
    def stamp(self) -> tuple[int, int] | None:
        """Size and time of change, in ns, of the file that was indexed; None where not said."""
        indexed = self.facts.get("indexed")
        said = indexed if isinstance(indexed, dict) else {}
        size, mtime = said.get("bytes"), said.get("mtime_ns")
        if isinstance(size, bool) or not isinstance(size, int) or not isinstance(mtime, str):
            return None
        return (size, int(mtime)) if _NANOSECONDS.fullmatch(mtime) else None

    @property
    def modality(self) -> str | None:
        """Whether it is seen, said or written."""
        return next((modality for modality, _ in _evidence(self.facts)), None)


def moments_of(lines: Iterable[bytes]) -> Iterator[Said]:
    """What search's JSON lines say; empty lines say nothing.

    Raises:
        UsageError: a line is no moment.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            facts = _said(line)
            yield Said(*_place(facts), facts)
        except UsageError as error:
            raise UsageError(f"line {number} of the moments: {error}") from error


def takes_of(
    moments: Iterable[Said], probe: Callable[[Path], Media]
) -> Iterator[tuple[Said, Take | Failure]]:
    """The moments with their takes; a file is probed once, and one that is gone fails alone."""
    known: dict[Path, Media | MediaError] = {}
    for said in moments:
        source = said.source
        if source not in known:
            known[source] = _probed(source, probe)
        media, note = known[source], _note(_evidence(said.facts))
        try:
            if isinstance(media, MediaError):
                raise media
            yield said, _take(source, said.span, media, title=said.query, note=note)
        except MediaError as error:
            yield said, Failure(str(source), str(error))


def parse_rate(text: str) -> Fraction:
    """Frames a second: ``25``, ``29.97`` (which is 30000/1001) or ``30000/1001``.

    Raises:
        UsageError: it is no rate between 1 and 240.
    """
    match = re.fullmatch(r"([0-9]{1,7})(?:/([1-9][0-9]{0,6})|(\.[0-9]{1,6}))?", text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no rate; write 25, 29.97 or 30000/1001")
    rate = Fraction(int(match[1]), int(match[2] or 1)) + Fraction(match[3] or 0)
    if not _SLOWEST <= rate <= _FASTEST:
        raise UsageError(f"{text!r} is no rate of a film; give 1 to 240 frames a second")
    if match[3] is None:
        return rate
    return next((one for one in RATES if abs(one - rate) < _NEARLY), rate)


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of ``1920x1080``, in pixels.

    Raises:
        UsageError: it is no size, is odd, or has less than 16 or more than 16384 pixels.
    """
    match = re.fullmatch(r"([0-9]{1,6})[x×]([0-9]{1,6})", text.strip().lower())
    if match is None:
        raise UsageError(f"{text!r} is no size; write 1920x1080")
    width, height = int(match[1]), int(match[2])
    if not all(_LEAST_PX <= side <= _MOST_PX and side % 2 == 0 for side in (width, height)):
        limits = f"even numbers from {_LEAST_PX} to {_MOST_PX}"
        raise UsageError(f"{text!r} is no size of a film; both sides are {limits}")
    return width, height


# The film's rate and size --------------------------------------------------------------


def _common_rate(takes: Sequence[Take]) -> Fraction:
    weights: Counter[Fraction] = Counter()
    for picture, span in _pictures(takes):
        if picture.rate is not None and picture.rate > 0:
            weights[_standard(picture.rate)] += span.duration
    return max(weights, key=lambda rate: (weights[rate], rate), default=_SOUND_RATE)


def _standard(rate: Fraction) -> Fraction:
    """The nearest of `RATES`; 15 is shown twice, of 120 every second is."""
    while rate < RATES[0] - 1:
        rate *= 2
    while rate > RATES[-1] + 1:
        rate /= 2
    return min(RATES, key=lambda one: max(one / rate, rate / one))


def _common_size(takes: Sequence[Take]) -> tuple[int, int]:
    shapes: Counter[int] = Counter()
    sizes: Counter[tuple[int, int]] = Counter()
    for picture, span in _pictures(takes):
        width, height = _even(picture.width), _even(picture.height)
        shapes[_shape(width, height)] += span.duration
        sizes[width, height] += span.duration
    if not sizes:
        return _SOUND_SIZE
    shape = max(shapes, key=lambda one: (shapes[one], one))
    alike = [size for size in sizes if _shape(*size) == shape]
    return max(alike, key=lambda size: (sizes[size], size[0] * size[1], size))


def _even(side_px: int) -> int:
    # Most encoders halve the colours' sides.
    return max(side_px - side_px % 2, _LEAST_PX)


def _shape(width: int, height: int) -> int:
    """1 for wide, 0 for square, -1 for tall."""
    return (width > height) - (width < height)


def _pictures(takes: Sequence[Take]) -> Iterator[tuple[PictureTrack, Span]]:
    return ((take.media.picture, take.span) for take in takes if take.media.picture is not None)


# One line ------------------------------------------------------------------------------


def _said(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"it is no JSON; give {_WANTED}") from error
    if not isinstance(said, dict):
        raise UsageError(f"it is no object; give {_WANTED}")
    missing = [key for key in ("path", "start", "end") if said.get(key) is None]
    if missing:
        raise UsageError(f"{missing[0]!r} is missing; give {_WANTED}")
    return said


def _place(said: dict[str, Any]) -> tuple[Path, Span]:
    path = said["path"]
    if not isinstance(path, str) or not path or not _names_a_file(path):
        raise UsageError(f'"path" is no file\'s name; give {_WANTED}')
    start, end = _time(said, "start"), _time(said, "end")
    if end <= start:
        raise UsageError("its end is not after its start; give the later time as the end")
    return Path(path).absolute(), Span(start, end)


def _names_a_file(path: str) -> bool:
    """Whether a file system could have it: JSON holds surrogates that stand for no byte."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _time(said: dict[str, Any], key: str) -> int:
    seconds = said[key]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise UsageError(f"{key!r} is no number of seconds; give e.g. 75.5")
    if abs(seconds) > _MOST_SECONDS or not math.isfinite(seconds):
        raise UsageError(f"{key!r} is no time of a film; give seconds, e.g. 75.5")
    if seconds < 0:
        raise UsageError(f"{key!r} is before the film begins; give 0 or more")
    return round(seconds * SECOND_US)


def _probed(source: Path, probe: Callable[[Path], Media]) -> Media | MediaError:
    if not source.is_file():
        fact = f"{source} is not there or no file"
        return MediaError(f"{fact}; where it was moved, 'vidcut index FOLDER' recognises it")
    try:
        return probe(source)
    except MediaError as error:
        return error


def _take(source: Path, span: Span, media: Media, *, title: str, note: str) -> Take:
    # A duration that nobody knows (0) limits nothing.
    if 0 < media.duration_us <= span.start:
        lasts, begins = media.duration_us / SECOND_US, span.start / SECOND_US
        fact = f"{source} lasts {lasts:.3f} s, and the moment begins at {begins:.3f} s"
        raise MediaError(f"{fact}; 'vidcut index' looks at it again")
    end = min(span.end, media.duration_us) if media.duration_us > 0 else span.end
    return Take(str(source), Span(span.start, end), media, title, note)


def _evidence(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    listed = said.get("evidence")
    for hit in listed if isinstance(listed, list) else ():
        if isinstance(hit, dict):
            yield _text(hit.get("modality")), _text(hit.get("text"))


def _note(texts: Iterable[tuple[str, str]]) -> str:
    """What is seen, said and written, each thing once."""
    told = (f"{_VERBS.get(modality, modality)}: {text}" for modality, text in texts if text)
    return "; ".join(dict.fromkeys(told))


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
