"""What the lanes of an index run do: look at a file, see it, hear it.

Each function turns one thing into reports for the thread that writes the catalog. A file
that fails ends with a report that says why; only a missing model ends the run.
"""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from vidcut import arriving
from vidcut.errors import MediaError, MissingError
from vidcut.footage import content_hash
from vidcut.lanes import side_by_side
from vidcut.protocols import Feed
from vidcut.records import SECOND_US, SoundWindow, Span
from vidcut.stopwatch import Unwatched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from numpy.typing import NDArray

    from vidcut.footage import Footage
    from vidcut.protocols import (
        PictureModality,
        Prober,
        SoundModality,
        Subtitles,
        Transcriber,
        Viewer,
    )
    from vidcut.records import Cue, Harvest, Media, PictureWindow, SubtitleTrack

    Report: TypeAlias = "Examined | Made | Faltered | Ended"
    Task: TypeAlias = "PictureTask | SoundTask"
    Sight: TypeAlias = "tuple[Job, PictureWindow] | Ended"

SOUND_RATE_HZ = 16_000
_SOUND_WINDOW_US = 75 * SECOND_US
_UNWATCHED = Unwatched()
_MOST_HASHED_BYTES = 1 << 30
"""Of a file that is no media: it is known again by its beginning."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """The live objects that an index run works with."""

    reader: Viewer
    subtitles: Subtitles
    pictures: Sequence[PictureModality]
    sounds: Sequence[SoundModality]
    transcriber: Transcriber | None
    """None where speech is not wanted."""
    use_subtitles: bool
    sample_px: int
    """The longer side of the pictures that the modalities are given."""
    jobs: int = 1
    """How many files are seen at once."""
    hearers: int = 1
    """How many files are heard at once."""
    prepare: Callable[[int], None] = lambda _: None
    """Has the reader make ready to be asked so many things at once."""
    release: Callable[[], None] = lambda: None
    """Ends whatever the reader is at, so that nobody waits for it."""


# Reports ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Examined:
    """A file's content and what it holds, or why that cannot be told."""

    footage: Footage
    content: bytes
    media: Media | None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What a stretch of a video gave, by modality."""

    job: Job
    feed: Feed
    span: Span
    cuts: tuple[int, ...]
    harvests: Mapping[str, Harvest]
    lost_us: int = 0
    """How much of it did not decode."""


@dataclass(frozen=True, slots=True)
class Faltered:
    """A modality gave up on a video; its neighbours go on."""

    job: Job
    failure: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A feed of a video is through; ``failure`` says why it went no further."""

    job: Job
    feed: Feed
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class PictureTask:
    """A modality's work on a video's pictures, from a time on."""

    modality: PictureModality
    recipe: str
    start_us: int = 0


