"""Reads media with PyAV (libav in this process); the reader that vidcut uses by itself.

The work is done next door: ``_container`` opens files and passes over damage, ``_timing``
says when a frame is shown, ``_pictures``, ``_sound`` and ``_cues`` make of it what the
pipeline wants.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from vidcut.errors import MediaError
from vidcut.protocols import Pace
from vidcut.readers import _container, _cues, _decoding, _pictures, _sound
from vidcut.records import Media, PictureTrack, SoundTrack, SubtitleTrack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vidcut.protocols import Frame, Witness
    from vidcut.records import Cue, SoundBlock

_PROBED_PACKETS = 300
"""Within these a picture must decode for its rotation to be known: some ten seconds."""

# Their headers say nothing of how long they last, and libav guesses by the bit rate.
_GUESSED = frozenset(("aac", "ac3", "eac3", "h264", "hevc", "m4v", "mp3", "mpegvideo", "obu"))


def create(
    *, threads: int = 0, witness: Witness | None = None, pace: Pace = Pace.EVERY
) -> PyavReader:
    """``threads``: those of one file's decoder, 0 for as many as there are cores.

    One reader a core with ``threads=1`` gets 1.16 times as much done as one with all of
    them (1080p H.264, 2 cores); a single file is done sooner with all.
    """
    return PyavReader(threads, witness or _container.Nobody(), pace)


class PyavReader:
    """See `vidcut.protocols.Reader`."""

    def __init__(self, threads: int, witness: Witness, pace: Pace) -> None:
        self._threads = threads
        self._witness = witness
        self._pace = pace

    def probe(self, path: Path) -> Media:
        """What the file holds; raises where it holds neither pictures nor sound."""
        with _container.opened(path) as container:
            picture = _container.picture_stream(container)
            sound = _container.sound_stream(container)
            if picture is None and sound is None:
                fact = f"{path.name}: holds neither pictures nor sound"
                raise MediaError(f"{fact} that can be decoded; {_remedy(container)}")
            if picture is None and _container.has_unknown_pictures(container):
                fact = f"{path.name}: holds pictures that cannot be decoded"
                raise MediaError(f"{fact}; {_remedy(container)}")
            return Media(
                container=container.format.name,
                duration_us=_duration_us(path, container, self._witness),
                picture=None
                if picture is None
                else _picture_track(container, picture, self._witness),
                sound=None if sound is None else _sound_track(sound),
                subtitles=tuple(_subtitle_tracks(container)),
                timecode=_container.timecode(container),
            )

    def frames(self, path: Path, *, start_us: int = 0) -> Iterator[Frame]:
        """Every frame shown at or after ``start_us``, in order of time, each time once.

        A quick reader leaves out those that `_thinning` does.
        """
        decoder = _pictures.Decoder(self._threads, self._witness, self._pace)
        return _pictures.frames(path, start_us=start_us, decoder=decoder)

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        """Mono sound at 16 kHz from ``start_us`` on, in blocks of a second."""
        return _sound.sound(path, start_us=start_us, witness=self._witness)

    def cues(self, path: Path, track: SubtitleTrack) -> Sequence[Cue]:
        """The cues of an embedded text subtitle stream, in order of time."""
        return _cues.cues(path, track, self._witness)


def _duration_us(path: Path, container: Any, witness: Witness) -> int:
    """From the container's start to where the last picture or sound ends."""
    if container.format.name in _GUESSED:
        return _scanned_us(path, 0, witness)
    streams = _streams(container)
    ends = [_end_us(container, s, (s.start_time or 0) + s.duration) for s in streams if s.duration]
    if len(ends) == len(streams):
        return max(ends)
    # Matroska gives no duration for a stream, and for the whole counts from 0 or from the
    # start, as its writer saw fit.
    header_us = container.duration or 0
    return _scanned_us(path, header_us, witness) or max([header_us, *ends])


def _scanned_us(path: Path, from_us: int, witness: Witness) -> int:
    """The same by reading packets from the key frame before a time on, decoding none."""
    end_us = 0
    with _container.opened(path) as container:
        streams = _streams(container)
        if from_us:
            _container.seek(container, streams[0], from_us)
        after = {stream.index: 0 for stream in streams}
        for packet in _container.packets(container, streams, witness):
            index = packet.stream.index
            ticks = after[index] if packet.pts is None else packet.pts
            after[index] = ticks + (packet.duration or 0)
            end_us = max(end_us, _end_us(container, packet.stream, after[index]))
    return end_us


def _end_us(container: Any, stream: Any, ticks: int) -> int:
    return _container.microseconds(ticks, stream.time_base) - _container.start_us(container)


def _streams(container: Any) -> list[Any]:
    both = (_container.picture_stream(container), _container.sound_stream(container))
    return [stream for stream in both if stream is not None]


def _picture_track(container: Any, stream: Any, witness: Witness) -> PictureTrack:
    packets = itertools.islice(_container.packets(container, stream, witness), _PROBED_PACKETS)
    ledger = _decoding.Ledger(container, stream, _container.Nobody())
    frame = next(_decoding.decoded(stream, packets, ledger), None)
    rotation = 0 if frame is None else round(frame.rotation / 90) * 90 % 360
    coded = stream.codec_context if frame is None else frame
    width, height = _pictures.Scaler(stream.sample_aspect_ratio).size(coded)
    if rotation in (90, 270):
        width, height = height, width
    return PictureTrack(
        codec=stream.codec_context.codec.canonical_name,
        width=width,
        height=height,
        rate=stream.average_rate or None,
        rotation=rotation,
    )


def _sound_track(stream: Any) -> SoundTrack:
    context = stream.codec_context
    return SoundTrack(context.codec.canonical_name, context.rate, context.channels)


def _subtitle_tracks(container: Any) -> Iterator[SubtitleTrack]:
    for stream in container.streams.subtitles:
        context = stream.codec_context
        if context is not None and context.codec.canonical_name in _cues.TEXT_CODECS:
            yield SubtitleTrack(stream.index, context.codec.canonical_name, stream.language)


def _remedy(container: Any) -> str:
    known = [s.codec_context is not None for s in container.streams if s.type in ("video", "audio")]
    if all(known):
        return "leave it out"
    return "libav does not know its codec, convert it with the program that made it"
