"""Which runtime reads texts and pictures: ONNX Runtime where the model is ready for it, else torch.

A text tower is made ready at the first need of torch, which is when a library is begun, so that
its searches need no torch; a picture tower as soon as there are `_TRIED` real frames to hold it
against torch with, and only where the CPU computes. Their vectors mix with torch's: they are at
most a cosine of 0.005 off.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
from typing import TYPE_CHECKING, Any

from vidcut.encoders._exported import PICTURES, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from vidcut.encoders._exported import Export, Shelf
    from vidcut.protocols import EncoderOptions
    from vidcut.records import Picture

_TRIED = 32
"""Frames: half a minute of samples. int8's cosines spread by 2e-4 over such (ViT-B/32)."""
_log = logging.getLogger(__name__)


class Towers:
    """A model's two towers, each by the runtime that there is."""

    def __init__(
        self,
        load: Callable[[], Any],
        shelf: Callable[[], Shelf | None],
        text_config: Callable[[], Mapping[str, Any]],
        options: EncoderOptions,
    ) -> None:
        """Ready at once.

        Args:
            load: the model on torch.
            shelf: where its exports lie; None where its weights are not here.
            text_config: its ``text_cfg``.
            options: as the encoder was given them.
        """
        self._load = load
        self._shelf = shelf
        self._text_config = text_config
        self._options = options
        self._clip: Any = None
        self._ready: dict[str, Any] = {}
        self._settled: set[str] = set()
        """The towers of which it is known whether they are ready."""
        self._frames: list[Picture] = []

    def text(self, text: str) -> NDArray[np.float32]:
        """``float32 (dim,)`` of unit length."""
        self._open(WORDS)
        if WORDS not in self._ready:
            self._torch()  # makes it ready, where that can be
        reader = self._ready.get(WORDS) or self._torch()
        vector: NDArray[np.float32] = reader.text(text)
        return vector

    def images(self, pictures: Sequence[Picture]) -> Iterator[NDArray[np.float32]]:
        """One ``float32 (dim,)`` of unit length for each picture."""
        if not pictures:
            return
        if self._is_on_cpu:
            self._open(PICTURES)
            self._try_on(pictures)
        reader = self._ready.get(PICTURES) or self._torch()
        yield from reader.images(pictures)

    def _try_on(self, pictures: Sequence[Picture]) -> None:
        """Make the picture tower ready once there are frames enough."""
        if PICTURES in self._settled:
            return
        self._frames += pictures[: _TRIED - len(self._frames)]
        if len(self._frames) < _TRIED:
            return
        export, clip, frames = _export_side(), self._torch(), self._frames
        self._frames = []
        made = self._make(PICTURES, lambda folder: export.pictures(clip, frames, folder))
        self._take(PICTURES, made)
        if {PICTURES, WORDS} <= self._ready.keys():
            self._clip = None  # twice the memory, for nothing

    def _torch(self) -> Any:
        if self._clip is None:
            self._clip = self._load()
            self._open(WORDS)
            if WORDS not in self._settled:
                export, clip, config = _export_side(), self._clip, self._text_config()
                made = self._make(WORDS, lambda folder: export.words(clip, config, folder))
                self._take(WORDS, made)
        return self._clip

    def _make(self, tower: str, make: Callable[[Path], dict[str, Any]]) -> Export | None:
        shelf = self._shelf()
        if shelf is None:
            return None
        refused = _export_side().RefusedError
        _log.warning("making %s ready for this processor (%s): once", shelf.version, tower)

        def told(folder: Path) -> dict[str, Any]:
            try:
                return make(folder)
            except refused as error:
                return {"refused": str(error)}

        try:
            made = shelf.keep(tower, told)
        except OSError as error:
            _log.warning("it stays with torch, for the cache cannot be written: %s", error)
            return None
        if made is not None and made.refusal:
            _log.warning("it stays with torch: %s", made.refusal)
        return made

    def _open(self, tower: str) -> None:
        """Take what was made ready before, where it was."""
        if tower in self._settled:
            return
        shelf = self._shelf()
        found = shelf.find(tower) if shelf is not None else None
        if found is not None:
            self._take(tower, found)

    def _take(self, tower: str, made: Export | None) -> None:
        self._settled.add(tower)
        if made is None or made.refusal:
            return
        runtime = importlib.import_module("vidcut.encoders._clip_onnx")
        threads = self._options.threads
        kind = {WORDS: runtime.Words, PICTURES: runtime.Pictures}[tower]
        self._ready[tower] = kind(made.folder, made.facts, threads=threads)

    @property
    def _is_on_cpu(self) -> bool:
        """Whether torch would compute there; it is asked only where there is a CUDA driver."""
        if self._options.device == "cpu" or not _has_cuda_driver():
            return self._options.device != "cuda"
        device = importlib.import_module("vidcut.encoders._device")
        chosen = device.choose(self._options.device, threads=self._options.threads)
        return bool(chosen.type == "cpu")


def _has_cuda_driver() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _export_side() -> Any:
    return importlib.import_module("vidcut.encoders._clip_export")
