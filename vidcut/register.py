"""The one thread that writes: what the lanes report becomes catalog, in whole steps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut.indexing import Examined, Faltered, Job, Made, PictureTask, SoundTask, remaining, wanted
from vidcut.protocols import Feed
from vidcut.records import SECOND_US, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vidcut.footage import Footage
    from vidcut.indexing import Ended, Report, Task, Tools
    from vidcut.library import Holdings
    from vidcut.records import Video


_LEAST_LOST_US = SECOND_US // 10
"""Less is a frame or two at a joint, as many a camera leaves them."""
_CHANGED = "it changed while it was read; the next run reads it again"
_NEVER_NS = -1
"""A time at which no file was ever modified."""


@dataclass(slots=True)
class Tally:
    """What an index run did, counted as it goes."""

    videos: int = 0
    """Files that were indexed, wholly or in part."""
    unchanged: int = 0
    moved: int = 0
    missing: int = 0
    left_behind: int = 0
    """Videos of the library that another model read: no query finds them by what it saw."""
    duration_us: int = 0
    """Playing time of the files that are through."""
    chunks: Counter[str] = field(default_factory=Counter)
    invented: int = 0
    """Sentences that were heard, most likely never said, and left out."""
    failures: list[Failure] = field(default_factory=list)

    @property
    def found_nothing(self) -> bool:
        """Whether there was no file to look at."""
        return not (self.videos or self.unchanged or self.moved or self.failures)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an index run is."""

    files: int
    files_done: int
    share: float
    """Of all bytes, 0…1."""
    media_us: int
    """Playing time indexed so far."""
    path: str
    """The file that was last worked on, relative to the library's folder."""


@dataclass(slots=True)
class _Open:
    """A video that is being worked on."""

    job: Job
    feeds: set[Feed]
    failures: list[str] = field(default_factory=list)
    done_us: dict[Feed, int] = field(default_factory=dict)


