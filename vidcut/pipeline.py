"""The whole story: index, search, cut."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidcut import ffmpeg, footage, indexing, query, ranking
from vidcut.cutting import Mode
from vidcut.errors import MediaError, OutputError, SpaceMismatchError
from vidcut.lanes import Lanes, Stopped
from vidcut.moments import Setting, moments
from vidcut.records import Clip, Failure
from vidcut.register import Register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vidcut.cutting import CutPlan
    from vidcut.footage import Footage, Selection
    from vidcut.indexing import Tools
    from vidcut.lanes import Channel
    from vidcut.library import Holdings
    from vidcut.protocols import Encoder, Reader
    from vidcut.records import Hit, Moment, Space, Vector, Video
    from vidcut.register import Progress, Tally

_OPEN_FILES = 4
"""Files between being looked at and being done: enough that no lane waits for the next."""
_LAST_WORD_S = 4.0
"""How long an interrupted run waits for its lanes."""
_HITS = 200
"""Hits of each ranking that go on to be moments."""
_CLIP_OFF_US = 500_000
"""A clip lasts as long as its span, give or take the last frame's and packet's length."""


# index --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom an index run tells."""

    failure: Callable[[Failure], None]
    progress: Callable[[Progress], None]


def index(
    holdings: Holdings,
    paths: Sequence[Path],
    tools: Tools,
    *,
    selection: Selection,
    retry: bool = False,
    watch: Watch,
) -> Tally:
    """Bring the library up to date with the files at and below the paths.

    Raises:
        UsageError: a path does not exist.
        MissingError: a model or a package is not there.
    """
    register = Register(holdings, tools, watch.failure, retry=retry)
    files = [
        file
        for file in footage.find(paths, selection, on_error=register.unseen)
        if not register.is_done(file)
    ]
    if files:
        _run(register, files, tools, watch)
    # After the run, in which what moved was recognised.
    register.mark_missing([Path(os.path.abspath(path)) for path in paths])  # noqa: PTH100
    names = [m.name for m in (*tools.pictures, *tools.sounds)]
    names += [tools.transcriber.name] if tools.transcriber else []
    holdings.refresh_snapshots(names)
    register.tally.left_behind = max(map(holdings.catalog.videos_left_behind, names), default=0)
    return register.tally


def _run(register: Register, files: Sequence[Footage], tools: Tools, watch: Watch) -> None:
    """Side by side: looking at files, decoding, reading pictures, hearing, and writing."""
    register.expect(files)
    lanes, permits = Lanes(), threading.Semaphore(_OPEN_FILES)
    reports: Channel[indexing.Report] = lanes.channel(8)
    to_see: Channel[indexing.Job] = lanes.channel(0)
    to_hear: Channel[indexing.Job] = lanes.channel(0)
    sights: Channel[indexing.Sight] = lanes.channel(1)
    examine = indexing.examiner(tools.reader, lambda: lanes.stopping)
    lanes.start("examine", examine, lanes.permitted(files, permits), reports)
    lanes.start("see", indexing.seer(tools), to_see, sights)
    lanes.start("look", indexing.look, sights, reports)
    lanes.start("listen", indexing.listener(tools), to_hear, reports)
    try:
        for report in reports:
            files_done = register.files_done
            job = register.take(report)
            if job is not None and job.pictures:
                to_see.put(job)
            if job is not None and job.sounds:
                to_hear.put(job)
            watch.progress(register.progress())
            if register.files_done > files_done:
                permits.release()
            if register.files_done == len(files):
                return
    except Stopped:
        lanes.check()
        raise
    finally:
        lanes.stop(_LAST_WORD_S)


# search -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """What moments are wanted."""

    count: int = 5
    modalities: tuple[str, ...] = ()
    """Only these; empty for all."""
    video: str | None = None
    """Only videos whose name or path matches this glob."""
    min_score: float = 0.2


def search(
    holdings: Holdings,
    words: str,
    wish: Wish,
    *,
    encoder_of: Callable[[str], Encoder],
) -> list[Moment]:
    """The moments that answer the words, best first.

    Args:
        holdings: the library.
        words: what to look for, in any language.
        wish: which moments, and how many.
        encoder_of: the encoder that made a modality's space.

    Raises:
        QueryError: the words say nothing.
        SpaceMismatchError: an encoder is not the one that made the vectors.
    """
    asked = query.parse(words)
    known = holdings.catalog.videos()
    videos = {video.id: video for video in known if _matches(video, wish.video)}
    only = None if len(videos) == len(known) else list(videos)
    question = _Question(holdings, asked, only, encoder_of)
    modalities = wish.modalities or tuple(holdings.catalog.modalities())
    hits = {modality: question.hits(modality) for modality in modalities}
    concerned = {hit.chunk.video_id for found in hits.values() for hit in found}
    settings = {
        video_id: Setting(videos[video_id], holdings.catalog.cuts(video_id))
        for video_id in concerned & videos.keys()
    }
    return moments(hits, settings, count=wish.count, least=wish.min_score)


