"""Weights that torch.save wrote in its form of before 2020, read without torch.

Five pickles and then the numbers (torch/serialization.py, ``_legacy_load``). A checkpoint is
weights and no program, so nothing is unpickled: `pickletools` takes its steps apart, and what they
build is followed here, of tensors in dictionaries alone.
"""

from __future__ import annotations

import os
import pickletools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.lib.stride_tricks import as_strided

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_COUNT_BYTES = 8
_TYPES = {"torch FloatStorage": "<f4", "torch LongStorage": "<i8"}
_TENSOR, _DICTIONARY = "torch._utils _rebuild_tensor_v2", "collections OrderedDict"


class CheckpointError(Exception):
    """It is not what such a file is."""


def read(path: Path) -> Mapping[str, NDArray[Any]]:
    """Its tensors by name.

    Raises:
        OSError: it cannot be read.
        CheckpointError: it is none, or holds something else than tensors.
    """
    with path.open("rb") as file:
        try:
            return _read(file)
        except (AttributeError, LookupError, MemoryError, TypeError, ValueError) as error:
            raise CheckpointError(f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class _Storage:
    """Numbers in a row, which come after what is made of them."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Where in a storage a tensor's numbers lie."""

    storage: _Storage
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _read(file: BinaryIO) -> dict[str, NDArray[Any]]:
    magic, protocol, _ = (_Pickle().followed(file) for _ in range(3))
    if (magic, protocol) != (_MAGIC, _PROTOCOL):
        raise CheckpointError("it does not begin as one")
    pickle = _Pickle()
    named, keys = pickle.followed(file), _Pickle().followed(file)
    numbers = {key: _numbers(file, pickle.storages[key]) for key in keys}
    return {name: _array(one, numbers[one.storage.key]) for name, one in named.items()}


def _numbers(file: BinaryIO, storage: _Storage) -> NDArray[Any]:
    count, dtype = int.from_bytes(file.read(_COUNT_BYTES), "little"), np.dtype(storage.dtype)
    left_bytes = os.fstat(file.fileno()).st_size - file.tell()
    if count != storage.count or count * dtype.itemsize > left_bytes:
        raise CheckpointError(f"{count} numbers where {storage.count} are announced")
    return np.fromfile(file, dtype, count)


def _array(tensor: _Tensor, numbers: NDArray[Any]) -> NDArray[Any]:
    steps = list(zip(tensor.shape, tensor.strides, strict=True))
    last = tensor.start + sum((count - 1) * step for count, step in steps)
    if min((tensor.start, *tensor.shape, *tensor.strides)) < 0 or last >= len(numbers):
        raise CheckpointError("a tensor lies outside of its numbers")
    strides_bytes = [step * numbers.itemsize for step in tensor.strides]
    found = as_strided(numbers[tensor.start :], tensor.shape, strides_bytes)
    return np.ascontiguousarray(found)


class _Pickle:
    """The machine that a pickle is for, with nothing in it that could be called."""

    def __init__(self) -> None:
        self.storages: dict[str, _Storage] = {}
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._steps: Mapping[str, Callable[[Any], object]] = {
            "PROTO": lambda _: None,
            "MARK": lambda _: self._marks.append(len(self._stack)),
            "NONE": lambda _: self._stack.append(None),
            "NEWTRUE": lambda _: self._stack.append(True),
            "NEWFALSE": lambda _: self._stack.append(False),
            "EMPTY_DICT": lambda _: self._stack.append({}),
            "EMPTY_LIST": lambda _: self._stack.append([]),
            "EMPTY_TUPLE": lambda _: self._stack.append(()),
            "TUPLE": lambda _: self._stack.append(tuple(self._marked())),
            "APPENDS": lambda _: self._appended(self._marked()),
            "APPEND": lambda _: self._appended(self._taken(1)),
            "SETITEMS": lambda _: self._set(self._marked()),
            "SETITEM": lambda _: self._set(self._taken(2)),
            "BINPERSID": lambda _: self._stack.append(self._storage(*self._stack.pop())),
            "REDUCE": lambda _: self._stack.append(_built(*self._taken(2))),
            "BUILD": lambda _: self._taken(1),  # of a dictionary, its versions
            **dict.fromkeys(("BINPUT", "LONG_BINPUT"), self._noted),
            **dict.fromkeys(("BINGET", "LONG_BINGET"), self._recalled),
            **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1"), self._stack.append),
            **dict.fromkeys(("BINUNICODE", "GLOBAL"), self._stack.append),
            **{f"TUPLE{count}": self._tuple_of(count) for count in (1, 2, 3)},
        }

    def followed(self, file: BinaryIO) -> Any:
        """What comes out of one pickle; the file stands behind it then."""
        for step, argument, _ in pickletools.genops(file):
            if step.name != "STOP":
                self._steps[step.name](argument)
        return self._stack.pop()

    def _taken(self, count: int) -> list[Any]:
        return [self._stack.pop() for _ in range(count)][::-1]

    def _marked(self) -> list[Any]:
        at = self._marks.pop()
        found, self._stack[at:] = self._stack[at:], []
        return found

    def _tuple_of(self, count: int) -> Callable[[Any], None]:
        return lambda _: self._stack.append(tuple(self._taken(count)))

    def _noted(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    def _recalled(self, place: int) -> None:
        self._stack.append(self._memo[place])

    def _appended(self, things: list[Any]) -> None:
        self._stack[-1].extend(things)

    def _set(self, pairs: list[Any]) -> None:
        self._stack[-1].update(zip(pairs[::2], pairs[1::2], strict=True))

    def _storage(self, _: str, kind: str, key: str, _place: str, count: int, *_view: Any) -> Any:
        return self.storages.setdefault(key, _Storage(key, _TYPES[kind], count))


def _built(kind: str, given: tuple[Any, ...]) -> Any:
    """What a pickle has called; of a tensor's gradients nothing is kept."""
    if kind == _DICTIONARY:
        return {}
    if kind == _TENSOR:
        return _Tensor(*given[:4])
    raise CheckpointError(f"it names {kind}")