class Register:
    """Writes an index run's reports to the catalog.

    Args:
        holdings: the library, open to write.
        tools: what the run works with.
        on_failure: told of each file that fails, at once.
        retry: whether files that failed before are tried again.
    """

    def __init__(
        self,
        holdings: Holdings,
        tools: Tools,
        on_failure: Callable[[Failure], None],
        *,
        retry: bool,
    ) -> None:
        self.tally = Tally()
        self.files_done = 0
        self._files = 0
        self._bytes = 1
        self._bytes_done = 0
        self._now = ""
        self._retry = retry
        self._holdings = holdings
        self._catalog = holdings.catalog
        self._tools = tools
        self._on_failure = on_failure
        self._open: dict[int, _Open] = {}

    # Before a file is opened -----------------------------------------------------------

    def is_done(self, footage: Footage) -> bool:
        """Whether nothing needs doing, as far as one look at the file system tells."""
        video = self._catalog.video_at(self._holdings.relative(footage.path))
        if video is None or self._catalog.stamp(video.id) != footage.stamp:
            return False
        if self._retry and video.failure is not None:
            return False
        if video.state == "missing" or video.is_unfinished:
            return False
        if video.media is not None:
            tasks = wanted(footage.path, video.media, self._tools)
            if remaining(tasks, self._catalog.progress(video.id)):
                return False
        self.tally.unchanged += 1
        return True

    def mark_missing(self, folders: Sequence[Path]) -> None:
        """Mark what was below these folders, given absolute, and is there no more."""
        for video in self._catalog.videos():
            path = self._holdings.absolute(video)
            if not any(path.is_relative_to(folder) for folder in folders) or not _is_gone(path):
                continue
            self.tally.missing += 1
            if video.state != "missing":
                with self._catalog.writing():
                    self._catalog.set_state(video.id, "missing", video.failure)

    # What the lanes report -------------------------------------------------------------

    def take(self, report: Report) -> Job | None:
        """Write down a report; the job that it leads to, if any."""
        if isinstance(report, Examined):
            self._now = self._holdings.relative(report.footage.path)
            return self._enrol(report)
        self._now = self._holdings.relative(report.job.footage.path)
        if isinstance(report, Made):
            self._keep(report)
        elif isinstance(report, Faltered):
            self._open[report.job.video_id].failures.append(report.failure)
        else:
            self._end(report)
        return None

    def expect(self, files: Sequence[Footage]) -> None:
        """These are the files that the run is to do."""
        self._files = len(files)
        self._bytes = max(1, sum(file.size for file in files))

    def progress(self) -> Progress:
        """How far the run is with the files that were expected."""
        jobs = [(video.job, _share(video)) for video in self._open.values()]
        done_bytes = self._bytes_done + sum(job.footage.size * share for job, share in jobs)
        media_us = self.tally.duration_us + sum(
            job.media.duration_us * share for job, share in jobs
        )
        share = min(1.0, done_bytes / self._bytes)
        return Progress(self._files, self.files_done, share, int(media_us), self._now)

    def unseen(self, path: str, reason: str) -> None:
        """Remember a path that could not even be looked at."""
        self._fail(Path(path), reason)

    def _enrol(self, examined: Examined) -> Job | None:
        """Enter a file; the job that it needs, None where it needs none or failed."""
        if examined.media is None:
            self._fail(examined.footage.path, examined.failure or "it cannot be read")
            self._finished(examined.footage)
            if not _is_gone(examined.footage.path):
                with self._catalog.writing():
                    video_id = self._enter(examined)
                    self._catalog.describe(video_id, None)
                    self._catalog.set_state(video_id, "failed", examined.failure)
            return None
        with self._catalog.writing():
            video_id = self._enter(examined)
            before = self._catalog.video(video_id)
            self._catalog.describe(video_id, examined.media)
            job = self._job(video_id, examined)
            if not (job.pictures or job.sounds):
                # Of a file that could not be read before, the failure is over.
                self._settle(video_id, before.failure if before.media else None)
                self._finished(examined.footage)
                return None
            self._catalog.set_state(video_id, "partial")
        feeds = {Feed.PICTURE} if job.pictures else set()
        self._open[video_id] = _Open(job, feeds | ({Feed.SOUND} if job.sounds else set()))
        return job

    def _keep(self, made: Made) -> None:
        """Store a window: its chunks and the mark of progress, in one transaction."""
        job = made.job
        every: tuple[Task, ...] = (*job.pictures, *job.sounds)
        tasks = {task.modality.name: task for task in every}
        with self._catalog.writing():
            if made.feed is Feed.PICTURE:
                self._catalog.add_cuts(job.video_id, made.cuts, within=made.span)
            for name, harvest in made.harvests.items():
                task = tasks[name]
                self._holdings.keep(job.video_id, name, task.modality.space, harvest.drafts)
                self._catalog.advance(
                    job.video_id, name, task.recipe, done_us=harvest.done_us, finished=False
                )
                if made.lost_us:
                    self._catalog.losses.add(job.video_id, name, made.lost_us)
                self.tally.chunks[name] += len(harvest.drafts)
                self.tally.invented += harvest.left_out
        if job.video_id in self._open:
            self._open[job.video_id].done_us[made.feed] = made.span.end

    def _end(self, ended: Ended) -> None:
        """Close a feed of a video, and with its last feed the video.

        What failed is finished together with the video, in the transaction that says why:
        an interruption before that must not leave the one without the other.
        """
        job, video = ended.job, self._open[ended.job.video_id]
        if ended.failure is not None:
            video.failures.append(ended.failure)
        video.feeds.discard(ended.feed)
        tasks: Sequence[Task] = job.pictures if ended.feed is Feed.PICTURE else job.sounds
        with self._catalog.writing():
            if ended.failure is None:
                self._finish(job, [t for t in tasks if t.modality.name not in job.failed])
            if video.feeds:
                return
            if self._close(video) != "failed":
                self.tally.videos += 1
                self.tally.duration_us += job.media.duration_us
        del self._open[job.video_id]
        self._finished(job.footage)

    # Steps -----------------------------------------------------------------------------

    def _enter(self, examined: Examined) -> int:
        """The file's row, new, moved, changed or as it was."""
        path = self._holdings.relative(examined.footage.path)
        stamp, content = examined.footage.stamp, examined.content
        if not content:  # it could not be read: look again the next time
            stamp = (examined.footage.size, _NEVER_NS)
        video = self._catalog.video_at(path)
        if video is None:
            video = self._moved_from(content)
            if video is None:
                return self._catalog.add_video(path, stamp, content)
            self.tally.moved += 1
        elif not content:
            content = self._catalog.content(video.id)  # what is known of it stays
        elif self._catalog.content(video.id) != content or (self._retry and video.failure):
            self._catalog.forget_chunks(video.id)
        self._catalog.restamp(video.id, path, stamp, content)
        return video.id

    def _moved_from(self, content: bytes) -> Video | None:
        if not content:
            return None
        for video in self._catalog.videos_of_content(content):
            if video.id not in self._open and _is_gone(self._holdings.absolute(video)):
                return video
        return None

    def _job(self, video_id: int, examined: Examined) -> Job:
        footage, media = examined.footage, examined.media
        if media is None:
            raise ValueError("a job needs a file that can be read")
        progress = self._catalog.progress(video_id)
        tasks = remaining(wanted(footage.path, media, self._tools), progress)
        for task in tasks:
            if task.start_us == 0:
                self._catalog.forget_chunks(video_id, task.modality.name)
        return Job(
            video_id,
            footage,
            media,
            tuple(task for task in tasks if isinstance(task, PictureTask)),
            tuple(task for task in tasks if isinstance(task, SoundTask)),
        )

    def _finish(self, job: Job, tasks: Sequence[Task]) -> None:
        """A task that failed is finished too: it is tried again on request or change only."""
        for task in tasks:
            self._catalog.advance(
                job.video_id,
                task.modality.name,
                task.recipe,
                done_us=job.media.duration_us,
                finished=True,
            )

    def _close(self, video: _Open) -> str:
        """End a video's turn, and say what state it is in."""
        job = video.job
        if _has_changed(job.footage):  # what was read is of two films
            self._fail(job.footage.path, _CHANGED)
            self._catalog.forget_chunks(job.video_id)
            self._catalog.set_state(job.video_id, "partial")
            return "failed"
        failures = dict.fromkeys((*video.failures, *self._losses(job.video_id)))
        failure = "; ".join(failures) or None
        if failure is not None:
            self._fail(job.footage.path, failure)
        if failure is not None and _is_gone(job.footage.path):
            self._catalog.set_state(job.video_id, "missing")  # goes on when it is back
            return "missing"
        self._finish(job, (*job.pictures, *job.sounds))
        return self._settle(job.video_id, failure)

    def _losses(self, video_id: int) -> Iterator[str]:
        """What to say of what did not decode, in this run or before, where it is more than a blink.

        Modalities look at the same pictures and listen to the same sound.
        """
        lost_us = self._catalog.losses.of(video_id)
        seen = {modality.name for modality in self._tools.pictures}
        told = []
        for name, modalities in (
            ("pictures", lost_us.keys() & seen),
            ("sound", lost_us.keys() - seen),
        ):
            most_us = max((lost_us[one] for one in modalities), default=0)
            if most_us >= _LEAST_LOST_US:
                told.append(f"{most_us / SECOND_US:.1f} s of its {name}")
        if told:
            yield f"{' and '.join(told)} could not be decoded; the rest is indexed"

    def _settle(self, video_id: int, failure: str | None) -> str:
        """Record how a video stands with which all is done that can be."""
        state = "ok"
        if failure is not None:
            state = "partial" if self._catalog.chunks_of(video_id) else "failed"
        self._catalog.set_state(video_id, state, failure)
        return state

    def _finished(self, footage: Footage) -> None:
        self.files_done += 1
        self._bytes_done += footage.size

    def _fail(self, path: Path, reason: str) -> None:
        failure = Failure(self._holdings.relative(path), reason)
        self.tally.failures.append(failure)
        self._on_failure(failure)


def _has_changed(footage: Footage) -> bool:
    """Whether a file that is there is another than the run set out to read."""
    try:
        facts = footage.path.stat()
    except OSError:
        return False
    return (facts.st_size, facts.st_mtime_ns) != footage.stamp


def _is_gone(path: Path) -> bool:
    """Whether a file is there no more; one that cannot be looked at may well be."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _share(video: _Open) -> float:
    """0…1; the feed that is furthest behind says how far the video is."""
    whole = video.job.media.duration_us
    feeds = [Feed.PICTURE] if video.job.pictures else []
    feeds += [Feed.SOUND] if video.job.sounds else []
    open_feeds = [feed for feed in feeds if feed in video.feeds]
    if not open_feeds or not whole:
        return 1.0
    return min(1.0, min(video.done_us.get(feed, 0) for feed in open_feeds) / whole)
