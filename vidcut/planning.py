"""A script and a library to a plan: search for every slot, then one choice for the whole film."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from vidcut import assignment, fitting, ledger
from vidcut.assignment import Choice
from vidcut.errors import UsageError
from vidcut.ledger import Used
from vidcut.query import parse
from vidcut.records import SECOND_US, Span
from vidcut.roughcut import Evidence, Plan, Planned, Proposal, Status
from vidcut.story import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from vidcut.facade import Library
    from vidcut.records import Moment, Video
    from vidcut.story import Slot

_CANDIDATES = 20
"""Moments looked at for a slot, and one more for every other slot that asks the same."""
_ALTERNATES = 5
_SHORT = 0.5
"""What it costs to fill nothing of a slot, in proportion, beside a score's 0…1."""
_ASIDE = 0.1
"""What it costs to take a part of a moment beside the one that answers best; by judgement, as
are the other prices that no benchmark is named for."""
_AROUND_US = 30 * SECOND_US
"""How far from a moment sentences matter: longer than any slot."""
_SAID = "asr"


@dataclass(frozen=True, slots=True)
class Wish:
    """How a script is to be filled."""

    modalities: tuple[str, ...] = ()
    """Only what is seen, said or written; empty for all."""
    video: str | None = None
    """Only videos whose name or path matches this glob."""
    min_score: float | None = None
    per_video: int | None = None
    """At most so many slots from one video."""
    used: Used = Used.ALSO
    """Whether what was used already is found; what is locked or kept is shown all the same."""
    locks: Mapping[int, tuple[str, Span]] = field(default_factory=dict)
    """Slot → the video and the stretch of it that the slot is to show."""
    before: tuple[Planned, ...] = ()
    """What was planned before: what has not changed is kept."""


def plan(library: Library, name: str, slots: Sequence[Slot], wish: Wish, sources: Sources) -> Plan:
    """What each slot shows.

    Raises:
        UsageError: a lock names no slot, no video, or no time of it.
        LibraryError: the library cannot be used.
    """
    desk = _Desk(library, wish, sources)
    held = {number - 1: desk.locked(slots, number) for number in wish.locks}
    locked = [one.proposal for one in held.values() if one.proposal is not None]
    for place, kept in desk.kept(slots):
        if place not in held and not _is_in_the_way(kept, locked):
            held[place] = kept
    offers = desk.offers(slot for place, slot in enumerate(slots) if place not in held)
    rows = [offers.get(slot.number, []) for slot in slots]
    found = assignment.assign(
        [[_choice(slot, one) for one in row] for slot, row in zip(slots, rows, strict=True)],
        fixed={
            place: _choice(one.slot, one.proposal)
            for place, one in held.items()
            if one.proposal is not None
        },
        per_video=wish.per_video,
    )
    planned = [
        held[place] if place in held else _planned(slot, rows[place], found[place])
        for place, slot in enumerate(slots)
    ]
    return Plan(name, tuple(_with_free_alternates(planned)))


class Sources:
    """The library's videos that a film can be made of, by their paths in it."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: dict[int, Path | None] = {}
        self.gone: list[Video] = []
        """Those whose files were looked for and not found."""

    def find(self, path: str) -> tuple[Video, str] | None:
        """The video of this path and its file; None where there is none, or none to be shown."""
        video = self._library.holdings.catalog.video_at(path)
        source = self.source(video) if video is not None else None
        return (video, source) if video is not None and source is not None else None

    def source(self, video: Video) -> str | None:
        """The video's file; None where it has no pictures or is gone."""
        if video.id not in self._known:
            path = self._library.path(video)
            has_pictures = video.media is not None and video.media.picture is not None
            is_there = path.is_file()
            self._known[video.id] = path if has_pictures and is_there else None
            self.gone += [] if is_there else [video]
        found = self._known[video.id]
        return str(found) if found is not None else None