@dataclass(frozen=True, slots=True)
class SoundTask:
    """A modality's work on a video's sound, or on subtitles in its stead."""

    modality: SoundModality
    recipe: str
    start_us: int = 0
    cues: Path | SubtitleTrack | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A video with what is still to be done for it."""

    video_id: int
    footage: Footage
    media: Media
    pictures: tuple[PictureTask, ...]
    sounds: tuple[SoundTask, ...]
    failed: set[str] = field(default_factory=set)
    """The modalities that gave up on it."""


# Deciding -----------------------------------------------------------------------------


def wanted(path: Path, media: Media, tools: Tools) -> list[Task]:
    """All tasks that a file of this kind needs, from its beginning."""
    tasks: list[Task] = []
    if media.picture is not None:
        tasks += [PictureTask(m, m.recipe) for m in tools.pictures]
    if media.sound is not None:
        tasks += [SoundTask(m, m.recipe) for m in tools.sounds]
    if tools.transcriber is not None:
        tasks += _speech_task(path, media, tools, tools.transcriber)
    return tasks


def _speech_task(
    path: Path, media: Media, tools: Tools, transcriber: Transcriber
) -> Iterator[SoundTask]:
    sidecar = tools.subtitles.sidecar(path) if tools.use_subtitles else None
    if sidecar is not None:
        facts = sidecar.stat()
        recipe = f"subtitles {sidecar.name!a} {facts.st_size} {facts.st_mtime_ns}"
        yield SoundTask(transcriber, f"{recipe} {transcriber.space}", cues=sidecar)
    elif tools.use_subtitles and media.subtitles:
        track = media.subtitles[0]
        recipe = f"subtitles of stream {track.index} {transcriber.space}"
        yield SoundTask(transcriber, recipe, cues=track)
    elif media.sound is not None:
        yield SoundTask(transcriber, transcriber.recipe)


def remaining(tasks: Sequence[Task], progress: Mapping[str, tuple[str, int, bool]]) -> list[Task]:
    """The tasks that are not finished, each from where it stands."""
    left = []
    for task in tasks:
        recipe, done_us, finished = progress.get(task.modality.name, ("", 0, False))
        if recipe != task.recipe:
            left.append(task)
        elif not finished and isinstance(task, SoundTask) and task.cues is not None:
            left.append(task)  # subtitles are read whole
        elif not finished:
            left.append(replace(task, start_us=done_us))
    return left


# Doing --------------------------------------------------------------------------------


def examiner(
    reader: Prober, stop: Callable[[], bool], stopwatch: Unwatched = _UNWATCHED
) -> Callable[[Footage], Iterator[Report]]:
    """The lane that looks at files before anything is decoded."""

    def examine(footage: Footage) -> Iterator[Report]:
        content = b""
        try:
            with stopwatch.at("examine", "probe"):
                media = reader.probe(footage.path)
            with stopwatch.at("examine", "hash"):
                content = content_hash(footage.path, stop=stop)
            yield Examined(footage, content, media)
        except MissingError:
            raise
        except Exception as error:  # noqa: BLE001  (a bad file never ends the run)
            with contextlib.suppress(MediaError):  # it may be a terabyte of nothing
                content = content or content_hash(
                    footage.path, stop=stop, most_bytes=_MOST_HASHED_BYTES
                )
            yield Examined(footage, content, None, reason(error, footage.path))

    return examine


def seer(tools: Tools, stopwatch: Unwatched = _UNWATCHED) -> Callable[[Job], Iterator[Sight]]:
    """The lane that decodes pictures, finds shots and takes samples."""

    def see(job: Job) -> Iterator[Sight]:
        start_us = min(task.start_us for task in job.pictures)
        try:
            parts = tools.reader.parts(
                job.footage.path, start_us=start_us, longest_px=tools.sample_px
            )
            watched = stopwatch.making("see", "pictures", parts)
            for window in arriving.windows(watched, pause=stopwatch.pause):
                yield job, window
        except MissingError:
            raise
        except Exception as error:  # noqa: BLE001  (a bad file never ends the run)
            yield Ended(job, Feed.PICTURE, reason(error, job.footage.path))
        else:
            yield Ended(job, Feed.PICTURE)

    return see


def looker(stopwatch: Unwatched = _UNWATCHED) -> Callable[[Sight], Iterator[Report]]:
    """The lane that reads windows of pictures, in all modalities that want them at once.

    Each begins with the first sample, while the window is still being decoded. Two take turns at
    waiting and at what Python does itself: one after the other, they left a core idle where nothing
    was to be heard.
    """

    def look(seen: Sight) -> Iterator[Report]:
        if isinstance(seen, Ended):
            yield seen
            return
        job, window = seen
        try:
            # All there is of its start as yet, and as good: both lie in the same minute.
            begun_us = window.samples[0].span.start
            due = [task for task in job.pictures if task.start_us <= begun_us]
            due = [task for task in due if task.modality.name not in job.failed]
            read = partial(_read, job, window, stopwatch)
            read_all = side_by_side([partial(read, task) for task in due])
            span, cuts, lost_us = window.span, window.cuts, window.lost_us
        except arriving.Unseen:  # the decoder's end comes next, and says why
            return
        harvests = {}
        for task, made in zip(due, read_all, strict=True):
            if isinstance(made, Faltered):
                yield made
            else:
                harvests[task.modality.name] = made
        yield Made(job, Feed.PICTURE, span, cuts, harvests, lost_us)

    return look


def _read(
    job: Job, window: PictureWindow, stopwatch: Unwatched, task: PictureTask
) -> Harvest | Faltered:
    name = task.modality.name
    try:
        with stopwatch.at("look", name):
            return task.modality.read(window)
    except (MissingError, arriving.Unseen):
        raise
    except Exception as error:  # noqa: BLE001  (a bad file never ends the run)
        job.failed.add(name)
        return Faltered(job, f"{name}: {reason(error, job.footage.path)}")


def listener(tools: Tools, stopwatch: Unwatched = _UNWATCHED) -> Callable[[Job], Iterator[Report]]:
    """The lane that reads sound and subtitles."""

    def listen(job: Job) -> Iterator[Report]:
        for task in job.sounds:
            name = task.modality.name
            read = _read_cues if task.cues is not None else _hear
            try:
                for span, harvest, lost_us in read(job, task, tools, stopwatch):
                    yield Made(job, Feed.SOUND, span, (), {name: harvest}, lost_us)
            except MissingError:
                raise
            except Exception as error:  # noqa: BLE001  (a bad file never ends the run)
                job.failed.add(name)
                yield Faltered(job, f"{name}: {reason(error, job.footage.path)}")
        yield Ended(job, Feed.SOUND)

    return listen


def reason(error: Exception, path: Path) -> str:
    """Why a file failed, in one line; its name is told beside it."""
    if isinstance(error, MediaError):
        return " ".join(str(error).removeprefix(f"{path.name}: ").split())
    _log.debug("unforeseen", exc_info=error)
    return " ".join(f"unforeseen {type(error).__name__}: {error}".split())


def _read_cues(
    job: Job, task: SoundTask, tools: Tools, stopwatch: Unwatched
) -> Iterator[tuple[Span, Harvest, int]]:
    cues: Sequence[Cue]
    with stopwatch.at("listen", "subtitles"):
        if isinstance(task.cues, os.PathLike):
            cues = tools.subtitles.read_sidecar(task.cues)
        elif task.cues is not None:
            cues = tools.reader.cues(job.footage.path, task.cues)
    if tools.transcriber is not None:
        with stopwatch.at("listen", task.modality.name):
            harvest = tools.transcriber.from_cues(cues)
        yield Span(0, job.media.duration_us), harvest, 0


def _hear(
    job: Job, task: SoundTask, tools: Tools, stopwatch: Unwatched
) -> Iterator[tuple[Span, Harvest, int]]:
    """Feed a sound modality windows, each beginning where it let go of the last.

    With each comes how much sound was lost since the last.

    A window's length hangs on nothing but its start, so that it comes out the same when the
    work is taken up there.
    """
    start_us, held = task.start_us, _Held()
    lost: list[Span] = []

    def read(window: SoundWindow) -> Harvest:
        with stopwatch.at("listen", task.modality.name):
            return task.modality.read(window)

    blocks = tools.reader.sound(job.footage.path, start_us=start_us)
    for block in stopwatch.making("listen", "sound", blocks):
        if block.lost_us:
            lost.append(Span(block.start_us, block.start_us + block.lost_us))
        held.add(block.samples)
        while held.duration_us >= _SOUND_WINDOW_US:
            span = Span(start_us, start_us + _SOUND_WINDOW_US)
            samples = held.samples()[: _SOUND_WINDOW_US * SOUND_RATE_HZ // SECOND_US]
            harvest = read(SoundWindow(span, samples, last=False))
            done_us = harvest.done_us  # what is behind it is read once more
            before = [Span(one.start, min(one.end, done_us)) for one in lost if one.start < done_us]
            yield Span(start_us, done_us), harvest, sum(one.duration for one in before)
            lost = [Span(max(one.start, done_us), one.end) for one in lost if one.end > done_us]
            held.drop(harvest.done_us - start_us)
            start_us = harvest.done_us
    if held.duration_us:
        span = Span(start_us, start_us + held.duration_us)
        lost_us = sum(one.duration for one in lost)
        yield span, read(SoundWindow(span, held.samples(), last=True)), lost_us


class _Held:
    """Sound that waits for its window to be full."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.float32]] = []
        self._count = 0

    @property
    def duration_us(self) -> int:
        return self._count * SECOND_US // SOUND_RATE_HZ

    def add(self, samples: NDArray[np.float32]) -> None:
        self._blocks.append(samples)
        self._count += len(samples)

    def samples(self) -> NDArray[np.float32]:
        return np.concatenate(self._blocks)

    def drop(self, duration_us: int) -> None:
        rest = self.samples()[duration_us * SOUND_RATE_HZ // SECOND_US :]
        self._blocks, self._count = [rest], len(rest)
