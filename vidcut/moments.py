"""Hits to the moments that answer best (pure).

Neighbouring hits of one modality are a run; a run, with what other modalities say of the same
stretch, is a candidate; of candidates that lie over one another the best is kept.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from vidcut.records import SECOND_US, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from vidcut.records import Hit, Moment, Video

_JOIN_GAP_US = {"asr": SECOND_US, "ocr": SECOND_US}
"""How far apart neighbouring hits of one modality may lie and still be one run."""
_JOIN_GAP_OTHERS_US = SECOND_US // 10
_JOIN_SHARE = 0.6
"""A neighbour joins a run when it is at least so confident as this share of its best."""
_LEAST_EVIDENCE = 0.2
"""What supports a moment with less than this says nothing about it."""

_MOST_CHAINS = 1_000
"""Of ``A >> B >> C`` so many go on after each step: more than anyone looks at."""


@dataclass(frozen=True, slots=True)
class Want:
    """One of the things that a query wants, as far as its moments are concerned."""

    weight: float = 1.0
    is_required: bool = False
    """Whether nothing is an answer without it."""


@dataclass(frozen=True)
class Run:
    """Neighbouring hits of one video in one modality that answer together, in order of time."""

    hits: tuple[Hit, ...]

    @cached_property
    def best(self) -> Hit:
        """The surest, the first of equals.

        The mean of the surest two or three lost two right answers of 28 at the first place
        (benchmarks/ranking.py): with frames a second apart, what is seen for a second is right
        as often as what is seen for long.
        """
        return max(self.hits, key=lambda hit: hit.confidence)

    @cached_property
    def span(self) -> Span:
        """From the first hit's start to the last end."""
        return Span(self.hits[0].chunk.span.start, max(hit.chunk.span.end for hit in self.hits))

    @property
    def modality(self) -> str:
        """Of all its hits."""
        return self.hits[0].chunk.modality


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run and what supports it."""

    video: Video
    run: Run
    """Gives the span."""
    evidence: tuple[Hit, ...]
    score: float
    free: Span | None = None
    """What of the video it may spread over; None for all."""
    chain: tuple[Candidate, ...] = ()
    """What it was joined from, where one thing is to follow another."""


def candidates(
    hits: Iterable[Hit],
    videos: Mapping[int, Video],
    wants: Sequence[Want],
    *,
    least: float,
    taken: Mapping[int, Sequence[Span]] = MappingProxyType({}),
) -> list[Candidate]:
    """What may be a moment, best first, ties by place; many lie over one another.

    Args:
        hits: of all that is sought, in every modality.
        videos: video id → video; hits in others are passed over.
        wants: what the hits' ``sought`` counts.
        least: candidates with a lower score are left out.
        taken: video id → stretches that are no answer.
    """
    grouped: defaultdict[int, defaultdict[tuple[int, str], list[Hit]]]
    grouped = defaultdict(lambda: defaultdict(list))
    for hit in hits:
        if not any(hit.chunk.span.overlap(span) for span in taken.get(hit.chunk.video_id, ())):
            grouped[hit.chunk.video_id][hit.sought, hit.chunk.modality].append(hit)
    found: list[Candidate] = []
    for video_id, of_video in grouped.items():
        video = videos.get(video_id)
        if video is not None:
            runs = [run for alike in of_video.values() for run in _runs(alike, video)]
            found += _supported(runs, video, wants, taken.get(video_id, ()))
    found = [candidate for candidate in found if candidate.score >= least]
    found.sort(key=_order)
    return found


def least_hit(least: float) -> float:
    """How sure a hit is at least that has a part in a candidate of at least such a score."""
    return min(least * _JOIN_SHARE, _LEAST_EVIDENCE)


def _free(run: Run, video: Video, taken: Sequence[Span]) -> Span | None:
    """What lies around the run's best hit up to what is taken away."""
    if not taken:
        return None
    best, whole = run.best.chunk.span, Span(0, video.duration_us)
    start = max((span.end for span in taken if span.end <= best.start), default=whole.start)
    end = min((span.start for span in taken if span.start >= best.end), default=whole.end)
    return Span(start, max(start, end))


