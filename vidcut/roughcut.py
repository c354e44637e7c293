"""A script's plan: what each slot shows, and the edit that comes of it (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from vidcut.editing import edit_of
from vidcut.records import SECOND_US, Gap, Take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidcut.records import Edit, Span, Video
    from vidcut.story import Slot

_LEAST_GAP_US = SECOND_US // 10
"""So much of a slot may be missing without anyone filling it."""
_VERBS = {"frame": "seen", "asr": "said", "ocr": "written"}


class Status(StrEnum):
    """How a slot came by what it shows."""

    FOUND = "found"
    KEPT = "kept"
    """As in the run before."""
    LOCKED = "locked"
    """As the user said."""
    GAP = "gap"
    """It shows nothing: nothing fits."""


class Gaps(StrEnum):
    """What becomes of slots that nothing fits."""

    BLACK = "black"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a stretch fits."""

    modality: str
    text: str
    score: float
    span: Span

    def __str__(self) -> str:
        verb = _VERBS.get(self.modality, self.modality)
        return f"{verb}: {self.text}" if self.text else verb


@dataclass(frozen=True, slots=True)
class Proposal:
    """A stretch that may fill a slot."""

    video: Video
    source: str
    """The video's file, an absolute path."""
    moment: Span
    """What was found."""
    span: Span
    """What is taken of it, or around it, for the slot."""
    score: float
    evidence: tuple[Evidence, ...] = ()
    """Best first."""

    def overlaps(self, other: Proposal) -> bool:
        """Whether both show the same."""
        return self.video.id == other.video.id and self.span.overlap(other.span) > 0


@dataclass(frozen=True, slots=True)
class Planned:
    """A slot, what it shows, and what it could show instead, best first."""

    slot: Slot
    status: Status
    proposal: Proposal | None = None
    alternates: tuple[Proposal, ...] = ()

    @property
    def short_us(self) -> int:
        """How much of the slot stays unfilled."""
        filled_us = self.proposal.span.duration if self.proposal else 0
        return max(0, self.slot.duration_us - filled_us)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a film of a script is to be, slot by slot."""

    name: str
    planned: tuple[Planned, ...]

    @property
    def gaps(self) -> tuple[Planned, ...]:
        """The slots that nothing fits."""
        return tuple(one for one in self.planned if one.proposal is None)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the film; ``slot`` is the number of what it shows, None between slots."""

    at_us: int
    slot: int | None
    item: Take | Gap


def pieces(plan: Plan, gaps: Gaps) -> Iterator[Piece]:
    """The film from its beginning.

    With times of its own a film keeps them: it is black where nothing fills it, unless gaps
    are to be skipped.
    """
    at_us = 0
    for one in plan.planned:
        slot = one.slot
        if gaps is Gaps.BLACK and slot.start_us is not None and slot.start_us > at_us:
            yield Piece(at_us, None, Gap(slot.start_us - at_us))
            at_us = slot.start_us
        if one.proposal is not None:
            yield Piece(at_us, slot.number, _take(slot, one.proposal))
            at_us += one.proposal.span.duration
            is_left_black = slot.start_us is not None and one.short_us >= _LEAST_GAP_US
        else:
            is_left_black = True
        if is_left_black and gaps is Gaps.BLACK:
            yield Piece(at_us, slot.number, Gap(one.short_us, slot.text))
            at_us += one.short_us


def starts_us(plan: Plan, gaps: Gaps) -> dict[int, int]:
    """Slot → when it begins in the film; those that are skipped are left out."""
    found: dict[int, int] = {}
    for piece in pieces(plan, gaps):
        if piece.slot is not None:
            found.setdefault(piece.slot, piece.at_us)
    return found


def edit(plan: Plan, gaps: Gaps) -> Edit:
    """The film as an edit, its rate and size as most of its takes have them."""
    return edit_of((piece.item for piece in pieces(plan, gaps)), plan.name)


def _take(slot: Slot, proposal: Proposal) -> Take:
    media = proposal.video.media
    if media is None:
        raise ValueError(f"{proposal.video.path} was proposed, and nobody knows what it holds")
    note = "; ".join(str(one) for one in proposal.evidence)
    return Take(proposal.source, proposal.span, media, slot.text, note)
