"""Lines of text on single pictures to texts that stay on screen for a while."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from vidcut.records import Span

_SAME_TEXT = 0.75
"""Share of characters that two readings of one line have in common."""
_SAME_PLACE = 0.3
_TOGETHER = 0.6
"""Share of their time that lines of one title have in common."""
_BRIDGED = 1
"""Samples on which a line may be missed between two on which it is read."""


@dataclass(frozen=True, slots=True)
class Box:
    """Upright, as shares of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        """As a share of the picture."""
        return (self.right - self.left) * (self.bottom - self.top)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0…1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        common = max(0.0, width) * max(0.0, height)
        union = self.area + other.area - common
        return common / union if union > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on one picture."""

    box: Box
    text: str
    confidence: float


@dataclass(slots=True)
class Track:
    """A line that stays: the samples ``first`` to ``last``, and its best reading."""

    best: Line
    first: int
    last: int
    latest: Line = field(init=False)

    def __post_init__(self) -> None:
        self.latest = self.best

    def follow(self, line: Line, at: int) -> None:
        """Take another sight of the line."""
        self.last, self.latest = at, line
        if line.confidence > self.best.confidence:
            self.best = line

    def shared(self, other: Track) -> float:
        """The share of the samples of both on which both are seen."""
        common = min(self.last, other.last) - max(self.first, other.first) + 1
        either = max(self.last, other.last) - min(self.first, other.first) + 1
        return max(0, common) / either


def texts(shown: Sequence[Sequence[Line]], spans: Sequence[Span]) -> Iterator[tuple[Span, str]]:
    """What is written, and while when.

    Lines that come and go together make one text, in reading order; one that stays while
    others come and go, as a watermark does, is a text of its own.

    Args:
        shown: the lines of each sample.
        spans: what each sample stands for.
    """
    groups: list[list[Track]] = []
    for track in tracks(shown):
        group = next((g for g in groups if g[0].shared(track) >= _TOGETHER), None)
        if group is None:
            groups.append([track])
        else:
            group.append(track)
    for group in groups:
        first = min(track.first for track in group)
        last = max(track.last for track in group)
        yield spans[first].hull(spans[last]), _in_order([track.best for track in group])


def tracks(shown: Sequence[Sequence[Line]]) -> list[Track]:
    """The lines, each followed from sample to sample; in order of time."""
    done: list[Track] = []
    live: list[Track] = []
    for at, lines in enumerate(shown):
        done += [track for track in live if track.last < at - 1 - _BRIDGED]
        live = [track for track in live if track.last >= at - 1 - _BRIDGED]
        free = list(live)
        for line in lines:
            likeness = {id(track): _likeness(track.latest, line) for track in free}
            track = max(free, key=lambda track: likeness[id(track)], default=None)
            if track is not None and likeness[id(track)] > 0:
                free.remove(track)
                track.follow(line, at)
            else:
                live.append(Track(line, at, at))
    return sorted(done + live, key=lambda track: (track.first, track.last))


def _likeness(before: Line, now: Line) -> float:
    """More than 0 where they are sights of one line."""
    one, other = plain(before.text), plain(now.text)
    place = before.box.iou(now.box)
    if one == other:
        return 1 + place
    alike = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return alike if alike >= _SAME_TEXT and place >= _SAME_PLACE else 0.0


def plain(text: str) -> str:
    """Letters and digits alone, in lower case: what readings of one line agree on."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def _in_order(lines: Iterable[Line]) -> str:
    """Rows from the top, each from the left; rows are parted by line breaks."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box.top + line.box.bottom) / 2):
        middle = (line.box.top + line.box.bottom) / 2
        if rows and middle < rows[-1][0].box.bottom:
            rows[-1].append(line)
        else:
            rows.append([line])
    return "\n".join(
        " ".join(line.text for line in sorted(row, key=lambda line: line.box.left)) for row in rows
    )