def _order(candidate: Candidate) -> tuple[float, float, str, Span]:
    surest = candidate.run.best.confidence
    return -candidate.score, -surest, candidate.video.path, candidate.run.span


def choose(
    found: Iterable[Candidate],
    settle: Callable[[Candidate], Moment],
    is_twin: Callable[[Moment, Moment], bool],
    *,
    count: int,
    per_video: int | None = None,
) -> list[Moment]:
    """The best moments, each told once.

    Args:
        found: candidates, best first.
        settle: gives a candidate its boundaries.
        is_twin: whether two moments of different places show and say the same.
        count: at most so many.
        per_video: at most so many of one video; None for any number.
    """
    kept: list[Moment] = []
    of_video: defaultdict[int, list[Span]] = defaultdict(list)
    for candidate in found:
        if len(kept) == count:
            break
        others = of_video[candidate.video.id]
        if len(others) == per_video:
            continue
        if any(_overlap(candidate.run.span, other) for other in others):
            continue
        moment = settle(candidate)
        if any(_overlap(moment.span, other) for other in others):
            continue
        if any(is_twin(moment, other) for other in kept):
            continue
        others.append(moment.span)
        kept.append(replace(moment, rank=len(kept) + 1))
    return kept


def _overlap(one: Span, other: Span) -> bool:
    """Whether they share more than half of the shorter."""
    return one.overlap(other) * 2 > min(one.duration, other.duration)


# Runs ---------------------------------------------------------------------------------


def _runs(hits: Iterable[Hit], video: Video) -> Iterator[Run]:
    """Runs of one video's hits in one modality, grown from the best one down.

    Growing from the best keeps a strong hit from being stretched by weak ones that merely
    touch each other. Hits past the video's end, as of subtitles for a longer cut, are none.
    """
    by_time = sorted(
        (hit for hit in hits if hit.chunk.span.start < video.duration_us),
        key=lambda hit: hit.chunk.span,
    )
    free = set(range(len(by_time)))
    for seed in sorted(free, key=lambda i: (-by_time[i].confidence, i)):
        if seed in free:
            grown = _grown(by_time, seed, free)
            free -= set(grown)
            yield Run(tuple(by_time[i] for i in grown))


def _grown(by_time: Sequence[Hit], seed: int, free: set[int]) -> list[int]:
    run = [seed]
    best = by_time[seed]
    gap_us = _JOIN_GAP_US.get(best.chunk.modality, _JOIN_GAP_OTHERS_US)
    floor = best.confidence * _JOIN_SHARE
    span = best.chunk.span
    for step in (1, -1):
        place = seed + step
        while place in free:
            hit = by_time[place]
            if hit.confidence < floor or span.gap(hit.chunk.span) > gap_us:
                break
            span = span.hull(hit.chunk.span)
            run.append(place)
            place += step
    return sorted(run)


# Candidates ---------------------------------------------------------------------------


def _supported(
    runs: Sequence[Run], video: Video, wants: Sequence[Want], taken: Sequence[Span]
) -> Iterator[Candidate]:
    """Each run with the surest evidence of every other kind in the same stretch.

    Of runs that answer the same thing, say what is seen and what is said there, only the
    surest gives the span: a weaker one supports it and does not stretch it. Of runs that
    answer different things, the shortest does: there they all hold. Where that leaves a run
    to give way to one that gives way itself, and none stands there, it stands if it says
    anything.
    """
    groups = [(run, _together(run, runs)) for run in runs]
    gives = [_gives_span(run, group) for run, group in groups]
    givers = [run for (run, _), stands in zip(groups, gives, strict=True) if stands]
    for (run, group), stands in zip(groups, gives, strict=True):
        if not stands and (
            run.best.confidence < _LEAST_EVIDENCE
            or any(_overlap(run.span, giver.span) for giver in givers)
        ):
            continue
        evidence = _evidence(run, group)
        score = _score(evidence, wants)
        if score is not None:
            yield Candidate(video, run, evidence, score, _free(run, video, taken))


