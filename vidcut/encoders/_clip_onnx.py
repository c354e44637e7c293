"""Runs the towers of `_exported` by ONNX Runtime. Imports neither torch nor open_clip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from vidcut.encoders import _runtime
from vidcut.encoders._bpe import Bpe, clean
from vidcut.encoders._rows import unit
from vidcut.encoders._text import LONGEST_CHARACTERS, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.records import Picture

MODEL, TOKENS = "model.ort", "tokens"


class Words:
    """A text tower."""

    def __init__(self, folder: Path, facts: Mapping[str, Any], *, threads: int) -> None:
        self._ids = tokenizer(folder, facts["tokens"])
        # To lay its weights out anew takes 40 ms, and saves 4 ms a query.
        self._session = session(folder / MODEL, threads=threads, is_brief=True)

    def text(self, text: str) -> NDArray[np.float32]:
        """``float32 (dim,)`` of unit length."""
        ids = self._ids(readable(text, longest=LONGEST_CHARACTERS))
        found = self._session.run(None, {"x": np.asarray([ids], dtype=np.int64)})[0]
        vector: NDArray[np.float32] = unit(np.asarray(found, dtype=np.float32))[0]
        return vector


class Pictures:
    """A picture tower."""

    def __init__(self, folder: Path, facts: Mapping[str, Any], *, threads: int) -> None:
        from vidcut.encoders._looks import Looks  # noqa: PLC0415  (Pillow, of which words need none)

        self._looks = Looks.of(facts["looks"])
        self._session = session(folder / MODEL, threads=threads)

    def images(self, pictures: Sequence[Picture]) -> Iterator[NDArray[np.float32]]:
        """One ``float32 (dim,)`` of unit length for each picture.

        One at a time, so that none depends on its neighbours: of a batch all are rounded by
        one scale. It costs 6 % (ViT-B/32, int8, against 16 at a time; `benchmarks/clip.py`).
        """
        for picture in pictures:
            found = self._session.run(None, {"x": self._looks.prepared(picture)})[0]
            yield unit(np.asarray(found, dtype=np.float32))[0]


def tokenizer(folder: Path, facts: Mapping[str, Any]) -> Callable[[str], list[int]]:
    """Readable text to the ids that the tower takes.

    Args:
        folder: has the file `TOKENS`.
        facts: ``kind`` (``bpe``, or ``hub`` for a tokenizer.json), ``clean``, ``context``, and
            what else the kind needs.
    """
    if facts["kind"] == "bpe":
        return _bpe(folder, facts)
    import tokenizers  # noqa: PLC0415  (CLIP's own needs none of it)

    reader = tokenizers.Tokenizer.from_file(str(folder / TOKENS))
    stripped, kind = facts["stripped"], str(facts["clean"])

    def ids(text: str) -> list[int]:
        return [0 if one == stripped else one for one in reader.encode(clean(text, kind)).ids]

    return ids


def _bpe(folder: Path, facts: Mapping[str, Any]) -> Callable[[str], list[int]]:
    merges = (folder / TOKENS).read_text(encoding="utf-8")
    reader = Bpe(merges, start=facts["start"], end=facts["end"])
    kind, context = str(facts["clean"]), int(facts["context"])

    def ids(text: str) -> list[int]:
        found = reader.ids(clean(text, kind), longest=context)
        return found + [0] * (context - len(found))

    return ids


def session(
    path: Path, *, threads: int, save_as: Path | None = None, is_brief: bool = False
) -> Any:
    """A model ready to run on the CPU; optimised and saved where that is asked for.

    What was saved so is mapped into memory and taken as it is, its weights too: a cold search
    pays for what it touches (75 ms for 65 MB, 190 where they are copied). ``is_brief``: it is to
    run but a few times.
    """
    options = _runtime.options(threads)
    level = onnxruntime.GraphOptimizationLevel
    if save_as is None:
        options.graph_optimization_level = level.ORT_DISABLE_ALL
        options.add_session_config_entry("session.use_memory_mapped_ort_model", "1")
        options.add_session_config_entry("session.use_ort_model_bytes_for_initializers", "1")
        options.add_session_config_entry("session.disable_prepacking", "1" if is_brief else "0")
    else:
        options.graph_optimization_level = level.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(save_as)
        options.add_session_config_entry("session.save_model_format", "ORT")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
