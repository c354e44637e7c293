"""Candidates to moments, by what the library knows of the video around them."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from vidcut.boundaries import Look, Surroundings, boundaries, seen, shot
from vidcut.errors import MissingError
from vidcut.moments import Run
from vidcut.records import SECOND_US, Lengths, Moment, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vidcut.library import Holdings
    from vidcut.moments import Candidate
    from vidcut.protocols import Encoder
    from vidcut.records import Boundary, Chunk, Hit, Vector

_FEW_US = 15 * SECOND_US
"""How far around a run is looked first: as a rule the picture changes before."""
_AROUND_US = 5 * SECOND_US
"""How far beyond the longest moment neighbours matter."""
_TWIN = 0.91
"""Two stretches look the same when their encoder finds their mean vectors so alike.

With ``labels``: a cosine of 0.93, which one stretch in a hundred has with the most similar one of
another video, and half of poor copies with what they were made of (benchmarks/twins.py).
"""
_TWIN_LENGTH = 0.8
"""And when the shorter lasts at least this share of the longer."""
_SEEN, _SAID = "frame", "asr"
_Place = tuple[int, int, int]
"""A video's id, and from when to when."""


class Settling:
    """Gives candidates their boundaries; each stretch is looked up once."""

    def __init__(
        self, holdings: Holdings, lengths: Lengths, encoder_of: Callable[[str], Encoder]
    ) -> None:
        self._catalog = holdings.catalog
        self._lengths = lengths
        self._encoder_of = functools.cache(encoder_of)  # it asks the library each time
        self._space = holdings.catalog.modality_space(_SEEN)
        self._known = holdings.known()
        self._read: defaultdict[int, list[tuple[Span, list[Look]]]] = defaultdict(list)
        self._shown: dict[_Place, _Shown] = {}
        self._seen: dict[_Place, Vector | None] = {}
        self._apart, self._alike = -math.inf, math.inf

    def moment(self, candidate: Candidate) -> Moment:
        """The candidate with its boundaries; not ranked yet."""
        links = candidate.chain or (candidate,)
        ends = [self._ends(link) for link in links]  # cut short, a link may end before the last
        start = min((start for start, _ in ends), key=lambda one: one.time_us)
        end = max((end for _, end in ends), key=lambda one: one.time_us)
        return Moment(0, candidate.video, start, end, candidate.score, candidate.evidence)

    def told(self, moments: Sequence[Moment]) -> list[Moment]:
        """With their chunks' words, which are read for what is shown alone, all at once."""
        hits = [hit for moment in moments for hit in moment.evidence]
        chunks = self._catalog.chunks(list({hit.chunk.id for hit in hits}))
        return [
            replace(one, evidence=tuple(_whole(hit, chunks) for hit in one.evidence))
            for one in moments
        ]

    def is_twin(self, one: Moment, other: Moment) -> bool:
        """Whether the two look and read the same: a copy, or the same thing shown again.

        What is said twice in one video is not: those are takes, to choose from.
        """
        first, second = self._shown_by(one), self._shown_by(other)
        if one.video.id == other.video.id and first.is_said:
            return False
        shorter = min(first.duration_us, second.duration_us)
        longer = max(first.duration_us, second.duration_us)
        if shorter < longer * _TWIN_LENGTH or first.texts != second.texts:
            return False
        looks = self._look(one), self._look(other)
        if looks[0] is None or looks[1] is None:
            return False
        return self._are_alike(float(looks[0] @ looks[1]))

    def _are_alike(self, cosine: float) -> bool:
        """Whether the encoder finds so.

        It is monotone: what lies beyond one that it was asked of needs no asking.
        """
        if self._apart < cosine < self._alike:
            try:
                sure = self._encoder_of(_SEEN).likeness(np.array([cosine], dtype=np.float32))[0]
            except MissingError:  # nobody knows how alike they are, and both are shown
                return False
            if sure >= _TWIN:
                self._alike = cosine
            else:
                self._apart = cosine
        return cosine >= self._alike

    def _ends(self, candidate: Candidate) -> tuple[Boundary, Boundary]:
        video, run = candidate.video, candidate.run
        if run.modality == _SAID and run.best.chunk.span.duration > self._lengths.longest_us:
            chunks = self._catalog.chunks([run.best.chunk.id])  # it is cut short at a word
            run = Run(tuple(_whole(hit, chunks) for hit in run.hits))
        reach_us = self._lengths.longest_us + _AROUND_US
        near = Span(max(0, run.span.start - reach_us), run.span.end + reach_us)
        if video.id not in self._known.cuts:
            self._known.cuts[video.id] = self._catalog.cuts(video.id)
        looks = self._looks_around(candidate, near) if run.modality == _SEEN else []
        said = list[Span]()
        if run.modality == _SAID:
            said = self._catalog.nearby.spans(video.id, _SAID, near, self._known.longest)
        around = Surroundings(video, self._known.cuts[video.id], looks, said, candidate.free)
        return boundaries(run, around, self._lengths)

    def _looks_around(self, candidate: Candidate, near: Span) -> list[Look]:
        """What its boundaries depend on: of the best one's shot, as far as it looks alike."""
        video, run, cuts = candidate.video, candidate.run, self._known.cuts[candidate.video.id]
        within = shot(run.best.chunk.span.middle, Surroundings(video, cuts)).clamp(near)
        few = Span(max(0, run.span.start - _FEW_US), run.span.end + _FEW_US).clamp(within)
        looks = self._looks(video.id, few)
        found = seen(run, Surroundings(video, cuts, looks))
        if looks and few != within:
            at_start = few.start > within.start and found.start <= looks[0].span.start
            at_end = few.end < within.end and found.end >= looks[-1].span.end
            if at_start or at_end:  # it may go on
                return self._looks(video.id, within)
        return looks

    def _looks(self, video_id: int, near: Span) -> list[Look]:
        for within, looks in self._read[video_id]:
            if within.start <= near.start and near.end <= within.end:
                return [look for look in looks if look.span.overlap(near)]
        if self._space is None:
            return []
        longest = self._known.longest
        found = self._catalog.nearby.vectors(video_id, _SEEN, self._space, near, longest)
        if not found:
            return []
        stored = np.frombuffer(b"".join(vector for _, vector in found), dtype="<f2")
        vectors = stored.reshape(len(found), -1).astype(np.float32)
        looks = [Look(span, vector) for (span, _), vector in zip(found, vectors, strict=True)]
        self._read[video_id].append((near, looks))
        return looks

    def _shown_by(self, moment: Moment) -> _Shown:
        """What the moment is compared with every other by."""
        key = _place(moment)
        if key not in self._shown:
            heard = [hit.chunk for hit in moment.evidence if hit.chunk.modality != _SEEN]
            self._shown[key] = _Shown(
                moment.span.duration,
                frozenset((chunk.modality, chunk.text) for chunk in heard),
                any(chunk.modality == _SAID for chunk in heard),
            )
        return self._shown[key]

    def _look(self, moment: Moment) -> Vector | None:
        """What the moment looks like on the whole, of unit length; None where it shows nothing."""
        key = _place(moment)  # it is compared with every other that is shown
        if key not in self._seen:
            looks = self._looks(moment.video.id, moment.span)
            mean = np.sum([look.vector for look in looks], axis=0) if looks else None
            length = float(np.linalg.norm(mean)) if mean is not None else 0.0
            self._seen[key] = (
                np.asarray(mean / length, dtype=np.float32) if mean is not None and length else None
            )
        return self._seen[key]


def _whole(hit: Hit, chunks: Mapping[int, Chunk]) -> Hit:
    return replace(hit, chunk=chunks.get(hit.chunk.id, hit.chunk))


def _place(moment: Moment) -> _Place:
    return moment.video.id, moment.start.time_us, moment.end.time_us


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a moment is compared by before anything is read."""

    duration_us: int
    texts: frozenset[tuple[str, str | None]]
    is_said: bool
