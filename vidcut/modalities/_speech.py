"""Where in a window someone speaks, where to stop, and what lies together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps

from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    Sound: TypeAlias = NDArray[np.float32]
    Region: TypeAlias = tuple[int, int]
    """First and past-the-last sample of a stretch of speech."""

RATE_HZ = 16_000
_PAD = RATE_HZ // 10
_VAD = VadOptions(min_silence_duration_ms=300, speech_pad_ms=_PAD * 1000 // RATE_HZ)
_PAUSE = RATE_HZ * 2 // 5
_LEAST_PIECE = 3 * RATE_HZ
"""Whisper base tells the language of 3 s of speech, and not that of 2 s."""
_MOST_PIECE = 10 * RATE_HZ
_LEAST_EXCERPT = 2 * RATE_HZ
_MOST_EXCERPT = 8 * RATE_HZ
_AUDIBLE = 0.004
"""Root mean square, -48 dB: below it nobody talks."""
_BREATH = RATE_HZ // 2
_QUIET_BLOCK = RATE_HZ // 10


def regions(samples: Sound) -> list[Region]:
    """The stretches where Silero's voice-activity detector hears speech, in order."""
    found = get_speech_timestamps(samples, _VAD)
    return [(int(one["start"]), int(one["end"])) for one in found if one["start"] < one["end"]]


def place_to_stop(spoken: Sequence[Region], samples: Sound) -> int:
    """The sample to stop before: in the longest silence of the window's latter half.

    Near the end of that silence, so that little of it comes again. Where there is none, the
    quietest tenth of a second.
    """
    half, end = len(samples) // 2, len(samples)
    edges = [half, *(edge for region in spoken for edge in region), end]
    silences = [(max(a, half), max(b, half)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    start, stop = max(silences, key=lambda silence: silence[1] - silence[0])
    if stop - start >= _QUIET_BLOCK:
        place = stop - min(_BREATH, (stop - start) // 2)
    else:
        place = half + _quietest(samples[half:])
    return place + place % 2  # an even number of samples is a whole number of microseconds


def until(spoken: Sequence[Region], stop: int) -> list[Region]:
    """The regions' parts before ``stop``."""
    return [(start, min(end, stop)) for start, end in spoken if start < stop]


def pieces(spoken: Sequence[Region]) -> list[list[Region]]:
    """Regions put together to what one person is likely to say in one language.

    A piece ends at a pause when it holds enough speech to tell the language by, and at the
    next region when it holds much.
    """
    found: list[list[Region]] = []
    held = 0
    for region in spoken:
        pause = region[0] - found[-1][-1][1] if found else 0
        if not found or held >= _MOST_PIECE or (held >= _LEAST_PIECE and pause >= _PAUSE):
            found.append([])
            held = 0
        found[-1].append(region)
        held += region[1] - region[0]
    return found


def excerpts(spoken: Sequence[Region], samples: Sound, stop: int) -> list[Region]:
    """What lies between the regions, as far as it can be heard, in parts of some seconds."""
    edges = [0, *(edge for region in spoken for edge in region), stop]
    parts = (
        (start, min(start + _MOST_EXCERPT, last))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
        for start in range(first, last, _MOST_EXCERPT)
    )
    return [
        (start, end)
        for start, end in parts
        if end - start >= _LEAST_EXCERPT
        and np.sqrt(np.mean(np.square(samples[start:end]))) >= _AUDIBLE
    ]


def joined(samples: Sound, spoken: Sequence[Region]) -> Sound:
    """The regions' sound, one after the other."""
    return np.concatenate([samples[start:end] for start, end in spoken])


class Clock:
    """Times in joined regions to times in the window."""

    def __init__(self, spoken: Sequence[Region]) -> None:
        self._spoken = spoken
        lengths = [end - start for start, end in spoken]
        edges = np.concatenate([[0], np.cumsum(lengths)])
        self._starts, self._ends = edges[:-1], edges[1:]

    def span_us(self, start_s: float, end_s: float) -> tuple[int, int]:
        """Microseconds from the window's start, inside one region.

        Whisper knows of no joint and lets a word reach across: it goes where more of it lies,
        paddings aside, else to the later region.
        """
        start, end = round(start_s * RATE_HZ), round(end_s * RATE_HZ)
        shared = np.minimum(self._ends - _PAD, end) - np.maximum(self._starts + _PAD, start)
        at = len(shared) - 1 - int(np.argmax(shared[::-1]))
        if shared[at] <= 0:
            middle = (start + end) // 2 + _PAD
            at = min(int(np.searchsorted(self._ends, middle, side="right")), len(shared) - 1)
        first, past = self._spoken[at]
        shift = first - int(self._starts[at])
        start, end = (min(max(edge + shift, first), past) for edge in (start, end))
        return start * SECOND_US // RATE_HZ, max(start, end) * SECOND_US // RATE_HZ


def _quietest(samples: Sound) -> int:
    """The middle of the quietest block."""
    count = len(samples) // _QUIET_BLOCK
    if not count:
        return len(samples)
    blocks = samples[: count * _QUIET_BLOCK].reshape(count, _QUIET_BLOCK)
    return int(np.argmin(np.square(blocks).sum(axis=1))) * _QUIET_BLOCK + _QUIET_BLOCK // 2
