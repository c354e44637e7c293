"""Decoded sound: mono, 16 kHz, without gaps."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from av.audio.resampler import AudioResampler

from vidcut.errors import MediaError
from vidcut.readers import _container, _decoding, _timing
from vidcut.records import SECOND_US, SoundBlock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import TypeAlias

    from numpy.typing import NDArray

    from vidcut.protocols import Witness

    Samples: TypeAlias = NDArray[np.float32]

RATE_HZ = 16_000

_SLACK_US = 50_000
"""How far a frame's time may be from the end of the sound before it: below this it is the
rounding of time stamps (Matroska keeps milliseconds), above it sound is missing."""

_PREROLL_US = SECOND_US
"""Decoded before the start, for codecs that lean on what came before (MP3, AAC, Opus)."""

_FULL_SCALE = np.float32(1 << 15)


def sound(path: Path, *, start_us: int, witness: Witness) -> Iterator[SoundBlock]:
    """See `vidcut.protocols.Reader.sound`; blocks of a second, the last one shorter."""
    if start_us > 2 * _PREROLL_US:
        with _container.opened(path) as container:
            stream = _decodable(path, container)
            source = _from_before(container, stream, start_us - _PREROLL_US, witness)
            if source is not None:
                yield from _blocks(container, stream, source, start_us)
                return
    with _container.opened(path) as container:
        stream = _decodable(path, container)
        source = _decoding.read_through(path, container, stream, witness)
        yield from _blocks(container, stream, source, start_us)


def _decodable(path: Path, container: Any) -> Any:
    stream = _container.sound_stream(container)
    if stream is None:
        raise MediaError(f"{path.name}: has no audio stream that can be decoded")
    return stream


def _from_before(
    container: Any, stream: Any, time_us: int, witness: Witness
) -> Iterator[Any] | None:
    """The frames from at or before a time; None where the seek did not land there."""
    if not _container.seek(container, stream, time_us):
        return None
    source = _container.packets(container, stream, witness)
    first = next(source, None)
    if first is None or first.pts is None:
        return None
    landed_us = _container.microseconds(first.pts, stream.time_base)
    if landed_us - _container.start_us(container) > time_us:
        return None
    ledger = _decoding.Ledger(container, stream, witness)
    return _decoding.decoded(stream, itertools.chain([first], source), ledger)


def _blocks(
    container: Any, stream: Any, source: Iterable[Any], start_us: int
) -> Iterator[SoundBlock]:
    """Whole seconds, so that each block's start is a whole number of microseconds."""
    waiting: list[Samples] = []
    count = 0
    for samples in _joined(_pieces(container, stream, source, start_us)):
        waiting.append(samples)
        count += len(samples)
        while count >= RATE_HZ:
            whole = np.concatenate(waiting)
            yield SoundBlock(start_us, whole[:RATE_HZ])
            start_us += SECOND_US
            waiting, count = [whole[RATE_HZ:]], count - RATE_HZ
    if count:
        yield SoundBlock(start_us, np.concatenate(waiting))


def _joined(pieces: Iterable[tuple[int, Samples]]) -> Iterator[Samples]:
    """From position 0 on without gaps: silence where none is, the later cut where two are."""
    written = 0
    for position, samples in pieces:
        while written < position:
            silence = np.zeros(min(position - written, RATE_HZ), dtype=np.float32)
            yield silence
            written += len(silence)
        if written < position + len(samples):
            new = samples[written - position :]
            yield new
            written += len(new)


def _pieces(
    container: Any, stream: Any, source: Iterable[Any], start_us: int
) -> Iterator[tuple[int, Samples]]:
    """Resampled sound and its place in samples since ``start_us``, which may be negative."""
    run: _Run | None = None
    for time_us, frame in _timing.without_strays(_timing.timed(container, stream, source)):
        if run is None or not run.goes_on(time_us, frame):
            if run is not None:
                yield run.resampled(None)
            run = _Run(time_us, frame, start_us)
        yield run.resampled(frame)
    if run is not None:
        yield run.resampled(None)


class _Run:
    """Frames of one format that follow one another."""

    def __init__(self, time_us: int, frame: Any, start_us: int) -> None:
        self._begin_us = time_us
        self._format = _sound_format(frame)
        self._taken = 0
        self._position = round((time_us - start_us) * RATE_HZ / SECOND_US)
        # To 16 bits, because libswresample keeps a mix within full scale only for integers.
        self._resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)

    def goes_on(self, time_us: int, frame: Any) -> bool:
        """Whether the frame begins where the run ends."""
        end_us = self._begin_us + self._taken * SECOND_US // frame.sample_rate
        return abs(time_us - end_us) <= _SLACK_US and _sound_format(frame) == self._format

    def resampled(self, frame: Any | None) -> tuple[int, Samples]:
        """What has come out of the resampler by this frame; None ends the run."""
        if frame is not None:
            self._taken += frame.samples
        parts = [out.to_ndarray()[0] for out in self._resampler.resample(frame)]
        whole = np.concatenate([np.empty(0, dtype=np.int16), *parts])
        position = self._position
        self._position += len(whole)
        return position, whole.astype(np.float32) / _FULL_SCALE


def _sound_format(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
