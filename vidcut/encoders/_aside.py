"""A model on torch in a process of its own: the memory that torch takes goes when it has ended.

It says what `_clip.Clip` says, and makes towers ready (`_clip_export`); `_torch_process` is the
other end. It computes on the CPU and sees no GPU. It is started at the first need, and ends when
it is told to, when nobody holds it any more, or when this process ends, however it does.
"""

from __future__ import annotations

import io
import os
import sys
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidcut import wire
from vidcut.encoders._exported import PICTURES, WORDS, RefusedError
from vidcut.errors import MediaError, MissingError, UsageError
from vidcut.processes import Companion, Gone, Silent
from vidcut.wire import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from vidcut.records import Picture

_BOOT = (
    "import sys; sys.path[:] = sys.argv[1:-4]; "
    "from vidcut.encoders import _torch_process; _torch_process.main()"
)
_BATCH = 16
_LARGE_BYTES = 1 << 20
"""What the C library is to give back when it is freed: it would learn to keep whole weights."""
_PATIENCE_S = 1800.0
"""For the model to be read, written and rounded: 20 s for ViT-B/32, and ViT-H/14 has eight times
as much on a machine that may be a tenth as fast."""
_ERRORS = {"usage": UsageError, "missing": MissingError}


class LostError(Exception):
    """The process ended or hung; nothing is known of the model by that."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What is to be read."""

    model: str
    """As `_clip_choice.parse` takes it."""
    weights: Path
    threads: int


class Aside:
    """One process, for one model."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._companion: Companion | None = None
        self._lock = threading.Lock()

    def text(self, text: str) -> NDArray[np.float32]:
        """``float32 (dim,)`` of unit length.

        Raises:
            LostError: the process ended.
            UsageError, MissingError: the model cannot be read.
        """
        (vector,) = self._asked(Message("text", {"text": text})).arrays
        found: NDArray[np.float32] = vector.astype("float32", copy=False)
        return found

    def images(
        self, pictures: Sequence[Picture], *, precision: str = "fp32"
    ) -> Iterator[NDArray[np.float32]]:
        """One ``float32 (dim,)`` of unit length for each picture; raises as `text` does."""
        for at in range(0, len(pictures), _BATCH):
            some = pictures[at : at + _BATCH]
            (rows,) = self._asked(Message("images", {"precision": precision}, some)).arrays
            yield from rows.astype("float32", copy=False)

    def words(self, text_config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """See `_clip_export.words`; the facts have the process's peak of memory too.

        Raises:
            RefusedError: it cannot be made ready.
            LostError, UsageError, MissingError: as `text`.
        """
        asked = {"folder": str(folder), "text_config": dict(text_config)}
        return dict(self._asked(Message(WORDS, asked)).facts)

    def pictures(self, frames: Sequence[Picture], folder: Path) -> dict[str, Any]:
        """See `_clip_export.pictures`; as `words`."""
        return dict(self._asked(Message(PICTURES, {"folder": str(folder)}, frames)).facts)

    def close(self) -> None:
        """End it, and with it the memory that it took; the next need starts another."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._companion is not None:
            self._companion.release()
            self._companion = None

    def _asked(self, message: Message) -> Message:
        with self._lock:
            companion = self._companion or self._started()
            try:
                told = io.BytesIO()
                wire.write(told, message)
                companion.ask(told.getvalue())
                answer = wire.read(companion.fill)
            except BaseException as error:  # it is in the midst of something
                self._end()
                if isinstance(error, (Gone, Silent, wire.WireError)):
                    how = error.how if isinstance(error, Gone) else "it answers no more"
                    raise LostError(f"the process that torch works in was lost ({how})") from error
                raise
        return _checked(answer)

    def _started(self) -> Companion:
        origin = self._origin
        places = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100  (Path("") is ".")
        python = [sys.executable, "-I", "-X", f"utf8={sys.flags.utf8_mode}", "-c", _BOOT, *places]
        given = [origin.model, str(origin.weights), str(origin.threads)]
        environment = {
            **os.environ,
            "CUDA_VISIBLE_DEVICES": "",
            "MALLOC_MMAP_THRESHOLD_": str(_LARGE_BYTES),
        }
        self._companion = Companion([*python, *given], environment, patience_s=_PATIENCE_S)
        weakref.finalize(self, self._companion.release)
        return self._companion


class Rounded:
    """The picture tower of a model in another precision."""

    def __init__(self, aside: Aside, precision: str) -> None:
        self._aside = aside
        self._precision = precision

    def images(self, pictures: Sequence[Picture]) -> Iterator[NDArray[np.float32]]:
        """See `Aside.images`."""
        return self._aside.images(pictures, precision=self._precision)


def _checked(answer: Message) -> Message:
    if answer.kind == "done":
        return answer
    reason = wire.reason(answer)
    if answer.kind == "refused":
        raise RefusedError(reason)
    raise _ERRORS.get(answer.kind, MediaError)(reason)
