"""The space of ``labels``: e5's, seen from the middle of ImageNet's labels.

One axis is kept free of all labels and queries, that of the centre itself ("a photo of
anything"): it is for pictures that show nothing, whose cosine with every query is then 0.
Keeping it free costs nothing (28 queries: hit@1 and hit@5 moved by one at the most).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from vidcut.encoders._rows import unit, without
from vidcut.encoders._text import is_east_asian

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from numpy.typing import NDArray

VERSION = "glossed2"
"""Which ``data/labels.*``: to be raised whenever that, or the way into the space, changes."""
PROMPT = "a photo of {}"
"""For labels and queries alike; without it hit@5 falls from .68 to .50."""


def place(rows: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows that are centred already, off the free axis, of unit length."""
    return unit(without(rows, unit(centre)))


@dataclass(frozen=True, slots=True)
class Origin:
    """What a query needs to be placed: vectors in e5's coordinates, ``float32 (384,)``."""

    centre: NDArray[np.float32]
    """The labels' mean."""
    shift_asian: NDArray[np.float32]
    """What an East Asian script adds to it."""

    def placed(self, row: NDArray[np.float32], text: str) -> NDArray[np.float32]:
        """E5's vector of a query's prompt, ``(384,)``, in the space's coordinates."""
        shift = self.shift_asian if is_east_asian(text) else np.float32(0)
        return place(row - self.centre - shift, self.centre)


def origin() -> Origin:
    """Read what is shipped."""
    return Origin(_array("centre"), _array("shift_asian"))


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
