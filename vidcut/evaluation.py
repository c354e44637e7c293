"""How right a library's answers are, judged by labelled queries (pure).

A moment is right when it overlaps a relevant span with an IoU of at least 0.3, 0.5 or 0.7
(``R@k``) or, more loosely, when its middle lies in one (``hit@k``). R@k at these IoUs is what
moment retrieval is judged by (TALL, ICCV 2017; QVHighlights, NeurIPS 2021).
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from vidcut.errors import UsageError
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vidcut.records import Moment, Span
    from vidcut.truth import Labelled

DEPTHS = (1, 5)
IOUS = (0.3, 0.5, 0.7)
ALL = "all"
"""The modality or language of groups that are of every one."""
MOST_LOST_PERCENT = 3
"""Of the queries with an answer, how many a threshold may cost their hit@5: a goal, not tuned."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A moment, compared with the relevant span that it overlaps most."""

    moment: Moment
    hit: bool
    """Whether its middle lies in a relevant span."""
    iou: float
    start_off_us: int | None
    """How far after the span's start the moment's lies; None where they do not overlap."""
    end_off_us: int | None


@dataclass(frozen=True, slots=True)
class Judged:
    """A query and its moments, best first."""

    labelled: Labelled
    verdicts: tuple[Verdict, ...]
    average_precision: float
    """At IoU 0.3, over all of the moments; 0 where nothing is relevant."""


