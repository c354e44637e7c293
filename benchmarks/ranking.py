"""What each choice of ranking and boundaries is worth, all on the same hits.

    python benchmarks/ranking.py QUERIES.jsonl [--library DIR]

The queries' format is that of ``vidcut eval``. Every query's hits are found once; each row then
makes moments of them in another way, with no least score, and is judged on the tuned half of
the queries and on the other. The first row is how vidcut does it.
"""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from vidcut import Library, boundaries, evaluation, moments, query, settling, truth
from vidcut.asking import Question, Sought
from vidcut.moments import Run, Want
from vidcut.records import Lengths
from vidcut.settling import Settling
from vidcut.truth import Half

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vidcut import Hit, Moment, Video
    from vidcut.truth import Labelled

    Fuse = Callable[[Sequence[Hit]], Sequence[Hit]]

COUNT = 5
NAMES = ("hit@1", "hit@5", "R@1 .3", "R@5 .5", "start s", "end s")
RRF = 60
"""Cormack, Clarke and Buettcher, Reciprocal Rank Fusion outperforms Condorcet and individual
Rank Learning Methods, SIGIR 2009."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--library", type=Path)
    options = parser.parse_args()
    names = [f"{name} {half[0]}" for half in Half for name in NAMES]
    table = Table("way", "", *names, box=None, title="t: tuned half, h: held-out half")
    with Library(options.library) as library:
        asked = truth.read(options.queries.read_text("utf-8").split("\n"))
        located = truth.locate(asked, [video.path for video in library.videos()])
        found = [(one, _hits(library, one)) for one in located if one.relevant]
        for name, way in WAYS.items():
            with way() as fuse:
                made = [evaluation.judge(one, _moments(library, fuse(h))) for one, h in found]
            for modality in ("asr", "frame", "ocr"):
                of_modality = [one for one in made if one.labelled.modality == modality]
                table.add_row(name, modality, *_cells(of_modality))
    Console(width=180).print(table)


def _hits(library: Library, one: Labelled) -> list[Hit]:
    encoder_of = library.encoder_of
    question = Question(library.holdings, encoder_of=encoder_of, pictures={})
    return [
        hit
        for term in query.parse(one.query).steps[0].wanted
        for modality in question.modalities
        for hit in question.hits(Sought(term), modality)
    ]


def _moments(library: Library, hits: Sequence[Hit]) -> list[Moment]:
    videos = {video.id: video for video in library.videos()}
    settle = Settling(library.holdings, Lengths(), library.encoder_of)
    found = moments.candidates(hits, videos, [Want()], least=0.0)
    return moments.choose(found, settle.moment, settle.is_twin, count=COUNT)


def _cells(made: Sequence[evaluation.Judged]) -> Iterator[str]:
    for half in Half:
        found = evaluation.measure(one for one in made if one.labelled.half is half).found
        assert found is not None
        yield from (f"{found.hit[depth]:.2f}" for depth in (1, 5))
        yield from (f"{found.recall[where]:.2f}" for where in ((1, 0.3), (5, 0.5)))
        yield from (f"{off.median_s:.2f}" if off else "-" for off in (found.start, found.end))


# Ways ---------------------------------------------------------------------------------


def _same(hits: Sequence[Hit]) -> Sequence[Hit]:
    return hits


@contextmanager
def _as_it_is() -> Iterator[Fuse]:
    yield _same


@contextmanager
def _reciprocal_ranks() -> Iterator[Fuse]:
    """The same runs, scored by the ranks of their best hits in each modality."""

    def added(evidence: Iterable[Hit], wants: Sequence[Want]) -> float:
        del wants
        return sum(1 / (RRF + hit.rank) for hit in evidence)

    with _changed(moments, "_LEAST_EVIDENCE", 0.0), _changed(moments, "_score", added):
        yield _same


@contextmanager
def _strongest_alone() -> Iterator[Fuse]:
    def most(evidence: Iterable[Hit], wants: Sequence[Want]) -> float:
        del wants
        return max(hit.confidence for hit in evidence)

    with _changed(moments, "_score", most):
        yield _same


def _top_few(count: int) -> Callable[[], Any]:
    """Each run as sure as the mean of its surest few."""

    @contextmanager
    def way() -> Iterator[Fuse]:
        runs = moments._runs  # noqa: SLF001  (as above)

        def meant(hits: Iterable[Hit], video: Video) -> Iterator[Run]:
            for run in runs(hits, video):
                sure = sorted((hit.confidence for hit in run.hits), reverse=True)[:count]
                most = float(np.mean(sure))
                yield Run(tuple(replace(h, confidence=min(h.confidence, most)) for h in run.hits))

        with _changed(moments, "_runs", meant):
            yield _same

    return way


def _constant(module: Any, name: str, value: float) -> Callable[[], Any]:
    @contextmanager
    def way() -> Iterator[Fuse]:
        with _changed(module, name, value):
            yield _same

    return way


@contextmanager
def _changed(module: Any, name: str, value: Any) -> Iterator[None]:
    kept = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, kept)


WAYS: dict[str, Callable[[], Any]] = {
    "as it is": _as_it_is,
    "reciprocal ranks": _reciprocal_ranks,
    "strongest modality alone": _strongest_alone,
    "mean of the top 2": _top_few(2),
    "mean of the top 3": _top_few(3),
    "no growth by looks": _constant(boundaries, "_LOOKS_ALIKE", 2.0),
    "looks alike from 0.4": _constant(boundaries, "_LOOKS_ALIKE", 0.4),
    "looks alike from 0.8": _constant(boundaries, "_LOOKS_ALIKE", 0.8),
    "neighbours from 0.4": _constant(moments, "_JOIN_SHARE", 0.4),
    "neighbours from 0.8": _constant(moments, "_JOIN_SHARE", 0.8),
    "twins are told twice": _constant(settling, "_TWIN", 2.0),
    "no silence around speech": _constant(boundaries, "_SILENCE_US", 0),
    "a second of silence": _constant(boundaries, "_SILENCE_US", 1_000_000),
}


if __name__ == "__main__":
    main()
