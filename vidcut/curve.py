"""How sure a query makes one at every time of a video (pure): a curve, and a line of blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vidcut.moments import Want
    from vidcut.records import Hit

    Scores = NDArray[np.float32]

STEP_US = SECOND_US
LEAST_EVIDENCE = 0.2
"""Beside what is surest, evidence of less says nothing; so it is with moments."""
_BLOCKS = " ▁▂▃▄▅▆▇█"
_SHOWN = 0.005
"""What rounds to 0.00 is shown as nothing; the least that is more has the lowest block."""
_NICE_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18_000, 36_000)
"""Between ticks; what a clock makes easy to read."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One step of a query: what it wants, and the hits of all that."""

    wants: Sequence[Want]
    """What the hits' ``sought`` counts."""
    hits: Sequence[Hit]


@dataclass(frozen=True, slots=True)
class Curve:
    """Confidences of one video, a value for each step of time; a chunk counts where it lies."""

    step_us: int
    modalities: tuple[str, ...]
    apart: Scores
    """``float32 (modalities, n)`` 0…1: by each modality alone."""
    scores: Scores
    """``float32 (n,)`` 0…1: all together."""


def trace(
    steps: Sequence[Asked],
    duration_us: int,
    modalities: Sequence[str],
    *,
    step_us: int = STEP_US,
) -> Curve:
    """The curve of a query over a video, scored as moments are.

    Of what is wanted each is as sure as all evidence for it together (noisy or), and the score
    is their mean by weight. Of steps that are to follow one another the surest counts.

    Args:
        steps: at least one; hits of that one video.
        duration_us: how long it lasts; hits after that are passed over.
        modalities: the rows of ``apart``.
        step_us: time between values.
    """
    count = max(1, math.ceil(duration_us / step_us))
    apart, together = [], []
    for asked in steps:
        sure = _sure(asked, count, modalities, step_us)
        apart.append(_mean(sure, asked.wants))
        together.append(_mean(_noisy_or(sure)[:, None], asked.wants)[0])
    return Curve(step_us, tuple(modalities), np.max(apart, axis=0), np.max(together, axis=0))


def _sure(asked: Asked, count: int, modalities: Sequence[str], step_us: int) -> Scores:
    """``float32 (wants, modalities, count)``: the surest hit of each kind at each time."""
    sure = np.zeros((len(asked.wants), len(modalities), count), dtype=np.float32)
    for hit in asked.hits:
        row = sure[hit.sought, modalities.index(hit.chunk.modality)]
        span = hit.chunk.span
        # Half-open: what ends with a step is none of the next.
        part = row[span.start // step_us : max(span.start + 1, span.end - 1) // step_us + 1]
        np.maximum(part, hit.confidence, out=part)
    return sure


def _noisy_or(sure: Scores) -> Scores:
    """``(wants, modalities, n)`` to ``(wants, n)``."""
    surest = sure.max(axis=1, keepdims=True)
    counted = np.where((sure >= LEAST_EVIDENCE) | (sure == surest), sure, 0)
    is_first = np.cumsum(counted == surest, axis=1) == 1
    weak = (surest < LEAST_EVIDENCE) & ~is_first  # of equals that are weak, one
    return np.asarray(1 - np.prod(1 - np.where(weak, 0, counted), axis=1), dtype=np.float32)


def _mean(sure: Scores, wants: Sequence[Want]) -> Scores:
    """``(wants, rows, n)`` to ``(rows, n)``: 0 where something is missing that is required."""
    weights = np.array([want.weight for want in wants], dtype=np.float32)
    mean = np.tensordot(weights / weights.sum(), sure, axes=1)
    for want, of_want in zip(wants, sure, strict=True):
        if want.is_required:
            mean = np.where(of_want > 0, mean, 0)
    return np.asarray(mean, dtype=np.float32)


# On a terminal ------------------------------------------------------------------------


def sparkline(scores: Scores, width: int) -> str:
    """The scores as blocks, so many cells wide; the height is the score itself, 0…1.

    A cell is as high as the highest score in it: a second that answers is not lost in an hour.
    """
    edges = np.linspace(0, len(scores), width + 1)
    cells = []
    for start, end in pairwise(edges):
        best = float(scores[int(start) : max(int(start) + 1, math.ceil(end))].max())
        cells.append(_BLOCKS[math.ceil(best * 8 - 1e-6)] if best >= _SHOWN else " ")
    return "".join(cells)


def ticks(duration_us: int, *, most: int) -> list[int]:
    """Times that divide a video well, from 0 on: at most so many, in microseconds."""
    for step_s in _NICE_S:
        if duration_us <= most * step_s * SECOND_US:
            break
    return list(range(0, max(1, duration_us), step_s * SECOND_US))[:most]


def clock(time_us: int) -> str:
    """``1:05``, or ``1:00:05`` from an hour on."""
    minutes, seconds = divmod(time_us // SECOND_US, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def ruler(duration_us: int, width: int) -> str:
    """The times below a line of blocks, each beginning where its time is."""
    line = ""
    room = len(clock(duration_us)) + 2
    for time_us in ticks(duration_us, most=max(1, width // room)):
        at, label = time_us * width // max(1, duration_us), clock(time_us)
        if at >= len(line) + bool(line) and at + len(label) <= width:
            line = line.ljust(at) + label
    return line
