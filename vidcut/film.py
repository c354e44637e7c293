"""Where each item of an edit lies in its film, in whole frames and samples (pure).

All that is decided here is counted in frames of the edit's rate, and sound in samples at
48 kHz of the same clock: whatever is joined, picture and sound cannot drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut.escaping import ffmetadata_value
from vidcut.frames import microseconds, placed
from vidcut.records import SECOND_US, Span, Take

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from fractions import Fraction

    from vidcut.frames import Placed
    from vidcut.records import Edit, Gap

SOUND_HZ = 48_000


class Fit(StrEnum):
    """What becomes of a picture that has another shape than the film."""

    PAD = "pad"
    """Whole, with black at its sides."""
    CROP = "crop"
    """As large as the film, without what lies outside."""


@dataclass(frozen=True, slots=True)
class Laid:
    """Where an item lies: frames of the film, half-open; neighbours overlap where they fade."""

    number: int
    """The item's place among those that were asked for, from 0."""
    item: Take | Gap
    start: int
    end: int
    fade_in: int = 0
    """Frames that it shares with the item before it."""
    fade_out: int = 0

    @property
    def frames(self) -> int:
        """How many it lasts, the shared ones with it."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames of one item, half-open, counted from its first."""

    number: int
    start: int
    end: int

    @property
    def frames(self) -> int:
        """How many they are."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Part:
    """What is encoded in one piece: an item alone, or two that fade into each other."""

    first: Stretch
    second: Stretch | None = None

    @property
    def frames(self) -> int:
        """How many it lasts."""
        return self.first.frames


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named stretch of a film."""

    span: Span
    title: str


@dataclass(frozen=True, slots=True)
class Film:
    """Items end to end, or overlapping by their fades."""

    rate: Fraction
    laid: tuple[Laid, ...]

    @property
    def frames(self) -> int:
        """How many it lasts."""
        return self.laid[-1].end if self.laid else 0

    @property
    def samples(self) -> int:
        """How many its sound has, a channel."""
        return sample(self.frames, self.rate)

    def parts(self) -> Iterator[Part]:
        """What it is joined of, in order, each frame once."""
        for place, one in enumerate(self.laid):
            yield Part(Stretch(one.number, one.fade_in, one.frames - one.fade_out))
            if one.fade_out:
                following = self.laid[place + 1]
                fading = Stretch(one.number, one.frames - one.fade_out, one.frames)
                yield Part(fading, Stretch(following.number, 0, one.fade_out))

    def span(self, one: Laid) -> Span:
        """An item's time in the film."""
        return Span(microseconds(one.start, self.rate), microseconds(one.end, self.rate))

    def chapters(self) -> tuple[Chapter, ...]:
        """One for each item, from where it is half faded in; named by it, else by its file."""
        starts = [one.start + one.fade_in // 2 for one in self.laid]
        return tuple(
            Chapter(
                Span(microseconds(start, self.rate), microseconds(end, self.rate)),
                title_of(one.item),
            )
            for one, start, end in zip(self.laid, starts, [*starts, self.frames][1:], strict=True)
        )


def lay(edit: Edit, *, fade_us: int = 0, without: Collection[int] = ()) -> Film:
    """Lay the items of an edit end to end, each as long whatever lies before it.

    Neighbours overlap by the fade, to the nearest frame, where both last longer than it twice;
    else there is a cut between them. ``without`` are the places of items to leave out.
    """
    kept = [(n, place) for n, place in _numbered(edit) if n not in without]
    fade = round(fade_us * edit.rate / SECOND_US)
    lengths = [place.frames for _, place in kept]
    fades = [0, *fades_of(lengths, fade), 0]
    laid: list[Laid] = []
    for place, (number, one) in enumerate(kept):
        start = laid[-1].end - fades[place] if laid else 0
        end = start + one.frames
        laid.append(Laid(number, one.item, start, end, fades[place], fades[place + 1]))
    return Film(edit.rate, tuple(laid))


def fades_of(lengths: Sequence[int], fade: int) -> list[int]:
    """By how much each item overlaps the next, one fewer than there are items; any unit."""
    return [fade if min(before, after) > 2 * fade else 0 for before, after in pairwise(lengths)]


def sample(frame: int, rate: Fraction) -> int:
    """The sample that is heard when a frame begins, to the nearest; half-way to the later."""
    divisor = 2 * rate.numerator
    return (2 * frame * SOUND_HZ * rate.denominator + rate.numerator) // divisor


def title_of(item: Take | Gap) -> str:
    """What an item is called; a take without a title by its file."""
    named = " ".join(item.title.split())
    return named or (Path(item.source).stem if isinstance(item, Take) else "")


def ffmetadata(film: Film, name: str) -> str:
    """The film's title and chapters as ffmpeg reads them."""
    lines = [";FFMETADATA1", f"title={ffmetadata_value(name)}"]
    for chapter in film.chapters():
        lines += ["[CHAPTER]", "TIMEBASE=1/1000000", f"START={chapter.span.start}"]
        lines += [f"END={chapter.span.end}", f"title={ffmetadata_value(chapter.title)}"]
    return "\n".join([*lines, ""])


def _numbered(edit: Edit) -> Iterator[tuple[int, Placed]]:
    places = iter(placed(edit))
    place = next(places, None)
    for number, item in enumerate(edit.items):
        if place is not None and place.item is item:
            yield number, place
            place = next(places, None)
