"""What is heard: word error rate and the processor's time, beside faster-whisper's defaults.

    python -m benchmarks.speech FOLDER [--runs 3]

FOLDER is the folder of shared media: its MANIFEST.json says what is said in which file. The same
weights, one thread, both ways in turn. The defaults are one call of ``transcribe`` for a file:
sequential, a beam of 5, no voice-activity detection; with times for words and without. Chinese
counts by characters. Time is the processor's, for it holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from stages import sound_windows

from vidcut import plugins
from vidcut.modalities import _whisper
from vidcut.protocols import EncoderOptions, ModalityOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

TRUE = ("autocut_test001.mp4", "rapidvideocr_2.mp4", "videogrep_manifesto.mp4")
"""Whose words come from the source, and were not heard by a Whisper."""
RATE_HZ = 16_000
_TOKEN = re.compile(r"[\u3400-\u9fff]|[a-z0-9']+")
_TIMES = re.compile(r"\[[0-9.]+-[0-9.]+\]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    clips = _clips(options.folder)
    media_s = sum(len(samples) for _, samples in clips.values()) / RATE_HZ
    ways = _ways()
    spent_s: dict[str, list[float]] = {name: [] for name in ways}
    heard: dict[str, dict[str, str]] = {name: {} for name in ways}
    for _ in range(options.runs):
        for name, hear in ways.items():
            begun_s = time.process_time()
            heard[name] = {clip: hear(samples) for clip, (_, samples) in clips.items()}
            spent_s[name].append(time.process_time() - begun_s)
    print(f"{len(clips)} files, {media_s:.0f} s, medians of {options.runs}")
    for name in ways:
        seconds = statistics.median(spent_s[name])
        rates = {clip: _error_rate(heard[name][clip], said) for clip, (said, _) in clips.items()}
        wrong, words = (sum(column) for column in zip(*rates.values(), strict=True))
        each = ", ".join(f"{clip[:9]} {w / max(1, n):.3f}" for clip, (w, n) in rates.items())
        print(
            f"{name:22} {seconds:6.1f} s of CPU  {media_s / seconds:5.1f}x realtime"
            f"  word error rate {wrong / words:.3f}  ({each})"
        )


def _clips(folder: Path) -> dict[str, tuple[str, NDArray[np.float32]]]:
    reader = plugins.load("readers", "pyav").create(threads=1)
    clips = {}
    for facts in json.loads((folder / "MANIFEST.json").read_text("utf-8")):
        path = folder / facts["file"]
        if path.name in TRUE:
            blocks = [block.samples for block in reader.sound(path)]
            clips[path.name] = (facts["transcript"], np.concatenate(blocks))
    return clips


def _ways() -> dict[str, Callable[[NDArray[np.float32]], str]]:
    options = ModalityOptions(device="cpu", offline=True)
    encoder = plugins.load("encoders", "e5").create(EncoderOptions())
    ours = plugins.load("modalities", "asr").create(options, encoder)
    model = _whisper.load(options)

    def vidcut(samples: NDArray[np.float32]) -> str:
        windows = sound_windows([samples])
        return " ".join(draft.text or "" for w in windows for draft in ours.read(w).drafts)

    def defaults(samples: NDArray[np.float32], **more: Any) -> str:
        segments, _ = model.transcribe(samples, **more)
        return " ".join(segment.text for segment in segments)

    def with_words(samples: NDArray[np.float32]) -> str:
        return defaults(samples, word_timestamps=True)

    ours.read(next(sound_windows([np.zeros(RATE_HZ, dtype=np.float32)])))
    vidcut(np.random.default_rng(1).normal(0, 0.1, 2 * RATE_HZ).astype(np.float32))
    return {"vidcut": vidcut, "defaults": defaults, "defaults, word times": with_words}


def _error_rate(heard: str, said: str) -> tuple[int, int]:
    """How many words are wrong, left out or too many, and how many were said."""
    one, other = _tokens(heard), _tokens(_TIMES.sub(" ", said))
    return _distance(one, other), len(other)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def _distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Levenshtein's, of words."""
    row = list(range(len(other) + 1))
    for place, word in enumerate(one, start=1):
        before, row[0] = row[0], place
        for at, known in enumerate(other, start=1):
            change = before + (word != known)
            before, row[at] = row[at], min(change, row[at] + 1, row[at - 1] + 1)
    return row[-1]


if __name__ == "__main__":
    main()