@dataclass(frozen=True, slots=True)
class Off:
    """How far an end of the right moments lies from the truth, in seconds, either way."""

    mean_s: float
    median_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """What the queries with an answer come to: shares 0…1."""

    hit: Mapping[int, float]
    """Depth k → share with a hit in the first k moments."""
    recall: Mapping[tuple[int, float], float]
    """(Depth k, IoU) → share with such a moment in the first k."""
    mean_average_precision: float
    start: Off | None
    """Of each query's first right moment (a hit, or IoU 0.3) in the first five."""
    end: Off | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What a group of queries comes to."""

    answerable: int
    unanswerable: int
    found: Found | None
    """None where no query has an answer."""
    silence: float | None
    """Of the queries without an answer, the share that gets none; None where all have one."""


def judge(labelled: Labelled, moments: Sequence[Moment]) -> Judged:
    """Compare a query's moments, best first, with what is relevant (by the library's paths)."""
    verdicts = tuple(_verdict(moment, _spans(labelled, moment)) for moment in moments)
    return Judged(labelled, verdicts, _average_precision(labelled, moments))


def groups(judged: Iterable[Judged]) -> dict[tuple[str, str], list[Judged]]:
    """(Modality, language) → its queries; sorted, with ``all`` for either last."""
    found: defaultdict[tuple[str, str], list[Judged]] = defaultdict(list)
    for one in judged:
        for modality in {one.labelled.modality, ALL}:
            for language in {one.labelled.language, ALL}:
                found[modality, language].append(one)
    order = sorted(found, key=lambda names: [(name == ALL, name) for name in names])
    return {names: found[names] for names in order}


def measure(judged: Iterable[Judged]) -> Figures:
    """The figures of a group of queries."""
    asked, idle = _by_kind(judged)
    silence = statistics.fmean(not one.verdicts for one in idle) if idle else None
    return Figures(len(asked), len(idle), _found(asked) if asked else None, silence)


def calibrate(judged: Iterable[Judged]) -> float:
    """The score below which a moment is better not shown, 0…1.

    It silences as many of the queries without an answer as it can while hit@5 falls by at most
    `MOST_LOST_PERCENT` against showing everything. Of the thresholds that do so, those that
    lose least; of these the middle one, as far from the strongest wrong moment that it
    silences as from the weakest right one that it keeps.

    Args:
        judged: queries with their moments as found with a threshold of 0.

    Raises:
        UsageError: no query is without an answer, none gets a right one, or no threshold
            silences any.
    """
    asked, idle = _by_kind(judged)
    right = sorted(score for one in asked if (score := _hit_score(one)) is not None)
    if not idle:
        fact = 'no query is without an answer ("relevant": [])'
        raise UsageError(f"{fact}; a threshold is chosen by what it silences: add some")
    if not right:
        fact = "no query with an answer is answered rightly"
        raise UsageError(f"{fact}; a threshold is chosen by what it must not lose: add some")
    may_lose = len(asked) * MOST_LOST_PERCENT // 100
    highest = right[may_lose] if may_lose < len(right) else 1.0
    loudest = [
        max(verdict.moment.score for verdict in one.verdicts) for one in idle if one.verdicts
    ]
    silenced = max((score for score in loudest if score < highest), default=None)
    if silenced is None:
        fact = f"no threshold silences one query more at {MOST_LOST_PERCENT} of 100 hits or fewer"
        raise UsageError(f"{fact}; min_score stays as it is")
    return _between(silenced, min((score for score in right if score > silenced), default=1.0))


def above(judged: Judged, least: float) -> Judged:
    """The query as it would be judged if moments that score less were not shown."""
    moments = [verdict.moment for verdict in judged.verdicts]
    return judge(judged.labelled, [moment for moment in moments if moment.score >= least])


def first_right(judged: Judged) -> Verdict | None:
    """The first of the first five moments that is a hit or has an IoU of 0.3."""
    return next((v for v in judged.verdicts[: DEPTHS[-1]] if v.hit or v.iou >= IOUS[0]), None)


# One query ----------------------------------------------------------------------------


def _spans(labelled: Labelled, moment: Moment) -> list[Span]:
    return [span for path, span in labelled.relevant if path == moment.video.path]


def _verdict(moment: Moment, spans: Sequence[Span]) -> Verdict:
    nearest = max(spans, key=moment.span.iou, default=None)
    if nearest is None or not moment.span.overlap(nearest):
        return Verdict(moment, hit=False, iou=0.0, start_off_us=None, end_off_us=None)
    return Verdict(
        moment,
        hit=any(span.contains(moment.span.middle) for span in spans),
        iou=moment.span.iou(nearest),
        start_off_us=moment.span.start - nearest.start,
        end_off_us=moment.span.end - nearest.end,
    )


def _average_precision(labelled: Labelled, moments: Sequence[Moment]) -> float:
    """The mean, over the relevant spans, of the precision at which each is found.

    As ActivityNet (CVPR 2015) and QVHighlights reckon it: a span is found once, by the first
    moment that overlaps it enough, and precision is interpolated, the best at this recall or
    a higher one. What is not among the moments given counts 0.
    """
    left = list(labelled.relevant)
    precisions: list[float] = []
    for rank, moment in enumerate(moments, 1):
        here = [answer for answer in left if answer[0] == moment.video.path]
        best = max(here, key=lambda answer: moment.span.iou(answer[1]), default=None)
        if best is not None and moment.span.iou(best[1]) >= IOUS[0]:
            left.remove(best)
            precisions.append((len(precisions) + 1) / rank)
    interpolated = accumulate(reversed(precisions), max)
    return math.fsum(interpolated) / len(labelled.relevant) if labelled.relevant else 0.0


def _hit_score(judged: Judged) -> float | None:
    """The highest threshold that leaves a hit among the first five."""
    hits = (v.moment.score for v in judged.verdicts[: DEPTHS[-1]] if v.hit)
    return max(hits, default=None)


# Many ---------------------------------------------------------------------------------


def _by_kind(judged: Iterable[Judged]) -> tuple[list[Judged], list[Judged]]:
    """Those with an answer, those without."""
    every = list(judged)
    asked = [one for one in every if one.labelled.relevant]
    return asked, [one for one in every if not one.labelled.relevant]


def _found(asked: Sequence[Judged]) -> Found:
    right = [verdict for one in asked if (verdict := first_right(one)) is not None]
    hit = {
        depth: statistics.fmean(any(v.hit for v in one.verdicts[:depth]) for one in asked)
        for depth in DEPTHS
    }
    best = {
        depth: [max((v.iou for v in one.verdicts[:depth]), default=0.0) for one in asked]
        for depth in DEPTHS
    }
    return Found(
        hit=hit,
        recall={
            (depth, least): statistics.fmean(iou >= least for iou in best[depth])
            for depth in DEPTHS
            for least in IOUS
        },
        mean_average_precision=statistics.fmean(one.average_precision for one in asked),
        start=_off(verdict.start_off_us for verdict in right),
        end=_off(verdict.end_off_us for verdict in right),
    )


def _off(offs_us: Iterable[int | None]) -> Off | None:
    seconds = [abs(off) / SECOND_US for off in offs_us if off is not None]
    return Off(statistics.fmean(seconds), statistics.median(seconds)) if seconds else None


def _between(low: float, high: float) -> float:
    """The number half-way, ``low < number <= high``, with no more digits than that needs."""
    middle = low + (high - low) / 2
    for digits in range(3, 17):
        rounded = round(middle, digits)
        if low < rounded <= high:
            return rounded
    return high
