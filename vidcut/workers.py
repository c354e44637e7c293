"""Look at media files in processes of their own, which may crash, hang or be killed.

A native decoder that meets a broken or hostile file costs that file, and no more. Processes
are started at need, kept for the next file, and replaced when one fails.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from vidcut import wire
from vidcut.chunking import joined
from vidcut.errors import MediaError, MissingError
from vidcut.processes import Companion, Gone, Silent
from vidcut.protocols import Pace
from vidcut.records import PictureWindow, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from vidcut.records import (
        Cue,
        Glance,
        Media,
        Picture,
        SoundBlock,
        Span,
        SubtitleTrack,
    )
    from vidcut.wire import Message

T = TypeVar("T")

MEMORY_BYTES = 1 << 30
"""Of one process: an 8K picture takes 50 MB, and decoders keep up to 17 of them."""
PATIENCE_S = 60.0
"""How long a decoder may do nothing that can be seen before it counts as hung."""

_BOOT = "import sys; sys.path[:] = sys.argv[1:-5]; from vidcut import decoding; decoding.main()"
_GPU_MEMORY_BYTES = 1 << 32
"""Where a GPU decodes, for its driver maps memory of its own."""
_KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Of the environment: how names are spelt, and where libraries lie."""
_KEPT_FOR_A_GPU = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
GPU_READER = "nvdec"
_MOST_WINDOW_BYTES = 1 << 31
_ENDS = frozenset(("done", "failed", "missing", "memory"))
_log = logging.getLogger(__name__)
_REMEDY = "convert it with ffmpeg, or leave it out"


def command(reader: str, *, threads: int = 0, pace: Pace = Pace.EVERY) -> list[str]:
    """What starts a process that serves a reader, with the modules that are ours here.

    Isolated, so that neither the environment nor the working folder brings others in.

    ``threads``: of a file's decoder, 0 for as many as there are cores.
    """
    places = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100  (Path("") is ".")
    python = [sys.executable, "-I", "-X", f"utf8={sys.flags.utf8_mode}", "-c", _BOOT]
    memory_bytes = _GPU_MEMORY_BYTES if reader == GPU_READER else MEMORY_BYTES
    return [*python, *places, reader, str(threads), pace, str(memory_bytes)]