def _together(run: Run, runs: Iterable[Run]) -> list[tuple[Hit, Run]]:
    """Of every other kind the surest hit in the run's stretch, with the run that it is of.

    The other run lies over this one; its hits elsewhere say nothing of what is here.
    """
    together: dict[tuple[int, str], tuple[Hit, Run]] = {}
    for other in runs:
        if _kind(other.best) == _kind(run.best) or not _overlap(run.span, other.span):
            continue
        here = [hit for hit in other.hits if hit.chunk.span.overlap(run.span)]
        surest = max(here, key=lambda hit: hit.confidence, default=None)
        held = together.get(_kind(other.best))
        if surest is not None and (held is None or surest.confidence > held[0].confidence):
            together[_kind(surest)] = surest, other
    return list(together.values())


def _kind(hit: Hit) -> tuple[int, str]:
    return hit.sought, hit.chunk.modality


def _gives_span(run: Run, together: Iterable[tuple[Hit, Run]]) -> bool:
    for hit, other in together:
        if hit.sought == run.best.sought:
            if hit.confidence > run.best.confidence:
                return False
        elif other.span.duration < run.span.duration:
            return False
    return True


def _evidence(run: Run, together: Iterable[tuple[Hit, Run]]) -> tuple[Hit, ...]:
    """The best hits, best first; the weak ones left out, but for the run's own."""
    hits = [run.best, *(hit for hit, _ in together if hit.confidence >= _LEAST_EVIDENCE)]
    hits.sort(key=lambda hit: (-hit.confidence, hit.sought, hit.rank))
    return tuple(hits)


def _score(evidence: Iterable[Hit], wants: Sequence[Want]) -> float | None:
    """How well it answers: the mean over what is sought, of any evidence for each (noisy or).

    None where something is missing that is required.
    """
    doubts: defaultdict[int, list[float]] = defaultdict(list)
    for hit in evidence:
        doubts[hit.sought].append(1.0 - hit.confidence)
    if any(one.is_required and place not in doubts for place, one in enumerate(wants)):
        return None
    sure = sum((1.0 - math.prod(doubts[place])) * wants[place].weight for place in doubts)
    return sure / sum(one.weight for one in wants)


# A and then B -------------------------------------------------------------------------


def in_order(
    steps: Sequence[Sequence[Candidate]], *, within_us: int, least: float
) -> list[Candidate]:
    """Chains of one candidate for each step, each after the one before; best first.

    A chain is so sure as all its links are: the product of their scores.

    Args:
        steps: the candidates of each step.
        within_us: how long after the end of one the next may begin.
        least: chains with a lower score are left out.
    """
    chains: list[tuple[Candidate, ...]] = [(candidate,) for candidate in steps[0]]
    for step in steps[1:]:
        longer = _continued(chains, step, within_us, least)
        chains = heapq.nlargest(_MOST_CHAINS, longer, key=_sureness)
    found = [_joined(chain) for chain in chains]
    found.sort(key=_order)
    return found


def _continued(
    chains: Iterable[tuple[Candidate, ...]],
    step: Iterable[Candidate],
    within_us: int,
    least: float,
) -> Iterator[tuple[Candidate, ...]]:
    of_video: defaultdict[int, list[Candidate]] = defaultdict(list)
    for candidate in step:
        of_video[candidate.video.id].append(candidate)
    for chain in chains:
        sure = _sureness(chain)
        for candidate in of_video[chain[-1].video.id]:
            if sure * candidate.score >= least and _follows(candidate, chain[-1], within_us):
                yield (*chain, candidate)


def _sureness(chain: Sequence[Candidate]) -> float:
    return math.prod(link.score for link in chain)


def _follows(later: Candidate, earlier: Candidate, within_us: int) -> bool:
    span, before = later.run.span, earlier.run.span
    if span.start <= before.start or span.end <= before.end or _overlap(span, before):
        return False
    return span.start - before.end <= within_us


def _joined(chain: tuple[Candidate, ...]) -> Candidate:
    if len(chain) == 1:
        return chain[0]
    hits = sorted((hit for link in chain for hit in link.run.hits), key=lambda h: h.chunk.span)
    evidence = tuple(hit for link in chain for hit in link.evidence)
    score = _sureness(chain)
    return Candidate(chain[0].video, Run(tuple(hits)), evidence, score, chain=chain)
