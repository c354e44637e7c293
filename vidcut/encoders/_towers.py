"""Which runtime reads texts and pictures: the one that was found to be right for this machine.

On a GPU, torch in this process reads pictures. Else it is ONNX Runtime, or torch in bfloat16, as
`_clip_export` found it: a text tower is made ready at the first need, which is when a library is
begun, so that its searches need no torch; a picture tower as soon as there are `_TRIED` real
frames to hold it against torch with. What torch does for the CPU it does in a process of its own
(`_aside`), which ends when both towers are ready. All vectors mix with torch's: they are at most a
cosine of 0.005 off.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from vidcut import devices
from vidcut.encoders._aside import Aside, LostError, Rounded
from vidcut.encoders._batches import DeviceError, instead
from vidcut.encoders._exported import PICTURES, WORDS, RefusedError
from vidcut.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from vidcut.encoders._aside import Origin
    from vidcut.encoders._exported import Export, Shelf
    from vidcut.protocols import EncoderOptions
    from vidcut.records import Picture

T = TypeVar("T")

_TRIED = 32
"""Frames: half a minute of samples. int8's cosines spread by 2e-4 over such (ViT-B/32)."""
_MIB = 1 << 20
_log = logging.getLogger(__name__)


class Towers:
    """A model's two towers, each by the runtime that is right for it."""

    def __init__(
        self,
        origin: Callable[[], Origin],
        shelf: Callable[[], Shelf | None],
        text_config: Callable[[], Mapping[str, Any]],
        options: EncoderOptions,
    ) -> None:
        """Ready at once.

        Args:
            origin: what torch is to read; brings it here.
            shelf: where its exports lie; None where its weights are not here.
            text_config: its ``text_cfg``.
            options: as the encoder was given them.
        """
        self._origin = origin
        self._shelf = shelf
        self._text_config = text_config
        self._options = options
        self._aside: Aside | None = None
        self._ready: dict[str, Any] = {}
        self._settled: set[str] = set()
        """The towers of which it is known whether they are ready."""
        self._without_torch: set[str] = set()
        self._frames: list[Picture] = []
        """What waits for there to be enough."""
        self._gpu: Any = None
        self._device = options.device
        """As asked for, or ``cpu`` once the GPU has failed."""

    def text(self, text: str) -> NDArray[np.float32]:
        """``float32 (dim,)`` of unit length.

        Raises:
            MissingError: the model is not here, or this machine has no room for it.
        """
        self._make_words()
        self._let_go()
        reader = self._ready.get(WORDS) or self._torch()
        vector: NDArray[np.float32] = _twice(lambda: reader.text(text))
        return vector

    def images(self, pictures: Sequence[Picture]) -> Iterator[NDArray[np.float32]]:
        """One ``float32 (dim,)`` of unit length for each picture.

        Raises:
            MissingError: as `text`; or a GPU was asked for, and there is none or it fails.
        """
        if not pictures:
            return
        found = self._by_gpu(pictures) if self._may_have_gpu() else None
        yield from found if found is not None else self._by_cpu(pictures)

    def _by_cpu(self, pictures: Sequence[Picture]) -> Sequence[NDArray[np.float32]]:
        self._make_pictures(pictures)
        self._make_words()
        self._let_go()
        reader = self._ready.get(PICTURES) or self._torch()
        found: list[NDArray[np.float32]] = _twice(lambda: list(reader.images(pictures)))
        return found

    # The GPU --------------------------------------------------------------------------

    def _may_have_gpu(self) -> bool:
        """Whether it is worth asking torch, which takes seconds to import."""
        return self._device == "cuda" or (self._device == "auto" and bool(devices.cuda()))

    def _by_gpu(self, pictures: Sequence[Picture]) -> Sequence[NDArray[np.float32]] | None:
        """None where there is no GPU, or it failed, and the CPU will do."""
        try:
            if self._gpu is None:
                self._gpu = self._loaded_on_gpu()
            if self._gpu is None:
                self._device = "cpu"
                return None
            self._make_words()
            self._let_go()
            return list(self._gpu.images(pictures))
        except DeviceError as error:
            self._gpu = None
            self._device = instead(self._device, error)
            return None

    def _loaded_on_gpu(self) -> Any:
        return importlib.import_module("vidcut.encoders._clip_cuda").load(
            self._origin(), self._options
        )

    # Making ready ---------------------------------------------------------------------

    def _make_words(self) -> None:
        if WORDS not in self._settled and not self._open(WORDS):
            torch, config = self._torch(), self._text_config()
            self._make(WORDS, lambda folder: torch.words(config, folder))

    def _make_pictures(self, pictures: Sequence[Picture]) -> None:
        """Make the picture tower ready once there are frames enough."""
        if PICTURES in self._settled or self._open(PICTURES):
            return
        self._frames += pictures[: _TRIED - len(self._frames)]
        if len(self._frames) == _TRIED:
            torch, frames = self._torch(), self._frames
            self._frames = []
            self._make(PICTURES, lambda folder: torch.pictures(frames, folder))

    def _let_go(self) -> None:
        """End the process that torch works in, where nothing waits for it: its memory goes back."""
        if self._aside is not None and not self._frames and self._settled <= self._without_torch:
            self._aside.close()

    def _torch(self) -> Aside:
        if self._aside is None:
            self._aside = Aside(self._origin())
        return self._aside

    def _make(self, tower: str, make: Callable[[Path], dict[str, Any]]) -> None:
        """Make it ready and take it, or settle that it stays with torch."""
        self._settled.add(tower)
        shelf = self._shelf()
        if shelf is None:
            return
        _log.warning("making %s ready for this processor (%s): once", shelf.version, tower)

        def told(folder: Path) -> dict[str, Any]:
            try:
                return make(folder)
            except RefusedError as error:
                return {"refused": str(error)}

        try:
            made = shelf.keep(tower, told)
        except OSError as error:
            _log.warning("it stays with torch, for the cache cannot be written: %s", error)
        except LostError as error:
            _log.warning("it stays with torch this time: %s", error)
        else:
            if made is not None:
                _log.warning("%s", _told(made))
                self._take(tower, made)

    def _open(self, tower: str) -> bool:
        """Take what was made ready before, where it was."""
        shelf = self._shelf()
        found = shelf.find(tower) if shelf is not None else None
        if found is not None:
            self._take(tower, found)
        return found is not None

    def _take(self, tower: str, made: Export) -> None:
        self._settled.add(tower)
        if made.refusal:
            return
        if made.is_on_torch:
            self._ready[tower] = Rounded(self._torch(), made.facts["precision"])
            return
        runtime = importlib.import_module("vidcut.encoders._clip_onnx")
        threads = self._options.threads
        kind = {WORDS: runtime.Words, PICTURES: runtime.Pictures}[tower]
        self._without_torch.add(tower)
        self._ready[tower] = kind(made.folder, made.facts, threads=threads)


def _told(made: Export) -> str:
    """How it came out, in one line."""
    if made.refusal:
        return f"it stays with torch: {made.refusal}"
    facts = made.facts
    runtime = "torch" if made.is_on_torch else "ONNX Runtime"
    nearness = f"a cosine of {facts['cosine']:.4f} or more with torch's float32"
    memory = f"{facts['peak_bytes'] / _MIB:.0f} MiB of memory in a process of its own"
    return f"{facts['tower']}: {runtime} {facts['precision']}, {nearness}; making it took {memory}"


def _twice(ask: Callable[[], T]) -> T:
    """The answer; a process that was lost is started once more.

    Raises:
        MissingError: the next was lost too.
    """
    try:
        return ask()
    except LostError as lost:
        _log.warning("%s; it is started once more", lost)
    try:
        return ask()
    except LostError as error:
        remedy = "close other programs if memory is short, or use '--visual-model labels'"
        raise MissingError(f"{error}, twice; {remedy}") from error
