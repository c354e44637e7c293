"""Whisper base, loaded: on the GPU where there is one, and from wherever its weights lie."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ctranslate2  # type: ignore[import-untyped]  # carries no types
import numpy as np
from faster_whisper import WhisperModel

from vidcut import hub
from vidcut.errors import MissingError
from vidcut.modalities import _whisper_weights
from vidcut.weights import WeightFile, Weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.protocols import ModalityOptions

REMEDY = _whisper_weights.REMEDY
_WHOLE, _SILENCE = 3_000, 500
"""Hundredths of a second: what Whisper is given at a time, and the silence after the last sound
that it is left with.

The encoder's time goes by the length, padding or not. Five real files, 170 s, one thread, the
processor's time and word error rate: padded 21.9 s, .143; with 5 s 16.4 s, .127, and in no file
worse; with 4 s 16.0 s, .149; with 3 s 14.2 s, .134; with 1 s .202, and a sentence said twice.
"""
_REPOSITORY = "Systran/faster-whisper-base"
_REVISION = "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"
_ON_THE_HUB = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
"""All that faster-whisper reads; without its tokenizer it would fetch one, offline or not."""
_log = logging.getLogger(__name__)


def weights() -> Weights:
    """Where the weights lie, where they came from and what they must hold."""
    joined = _whisper_weights.find()
    downloaded = _downloaded() if joined is None else None
    found = joined or downloaded
    files: Sequence[WeightFile] = ()
    origin = ""
    if joined is not None:
        files, origin = _whisper_weights.files(joined), _whisper_weights.origin()
    elif downloaded is not None:
        files = [WeightFile(str(downloaded / name), _ON_THE_HUB[name]) for name in _ON_THE_HUB]
        origin = f"hub {_REPOSITORY}@{_REVISION[:12]}"
    return Weights(
        model="Whisper base",
        serves="what is said, to text",
        licence="MIT",
        place=str(found) if found is not None else None,
        remedy=REMEDY,
        origin=origin,
        files=files,
    )


def load(options: ModalityOptions) -> Any:
    """A `faster_whisper.WhisperModel`.

    Raises:
        MissingError: the weights are not here and may or can not be fetched, or a GPU was
            asked for and cannot be used.
    """
    folder = _folder(options)
    if options.device != "cpu" and ctranslate2.get_cuda_device_count():
        try:
            return _on_gpu(folder)
        except RuntimeError as error:
            if options.device == "cuda":
                message = f"Whisper cannot use the GPU ({error})"
                remedy = "install CUDA 12's cuBLAS and cuDNN 9, or give --device cpu"
                raise MissingError(f"{message}; {remedy}") from error
            _log.warning("Whisper cannot use the GPU, so the CPU serves (%s)", error)
    elif options.device == "cuda":
        raise MissingError("Whisper sees no GPU with CUDA; --device auto does without")
    try:
        return _Model(
            folder,
            "cpu",
            compute_type="int8",
            cpu_threads=options.threads,
            num_workers=options.at_once,
        )
    except (OSError, RuntimeError, ValueError) as error:
        message = f"Whisper base in {folder} cannot be loaded ({error})"
        raise MissingError(f"{message}; remove that folder, and it is made anew") from error


class _Model(WhisperModel):  # type: ignore[misc]  # carries no types
    """Whisper that does not listen to what was put behind the sound to make it 30 s long."""

    def encode(self, features: NDArray[np.float32]) -> Any:
        """What the decoder reads of mel bands, ``(..., bands, hundredths)``."""
        return super().encode(_without_padding(features))


def _without_padding(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Padding is zero in every band, which no sound is, and silence neither."""
    if features.shape[-1] != _WHOLE:
        return features
    sounding = np.flatnonzero(features.reshape(-1, _WHOLE).any(axis=0))
    length = min(_WHOLE, _SILENCE + (int(sounding[-1]) + 1 if len(sounding) else 0))
    return np.ascontiguousarray(features[..., :length])


def without_gpu() -> str:
    """Why Whisper computes on no GPU here; empty where it may."""
    if not ctranslate2.get_cuda_device_count():
        return f"ctranslate2 {ctranslate2.__version__} is built without CUDA or sees no GPU"
    if "float16" not in ctranslate2.get_supported_compute_types("cuda"):
        return "the GPU does not compute in float16, and Whisper runs on the CPU"
    return ""


def instead(model: Any, options: ModalityOptions, error: RuntimeError) -> Any:
    """A model on the CPU where one on the GPU failed, told in one line.

    Raises:
        MissingError: the GPU was asked for by name.
        RuntimeError: as it was given, where the GPU has no part in it.
    """
    if model.model.device != "cuda":
        raise error
    first = str(error).strip().partition("\n")[0]
    if options.device == "cuda":
        message = f"Whisper cannot go on with the GPU ({first})"
        raise MissingError(f"{message}; '--device auto' goes on without it") from error
    _log.warning("Whisper cannot go on with the GPU, so the CPU does (%s)", first)
    return load(replace(options, device="cpu"))


def _on_gpu(folder: str) -> Any:
    model = _Model(folder, "cuda", compute_type="float16")
    model.encode(np.zeros((1, 80, 100), dtype=np.float32))  # now its libraries are loaded
    return model


def _folder(options: ModalityOptions) -> str:
    here = _whisper_weights.join(_whisper_weights.cache())
    if here is not None:
        return str(here)
    try:
        found = {hub.fetched(one, offline=options.offline) for one in _addresses()}
    except MissingError as error:
        message = "the weights of Whisper base are not on this machine"
        raise MissingError(f"{message} ({error}); {REMEDY} brings them") from error
    (folder,) = {path.parent for path in found if path is not None}
    return str(folder)


def _downloaded() -> Path | None:
    """The folder of the hub's cache that has all of it."""
    found = [hub.cached(address) for address in _addresses()]
    return found[0].parent if found[0] is not None and all(found) else None


def _addresses() -> list[hub.Address]:
    return [hub.Address(_REPOSITORY, name, _REVISION, sha) for name, sha in _ON_THE_HUB.items()]
