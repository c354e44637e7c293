"""The space of ``labels``: e5's, seen from the middle of ImageNet's labels.

Two axes are kept free of all labels. That of the centre itself ("a photo of anything") is for
pictures that show nothing, whose cosine with every query is then 0. The other, along which the
labels differ least, is for queries: there goes what is left of their unit length when their
reach is taken into account (`Origin.asked`). Keeping them free changes no answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vidcut.encoders import _arrays
from vidcut.encoders._rows import unit, without
from vidcut.encoders._text import is_east_asian

if TYPE_CHECKING:
    from numpy.typing import NDArray

VERSION = "curated3"
"""Which ``data/labels.*``: to be raised whenever that, or the way into the space, changes."""
PROMPT = "a photo of {}"
"""For labels and queries alike; bare words' mean reciprocal rank is .547 where this has .587."""

# Of 187 queries the reach has the quartiles 0.19, 0.22 and 0.27, and one in twenty has less
# than 0.15: those are left as they are.
_LEAST_REACH = 0.15
_NEIGHBOURS = 20


def place(rows: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows that are centred already, off the centre's axis, of unit length."""
    return unit(without(rows, unit(centre)))


@dataclass(frozen=True, slots=True)
class Origin:
    """What a query needs to be placed: vectors in e5's coordinates, ``float32 (384,)``."""

    centre: NDArray[np.float32]
    """The labels' mean."""
    shift_asian: NDArray[np.float32]
    """What an East Asian script adds to it."""
    spare: NDArray[np.float32]
    """The axis that is kept free for queries, of unit length, square to the centre."""

    def placed(self, row: NDArray[np.float32], text: str) -> NDArray[np.float32]:
        """E5's vector of a query's prompt, ``(384,)``, in the space's coordinates."""
        shift = self.shift_asian if is_east_asian(text) else np.float32(0)
        return unit(without(place(row - self.centre - shift, self.centre), self.spare))

    def asked(
        self, placed: NDArray[np.float32], labels: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """A placed query turned towards the spare axis, so that its cosines tell how near it is.

        Some queries lie near many labels and so near any picture; others lie far from them
        all. A query's reach is the mean cosine with its nearest labels, which is about what a
        picture of just these would have. Turned by it, cosines are multiples of the reach, and
        may be compared between queries.

        Args:
            placed: the query, ``(384,)`` of unit length.
            labels: the labels' vectors, ``(1000, 384)``.
        """
        reach = np.partition(labels @ placed, -_NEIGHBOURS)[-_NEIGHBOURS:].mean()
        share = np.float32(_LEAST_REACH / max(float(reach), _LEAST_REACH))
        return unit(share * placed + np.sqrt(1 - share * share) * self.spare)


def origin() -> Origin:
    """Read what is shipped."""
    return Origin(*(_arrays.read("labels", name) for name in ("centre", "shift_asian", "spare")))


def vectors() -> NDArray[np.float32]:
    """The labels' vectors in the classifier's order, ``float32 (1000, 384)``."""
    return _arrays.read("labels", "vectors").astype(np.float32)


def names() -> tuple[str, ...]:
    """The labels' names in the classifier's order; a few words stand for two classes."""
    text = (_arrays.data() / "labels.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())
