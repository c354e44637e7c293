"""The space of ``labels``: e5's, seen from the middle of ImageNet's labels.

One axis is kept free of all labels and queries, that of the centre itself ("a photo of
anything"): it is for pictures that show nothing, whose cosine with every query is then 0.
Keeping it free costs nothing (28 queries: hit@1 and hit@5 moved by one at the most).
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from vidcut.encoders._rows import unit, without

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from numpy.typing import NDArray

VERSION = "glossed1"
"""Which ``data/labels.*``: to be raised whenever that, or the way into the space, changes."""
PROMPT = "a photo of {}"
"""For labels and queries alike; without it hit@5 falls from .68 to .50."""


def placed(rows: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """E5's vectors of prompts, ``(..., 384)``, in the space's coordinates, of unit length."""
    return place(unit(rows - centre), centre)


def place(rows: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows that are centred already, off the free axis, of unit length."""
    return unit(without(rows, unit(centre)))


def centre() -> NDArray[np.float32]:
    """The labels' mean in e5's coordinates, ``float32 (384,)``: all that a query needs."""
    return _array("centre")


def vectors() -> NDArray[np.float32]:
    """The labels' vectors in the classifier's order, ``float32 (1000, 384)``."""
    return _array("vectors").astype(np.float32)


def names() -> tuple[str, ...]:
    """The labels' names in the classifier's order; a few words stand for two classes."""
    text = (_data() / "labels.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def _array(name: str) -> NDArray[np.float32]:
    with (_data() / "labels.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        found: NDArray[np.float32] = arrays[name]
    return found


def _data() -> Traversable:
    return resources.files("vidcut.encoders") / "data"
