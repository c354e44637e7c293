"""The sound of a film: the takes' sounds laid end to end, evened, with music below them.

Sound is kept in files of 48 kHz stereo ``float32``, as ffmpeg reads and writes them raw.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vidcut.film import SOUND_HZ, sample
from vidcut.film_arguments import address, only_a_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from vidcut.film import Film, Laid
    from vidcut.film_arguments import Words

INTEGRATED_LUFS = -16.0
"""How loud a film is: AES TD1008's for speech streamed to phones and computers."""
TRUE_PEAK_DBTP = -1.5
"""Of the same; AAC overshoots by less than it leaves."""
_RANGE_LU = 20.0
"""The widest loudness range that every ffmpeg's loudnorm takes; a wider one is compressed."""
_FLAT_LU = 0.1
"""loudnorm takes a range of 0 for one that nobody measured."""
_MOST_LIFT_DB = 12.0
"""A take is not made louder than this: an empty room would come to rumble. By judgement."""
_NEAR_LU = 0.3
"""How near to its loudness a film has to come: half of what an ear tells apart."""
_LIMIT = 0.79
"""2 dB below full scale: room for that, and for what sampling hides, below the true peak."""
_LIMITER_HZ = 192_000
"""Four times the film's, as ITU-R BS.1770 has it for true peaks."""
_CHUNK = 10 * SOUND_HZ
_BED_DB = -6
"""The music below what is heard of the takes, before it is ducked: by judgement."""
_DUCK = "threshold=0.02:ratio=6:attack=20:release=600"
"""14 dB down below speech at -16 LUFS, back after it within the length of a breath."""
_MUSIC_ENDS_S = 2
_RAW = ("-f", "f32le", "-ar", str(SOUND_HZ), "-ac", "2")


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a sound is, as loudnorm measures it (EBU R128)."""

    integrated_lufs: float
    """Minus infinity for silence, and for what is too short to be measured."""
    peak_dbtp: float
    range_lu: float
    threshold_lufs: float
    offset_lu: float

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to even."""
        return not math.isfinite(self.integrated_lufs)

    @property
    def missing_db(self) -> float:
        """How much louder the film has to become."""
        return INTEGRATED_LUFS - self.integrated_lufs

    @property
    def is_near(self) -> bool:
        """Whether a film is as loud as it is to be."""
        return abs(self.missing_db) <= _NEAR_LU

    @property
    def is_peaky(self) -> bool:
        """Whether its peaks do not let it become as loud as a film is."""
        return self.peak_dbtp + self.missing_db > TRUE_PEAK_DBTP

    @property
    def gain(self) -> float:
        """What brings a take to the film's loudness, as a factor."""
        if self.is_silent:
            return 1.0
        return float(10 ** (min(self.missing_db, _MOST_LIFT_DB) / 20))


def read_level(log: str) -> Level:
    """What loudnorm told as JSON.

    Raises:
        ValueError: it told nothing.
    """
    told = re.findall(r"^\{$.*?^\}$", log, re.MULTILINE | re.DOTALL)
    if not told:
        raise ValueError("ffmpeg's loudnorm told no loudness")
    said = json.loads(told[-1])
    names = ("input_i", "input_tp", "input_lra", "input_thresh", "target_offset")
    return Level(*(float(said[name]) for name in names))


# What ffmpeg is told ------------------------------------------------------------------


def music(source: Path, out: Path, lasts_s: float) -> Words:
    """Write a music file's sound, as much of it as a film needs."""
    return [
        *only_a_file(),
        *("-t", f"{lasts_s:.6f}", "-i", address(source), "-map", "0:a:0", "-vn"),
        *("-af", f"aresample={SOUND_HZ},aformat=sample_fmts=flt:channel_layouts=stereo"),
        *("-c:a", "pcm_f32le", "-f", "f32le", address(out)),
    ]


def mixed(sound: Path, bed: Path | None, samples: int) -> tuple[Words, str]:
    """The inputs of a film's sound, and the graph that begins with them, as yet unnamed."""
    words: Words = [*_RAW, "-i", address(sound)]
    if bed is None:
        return words, "[0:a]anull"
    words += [*_RAW, "-i", address(bed)]
    fades = min(_MUSIC_ENDS_S * SOUND_HZ, samples)
    return words, (
        f"[1:a]volume={_BED_DB}dB,afade=t=out:ss={samples - fades}:ns={fades}[bed];"
        f"[0:a]asplit[own][key];[bed][key]sidechaincompress={_DUCK}[ducked];"
        "[own][ducked]amix=inputs=2:duration=first:normalize=0"
    )


