"""The arrays that the encoders ship: ``data/FAMILY/NAME.npy``, made by benchmarks/label_space.py.

Each is a file, for to read four from a zip took a cold search 10 ms.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from numpy.typing import NDArray


def read(family: str, name: str) -> NDArray[Any]:
    """The array, as it was written."""
    with (data() / family / f"{name}.npy").open("rb") as file:
        found: NDArray[Any] = np.load(file, allow_pickle=False)
    return found


def data() -> Traversable:
    """Where they lie, and what goes with them."""
    return resources.files("vidcut.encoders") / "data"