class _Desk:
    """Looks up in the library what a plan needs; everything once."""

    def __init__(self, library: Library, wish: Wish, sources: Sources) -> None:
        self._library = library
        self._wish = wish
        self._sources = sources
        self._shots: dict[int, list[Span]] = {}
        self._found: dict[tuple[str, int], list[Moment]] = {}
        uses = library.holdings.catalog.uses
        self._used = uses.spans() if wish.used is Used.EXCLUDED else {}

    # What is given ---------------------------------------------------------------------

    def locked(self, slots: Sequence[Slot], number: int) -> Planned:
        """The slot with what the user wants there."""
        name, span = self._wish.locks[number]
        if not 1 <= number <= len(slots):
            raise UsageError(f"--lock {number}=…: the script has {len(slots)} slots")
        slot, video = slots[number - 1], self._library.find(name)
        source = self._sources.source(video)
        if source is None:
            raise UsageError(f"--lock {number}: {video.path} is gone, or has no pictures")
        if not 0 <= span.start < span.end <= video.duration_us:
            fact = f"{video.path} lasts {video.duration_us / SECOND_US:.3f} s"
            raise UsageError(f"--lock {number}: {fact}; give a stretch of that")
        if slot.start_us is not None:  # what comes after keeps its time
            span = Span(span.start, min(span.end, span.start + slot.duration_us))
        return Planned(slot, Status.LOCKED, Proposal(video, source, span, span, 1.0))

    def kept(self, slots: Sequence[Slot]) -> Iterator[tuple[int, Planned]]:
        """What slots of the same text showed before; only their length may have changed."""
        before: defaultdict[str, list[Planned]] = defaultdict(list)
        for one in reversed(self._wish.before):
            before[one.slot.text].append(one)
        for place, slot in enumerate(slots):
            old = before[slot.text].pop() if before[slot.text] else None
            if old is None or old.proposal is None:
                continue
            if old.slot.duration_us == slot.duration_us or old.status is Status.LOCKED:
                yield place, replace(old, slot=slot, status=Status.KEPT)
                continue
            alternates = tuple(self._fitted(slot, one)[0] for one in old.alternates)
            shown = self._fitted(slot, old.proposal)[0]
            yield place, Planned(slot, Status.KEPT, shown, alternates)

    # What is found ---------------------------------------------------------------------

    def offers(self, slots: Iterable[Slot]) -> dict[int, list[Proposal]]:
        """Slot's number → what may fill it, best first."""
        slots = list(slots)
        alike = Counter(slot.query for slot in slots)
        return {slot.number: self._offers(slot, alike[slot.query]) for slot in slots}

    def _offers(self, slot: Slot, asked: int) -> list[Proposal]:
        proposals = []
        for moment in self._search(slot, _CANDIDATES + asked - 1):
            source = self._sources.source(moment.video)
            if source is not None:
                evidence = tuple(
                    Evidence(
                        hit.chunk.modality, hit.chunk.text or "", hit.confidence, hit.chunk.span
                    )
                    for hit in moment.evidence
                )
                whole = Proposal(
                    moment.video, source, moment.span, moment.span, moment.score, evidence
                )
                proposals += self._fitted(slot, whole, used=self._used.get(moment.video.id, ()))
        return proposals

    def _search(self, slot: Slot, count: int) -> list[Moment]:
        """The slot's moments; what is quoted in plain prose need not be there word for word."""
        if not slot.query:
            return []
        try:
            found = self._searched(slot.query, count)
        except UsageError as error:
            raise UsageError(f"line {slot.number}: {error}") from error
        if not found and _is_only_quoted(slot.query) and plain(slot.query):
            found = self._searched(plain(slot.query), count)
        return found

    def _searched(self, words: str, count: int) -> list[Moment]:
        if (words, count) not in self._found:
            self._found[words, count] = self._library.search(
                words,
                count=count,
                modalities=self._wish.modalities,
                video=self._wish.video,
                min_score=self._wish.min_score,
                used=self._wish.used,
            )
        return self._found[words, count]

    def _fitted(self, slot: Slot, proposal: Proposal, used: Iterable[Span] = ()) -> list[Proposal]:
        """The proposal, brought to the slot's length out of what was not used; best first."""
        video, moment = proposal.video, proposal.moment
        best = proposal.evidence[0] if proposal.evidence else None
        core = best.span.clamp(moment) if best is not None else moment
        near = Span(max(0, moment.start - _AROUND_US), moment.end + _AROUND_US)
        is_said = best is not None and best.modality == _SAID
        said = self._library.holdings.catalog.nearby.spans(video.id, _SAID, near) if is_said else []
        footage = fitting.Footage(moment, core, self._shot(video, core.middle), said)
        if used:
            free = ledger.left(Span(0, max(video.duration_us, moment.end)), used)
            room = max(free, key=core.overlap, default=Span(0, 0))
            if not core.overlap(room):
                return []
            footage = footage.within(room)
        is_timed = slot.start_us is not None
        spans = fitting.fitted(footage, slot.duration_us, is_timed=is_timed)
        return [replace(proposal, span=span) for span in spans]

    def _shot(self, video: Video, time_us: int) -> Span:
        if video.id not in self._shots:
            shots = [shot.span for shot in self._library.shots(video)]
            self._shots[video.id] = shots or [Span(0, video.duration_us)]
        shots = self._shots[video.id]
        return shots[max(0, bisect_right(shots, time_us, key=lambda shot: shot.start) - 1)]


def _is_only_quoted(query: str) -> bool:
    """Whether words of it are asked for word for word, and none to be away."""
    steps = parse(query).steps
    is_exact = any(term.is_exact for step in steps for term in step.wanted)
    return is_exact and not any(step.unwanted for step in steps)


def _is_in_the_way(planned: Planned, locked: Iterable[Proposal]) -> bool:
    kept = planned.proposal
    return kept is not None and any(kept.overlaps(one) for one in locked)


def _choice(slot: Slot, proposal: Proposal) -> Choice:
    missing_us = max(0, slot.duration_us - proposal.span.duration)
    cost = max(0.0, 1.0 - proposal.score) + _SHORT * missing_us / slot.duration_us
    best = proposal.evidence[0].span if proposal.evidence else proposal.span
    cost += _ASIDE if not proposal.span.overlap(best) else 0.0
    return Choice(proposal.video.id, proposal.span, cost)


def _planned(slot: Slot, offers: Sequence[Proposal], at: int | None) -> Planned:
    order = sorted(range(len(offers)), key=lambda i: _choice(slot, offers[i]).cost)
    alternates = tuple(offers[i] for i in order if i != at)
    if at is None:
        return Planned(slot, Status.GAP, None, alternates)
    return Planned(slot, Status.FOUND, offers[at], alternates)


def _with_free_alternates(planned: Sequence[Planned]) -> Iterator[Planned]:
    """With the first few of the alternates that show nothing that the film shows already."""
    taken: defaultdict[int, list[Proposal]] = defaultdict(list)
    for one in planned:
        if one.proposal is not None:
            taken[one.proposal.video.id].append(one.proposal)
    for one in planned:
        free = {
            (offer.video.id, offer.moment): offer
            for offer in reversed(one.alternates)
            if not any(offer.overlaps(other) for other in taken[offer.video.id])
        }
        alternates = tuple(islice(reversed(free.values()), _ALTERNATES))
        yield replace(one, alternates=alternates)