class _Question:
    """A query put to a library, one modality at a time; encoded once for each space."""

    def __init__(
        self,
        holdings: Holdings,
        asked: query.Query,
        only: Sequence[int] | None,
        encoder_of: Callable[[str], Encoder],
    ) -> None:
        self._holdings = holdings
        self._asked = asked
        self._only = only
        self._encoder_of = encoder_of
        self._vectors: dict[Space, Vector] = {}

    def hits(self, modality: str) -> list[Hit]:
        """The modality's hits, by vector and by word."""
        dense, worded = self._by_vector(modality), self._by_word(modality)
        chunks = self._holdings.catalog.chunks([*dense, *worded])
        return ranking.rank(chunks, dense, worded)

    def _by_vector(self, modality: str) -> dict[int, float]:
        space = self._holdings.catalog.modality_space(modality)
        if space is None:
            return {}
        encoder = self._encoder_of(modality)
        if encoder.space != space:
            fact = f"the library's {modality} vectors are {space}, the encoder is {encoder.space}"
            remedy = "search with the model that the library was indexed with, or index again"
            raise SpaceMismatchError(f"{fact}; {remedy}")
        if space not in self._vectors:
            self._vectors[space] = encoder.query(self._asked.text)
        nearest = self._holdings.nearest(modality, space, self._vectors[space], _HITS, self._only)
        cosines = np.array([cosine for _, cosine in nearest], dtype=np.float32)
        sure = encoder.confidence(cosines).tolist()
        return dict(zip((chunk_id for chunk_id, _ in nearest), sure, strict=True))

    def _by_word(self, modality: str) -> dict[int, tuple[float, tuple[str, ...]]]:
        terms, catalog = self._asked.terms, self._holdings.catalog
        found = catalog.find_terms(terms, modality, _HITS, self._only)
        weights = ranking.term_weights(terms, *catalog.document_counts(terms))
        return ranking.word_confidence(found, weights)


def _matches(video: Video, glob: str | None) -> bool:
    if video.state == "missing":  # there is nothing to cut from
        return False
    return glob is None or footage.name_matches(video.path, (glob,))


# cut ----------------------------------------------------------------------------------


def cut(
    plans: Iterable[CutPlan], *, reader: Reader, overwrite: bool = False, keep: bool = False
) -> Iterator[Clip | Failure]:
    """Carry out cut plans one by one; a plan that fails costs its own clip only.

    Args:
        plans: what to cut.
        reader: looks at each clip before it gets its name.
        overwrite: whether what stands at a clip's place is replaced.
        keep: whether a clip that stands there already is taken as it is; how far its ends
            moved is not known then.

    Raises:
        MissingError: there is no ffmpeg.
        OutputError: clips cannot be written where they were asked for.
    """
    tool = ffmpeg.find()

    def check(clip: Path) -> None:
        reader.probe(clip)

    for plan in plans:
        if os.path.exists(plan.output) and not overwrite:  # noqa: PTH110  (as in footage.demand)
            if keep and _is_cut(plan, reader):
                yield Clip(str(plan.output), str(plan.source), plan.span)
                continue
            remedy = "choose another name, or --overwrite (overwrite=True) to replace it"
            raise OutputError(f"{plan.output} exists already; {remedy}")
        make = ffmpeg.copy if plan.mode is Mode.COPY else ffmpeg.encode
        try:
            yield make(
                plan.source, plan.span, plan.output, tool=tool, check=check, overwrite=overwrite
            )
        except MediaError as error:
            yield Failure(str(plan.source), str(error))


def _is_cut(plan: CutPlan, reader: Reader) -> bool:
    """Whether a clip of this length stands there, made after the source was."""
    try:
        if plan.output.stat().st_mtime_ns < plan.source.stat().st_mtime_ns:
            return False
        lasts_us = reader.probe(plan.output).duration_us
    except (OSError, MediaError):
        return False
    longer_us = lasts_us - plan.span.duration
    return longer_us >= -_CLIP_OFF_US and (plan.mode is Mode.COPY or longer_us <= _CLIP_OFF_US)