class Workers:
    """A `Viewer` and `Onlooker` of `vidcut.protocols`; each call has a process to itself.

    Args:
        command: what starts a process.
        patience_s: how long one may do nothing before it is given up.
        instead: what starts others from then on where the first lack something.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        patience_s: float = PATIENCE_S,
        instead: Sequence[str] | None = None,
    ) -> None:
        self._command = command
        self._instead = instead
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._is_closed = False
        self._all: set[Companion] = set()
        self._idle: list[Companion] = []
        weakref.finalize(self, _release, self._all)

    # What a viewer does ---------------------------------------------------------------

    def probe(self, path: Path) -> Media:
        """See `vidcut.protocols.Prober.probe`."""
        return self._one(wire.media, path, do="probe")

    def windows(self, path: Path, *, start_us: int, longest_px: int) -> Iterator[PictureWindow]:
        """The windows of a video, each when it is over; see `parts`."""
        return joined(self.parts(path, start_us=start_us, longest_px=longest_px))

    def parts(
        self, path: Path, *, start_us: int, longest_px: int
    ) -> Iterator[Sample | PictureWindow]:
        """See `vidcut.protocols.Viewer.parts`."""
        facts = {"start_us": start_us, "longest_px": longest_px}
        return _bounded(self._all_of(wire.part, path, do="parts", **facts))

    def picture(self, path: Path, time_us: int, *, longest_px: int) -> Picture:
        """See `vidcut.protocols.Viewer.picture`."""
        return self._one(wire.picture, path, do="picture", time_us=time_us, longest_px=longest_px)

    def glances(
        self, path: Path, span: Span, *, every_us: int, longest_px: int
    ) -> Iterator[Glance]:
        """See `vidcut.protocols.Onlooker.glances`."""
        facts = {"start_us": span.start, "end_us": span.end}
        facts |= {"every_us": every_us, "longest_px": longest_px}
        return self._all_of(wire.glance, path, do="glances", **facts)

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        """See `vidcut.protocols.Reader.sound`."""
        return self._all_of(wire.block, path, do="sound", start_us=start_us)

    def cues(self, path: Path, track: SubtitleTrack) -> Sequence[Cue]:
        """See `vidcut.protocols.Reader.cues`."""
        facts = (track.index, track.codec, track.language)
        return self._one(wire.cues, path, do="cues", track=facts)

    def start(self, count: int) -> None:
        """Start so many processes before they are asked anything, for they take a while."""
        for _ in range(count):
            worker = self._new_one()
            with self._lock:
                self._idle.append(worker)

    def close(self) -> None:
        """End all processes, whoever waits for them; there will be no others."""
        with self._lock:
            self._is_closed = True
            idle, busy = set(self._idle), self._all.difference(self._idle)
            self._idle.clear()
            self._all.clear()
        _release(idle)
        for worker in busy:  # released by whom they answer
            worker.end()

    # Asking ---------------------------------------------------------------------------

    def _one(self, read: Callable[[Message], T], path: Path, **request: Any) -> T:
        with contextlib.closing(self._all_of(read, path, **request)) as answers:
            answer = next(answers, None)
            if answer is None or next(answers, None) is not None:
                raise MediaError(f"the decoder lost its way; {_REMEDY}")
            return answer

    def _all_of(
        self, read: Callable[[Message], T], path: Path, **request: Any
    ) -> Generator[T, None, None]:
        """The answers to a request, each as ``read`` takes it from its message."""
        command = self._command
        try:
            yield from self._by_one(read, path, **request)
        except MissingError as error:  # it is said before anything is answered
            if not self._has_instead(command, error):
                raise
            yield from self._by_one(read, path, **request)

    def _has_instead(self, command: Sequence[str], error: MissingError) -> bool:
        """Whether others serve from now on, and not those that lack something."""
        with self._lock:
            if self._command is not command:  # another lane was first
                return True
            if self._instead is None:
                return False
            self._command, self._instead = self._instead, None
            idle = set(self._idle)
            self._idle.clear()
            self._all.clear()  # whoever is busy is not kept
        _release(idle)
        _log.warning("%s; the CPU decodes", error)
        return True

    def _by_one(
        self, read: Callable[[Message], T], path: Path, **request: Any
    ) -> Generator[T, None, None]:
        """See `_all_of`.

        What an earlier file broke may show only now: where a process ends that has served
        before, the request is made once more, of a new one.
        """
        where = os.path.abspath(path)  # noqa: PTH100  (resolves no links)
        line = json.dumps({**request, "path": where}).encode("ascii") + b"\n"
        worker = self._idle_one()
        if worker is not None:
            asked = _Asked(worker)
            try:
                yield from self._given_back(asked, asked.answers(line, read))
            except Gone as gone:
                if asked.has_answered or self._is_closed:
                    raise MediaError(asked.ended(gone)) from gone
            else:
                return
        asked = _Asked(self._new_one())
        try:
            yield from self._given_back(asked, asked.answers(line, read))
        except Gone as gone:
            raise MediaError(asked.ended(gone)) from gone

    def _given_back(self, asked: _Asked, answers: Iterator[T]) -> Iterator[T]:
        """The answers; afterwards who gave them is kept for another request, or ended."""
        try:
            yield from answers
        finally:
            with self._lock:
                is_kept = asked.is_over and not self._is_closed and asked.worker in self._all
                if is_kept:
                    self._idle.append(asked.worker)
                else:
                    self._all.discard(asked.worker)
            if not is_kept:
                asked.worker.release()

    def _idle_one(self) -> Companion | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _new_one(self) -> Companion:
        with self._lock:
            if self._is_closed:
                raise MediaError("nobody waits for it any more")
            worker = Companion(self._command, _environment(), patience_s=self._patience_s)
            self._all.add(worker)
            return worker


class _Asked:
    """One request of one process, and how far the answer is."""

    def __init__(self, worker: Companion) -> None:
        self.worker = worker
        self.has_answered = False
        self.is_over = False
        """Whether it has answered to the end, and may be asked something else."""
        self._at_us: int | None = None

    def answers(self, line: bytes, read: Callable[[Message], T]) -> Iterator[T]:
        """Ask, and yield what is answered.

        Raises:
            Gone: the process ended.
            MediaError: it cannot answer, or does so no more.
            MissingError: it lacks a package.
        """
        self.worker.ask(line)
        try:
            while (message := wire.read(self.worker.fill)).kind not in _ENDS:
                if message.kind == "tick":
                    self._at_us = wire.tick(message)
                    continue
                answer = read(message)
                self.has_answered = True
                yield answer
            reason = wire.reason(message)
        except wire.WireError as error:
            raise MediaError(
                f"the decoder lost its way ({error}){self._place}; {_REMEDY}"
            ) from error
        except Silent as error:
            waited = f"the decoder got no further for {self.worker.patience_s:g} s"
            raise MediaError(f"{waited}{self._place}; {_REMEDY}") from error
        if message.kind == "memory":
            raise MediaError(f"{reason}{self._place}; {_REMEDY}")
        self.is_over = True
        if message.kind == "failed":
            raise MediaError(reason)
        if message.kind == "missing":
            raise MissingError(reason)

    def ended(self, gone: Gone) -> str:
        """That the process ended, and where in the file."""
        return f"the decoder crashed ({gone.how}){self._place}; {_REMEDY}"

    @property
    def _place(self) -> str:
        return " when it was opened" if self._at_us is None else f" at {self._at_us / 1e6:.1f} s"


def _bounded(parts: Iterator[Sample | PictureWindow]) -> Iterator[Sample | PictureWindow]:
    """The parts, as a decoder in its senses sends them.

    Raises:
        MediaError: a window has no samples, has more than fit into memory, or does not end.
    """
    size_bytes = 0
    for part in parts:
        if isinstance(part, Sample):
            size_bytes += part.picture.nbytes
        if not 0 < size_bytes <= _MOST_WINDOW_BYTES:
            raise _lost(f"a window of {size_bytes} bytes")
        yield part
        if isinstance(part, PictureWindow):
            size_bytes = 0
    if size_bytes:
        raise _lost("a window without an end")


def _lost(fact: str) -> MediaError:
    return MediaError(f"the decoder lost its way ({fact}); {_REMEDY}")


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in (*_KEPT, *_KEPT_FOR_A_GPU) if name in os.environ}
    return {**kept, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _release(workers: set[Companion]) -> None:
    for worker in workers:
        worker.release()
