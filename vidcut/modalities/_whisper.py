"""Whisper base, loaded: on the GPU where there is one, and from wherever its weights lie."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import ctranslate2  # type: ignore[import-untyped]  # carries no types
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.utils import download_model

from vidcut.errors import MissingError
from vidcut.modalities import _whisper_weights

if TYPE_CHECKING:
    from vidcut.protocols import ModalityOptions

REMEDY = _whisper_weights.REMEDY
_HUB_NAME = "base"
_log = logging.getLogger(__name__)


def place() -> str | None:
    """Where the weights lie; None where they are not on this machine."""
    found = _whisper_weights.find()
    return str(found) if found else _downloaded()


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
        return WhisperModel(folder, "cpu", compute_type="int8", cpu_threads=options.threads)
    except (OSError, RuntimeError, ValueError) as error:
        message = f"Whisper base in {folder} cannot be loaded ({error})"
        raise MissingError(f"{message}; remove that folder, and it is made anew") from error


def _on_gpu(folder: str) -> Any:
    model = WhisperModel(folder, "cuda", compute_type="float16")
    model.encode(np.zeros((1, 80, 100), dtype=np.float32))  # now its libraries are loaded
    return model


def _folder(options: ModalityOptions) -> str:
    here = _whisper_weights.join(_whisper_weights.cache()) or _downloaded()
    if here is None and options.offline:
        message = "the weights of Whisper base are not on this machine"
        raise MissingError(f"{message}; {REMEDY} brings them")
    try:
        return str(here or download_model(_HUB_NAME))
    except Exception as error:  # the hub, the network and the disk each have their own
        message = f"the weights of Whisper base cannot be fetched ({error})"
        raise MissingError(f"{message}; {REMEDY} brings them") from error


def _downloaded() -> str | None:
    """The folder where faster-whisper keeps what it fetched from its hub."""
    try:
        return str(download_model(_HUB_NAME, local_files_only=True))
    except (OSError, ValueError):
        return None