def measured(inputs: Words, graph: str) -> Words:
    """Measure how loud a sound is; told as JSON in the log."""
    told = f"{graph},{_norm()}:print_format=json[told]"
    return [*inputs, "-filter_complex", told, "-map", "[told]", "-f", "null", "-"]


def limited(graph: str, gain_db: float) -> str:
    """The same sound louder by so much, its peaks held; loudnorm would pump, and fall short."""
    return (
        f"{graph},volume={gain_db:.2f}dB,aresample={_LIMITER_HZ},"
        f"alimiter=limit={_LIMIT}:attack=1:release=50:level=0,aresample={SOUND_HZ}"
    )


def evened(graph: str, level: Level) -> str:
    """The same sound as loud as a film is, by what was measured; not compressed if it may be."""
    known = (
        f"measured_I={level.integrated_lufs}:measured_TP={level.peak_dbtp}"
        f":measured_LRA={max(level.range_lu, _FLAT_LU)}"
        f":measured_thresh={level.threshold_lufs}:offset={level.offset_lu}"
    )
    return f"{graph},{_norm()}:{known}:linear=true,aresample={SOUND_HZ}"


def _norm() -> str:
    return f"loudnorm=I={INTEGRATED_LUFS}:TP={TRUE_PEAK_DBTP}:LRA={_RANGE_LU}"


# Laying -------------------------------------------------------------------------------


def lay_takes(
    film: Film, sound_of: Callable[[Laid], tuple[Path, float] | None], out: BinaryIO
) -> None:
    """Write the film's sound: each take's from its first sample on, faded where it overlaps.

    ``sound_of`` gives the file of an item and the factor that evens it, None where it is
    silent. What a file lacks is silence; what it has too much is left out.
    """
    carried = np.zeros((0, 2), np.float32)
    for one in film.laid:
        begin, end = sample(one.start, film.rate), sample(one.end, film.rate)
        fade_in = len(carried)
        fade_out = end - sample(one.end - one.fade_out, film.rate)
        found = sound_of(one)
        path, gain = found or (None, 0.0)
        tail = []
        for start, block in _blocks(path, end - begin):
            factors = gain * _ramp(start, len(block), end - begin, fade_in, fade_out)
            faded = block * factors[:, None].astype(np.float32)
            shared = carried[start : start + len(block)]
            faded[: len(shared)] += shared
            rest = max(0, min(len(block), end - begin - fade_out - start))
            faded[:rest].tofile(out)
            tail.append(faded[rest:])
        carried = np.concatenate(tail)


def lay_music(path: Path, gain: float, samples: int, out: BinaryIO) -> None:
    """Write so many samples of a music, from its begin again where it ends.

    Raises:
        ValueError: the music has not one sample.
    """
    whole = path.stat().st_size // 8
    if not whole:
        raise ValueError("there is no sound in it")
    while samples > 0:
        for _, block in _blocks(path, min(whole, samples)):
            (block * np.float32(gain)).tofile(out)
        samples -= whole


def _blocks(path: Path | None, samples: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """A sound in pieces of some seconds, ``float32 (n, 2)``, and where each begins."""
    stream = path.open("rb") if path is not None else None
    try:
        for start in range(0, samples, _CHUNK):
            block = np.zeros((min(_CHUNK, samples - start), 2), np.float32)
            if stream is not None:
                read = np.fromfile(stream, "<f4", block.size)
                block.reshape(-1)[: read.size] = read
            yield start, block
    finally:
        if stream is not None:
            stream.close()


def _ramp(start: int, count: int, total: int, fade_in: int, fade_out: int) -> NDArray[np.float64]:
    """The factors of some samples of a sound that is faded in and out at equal power."""
    times = np.arange(start, start + count, dtype=np.float64)
    factors = np.ones(count)
    if fade_in:
        factors *= np.sin(np.pi / 2 * np.clip((times + 0.5) / fade_in, 0, 1))
    if fade_out:
        factors *= np.sin(np.pi / 2 * np.clip((total - times - 0.5) / fade_out, 0, 1))
    return factors
