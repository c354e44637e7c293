"""What a process does that has a model on torch: `_aside` starts it and is its only caller."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from vidcut import processes, wire
from vidcut.encoders import _clip, _clip_choice, _clip_export
from vidcut.encoders._exported import PICTURES, WORDS, RefusedError
from vidcut.errors import MissingError, UsageError
from vidcut.protocols import EncoderOptions
from vidcut.wire import Message

if TYPE_CHECKING:
    from collections.abc import Callable

_KIB = 1 if sys.platform == "darwin" else 1024
"""getrusage(2): Linux counts in KiB, macOS in bytes."""


def main() -> None:
    """Serve a model: its name, its weights, its threads, the lifeline."""
    model, weights, threads, lifeline = sys.argv[-4:]
    processes.live_only_with(int(lifeline))
    requests, answers = processes.own_pipes()
    options = EncoderOptions(model, device="cpu", threads=int(threads), offline=True)
    choice = _clip_choice.parse(model)
    serve(lambda: _clip.load(choice, Path(weights), options), requests, answers)


def serve(load: Callable[[], _clip.Clip], requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer one request after the other until there are no more."""

    def fill(room: memoryview) -> None:
        while room:
            count = requests.readinto(room)  # type: ignore[attr-defined]  # a buffered reader has it
            if not count:
                raise EOFError
            room = room[count:]

    served = _Served(load)
    while True:
        try:
            message = wire.read(fill)
        except EOFError:
            return
        try:
            answer = served.answer(message)
        except Exception as error:  # noqa: BLE001  (whoever asked is told)
            answer = _apology(error)
        wire.write(answers, answer)


class _Served:
    """A model in memory for as long as it is needed there, and what it is asked."""

    def __init__(self, load: Callable[[], _clip.Clip]) -> None:
        self._load = load
        self._clip: _clip.Clip | None = None
        self._precision = "fp32"

    def answer(self, message: Message) -> Message:
        facts = message.facts
        pictures: Any = message.arrays
        if message.kind == "text":
            return Message("done", {}, [self._at("fp32").text(facts["text"])])
        if message.kind == "images":
            rows = np.stack(list(self._at(facts["precision"]).images(pictures)))
            return Message("done", {}, [rows])
        folder = Path(facts["folder"])
        if message.kind == WORDS:
            made = _clip_export.words(self._handed_over, facts["text_config"], folder)
        elif message.kind == PICTURES:
            made = _clip_export.pictures(self._handed_over, pictures, folder)
        else:
            raise ValueError(f"no request {message.kind!r}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB
        return Message("done", {**made, "peak_bytes": peak})

    def _handed_over(self) -> _clip.Clip:
        """The model, for whoever lets go of it."""
        clip = self._at("fp32")
        self._clip = None
        return clip

    def _at(self, precision: str) -> _clip.Clip:
        if self._clip is None or self._precision != precision:
            self._clip = None
            clip = self._load()
            self._clip = clip if precision == "fp32" else clip.rounded()
            self._precision = precision
        return self._clip


def _apology(error: Exception) -> Message:
    kinds = ((RefusedError, "refused"), (UsageError, "usage"), (MissingError, "missing"))
    kind = next((kind for one, kind in kinds if isinstance(error, one)), "failed")
    said = str(error) if kind != "failed" else f"unforeseen {type(error).__name__}: {error}"
    return Message(kind, {"reason": said})
