"""Makes an open_clip model on torch ready for ONNX Runtime, and holds it against torch.

Weights are rounded to 8 bits, one scale an output (``onnxruntime.quantization``), where what comes
out stays within `_NEAREST` of torch's vectors for all that is tried, else they stay as they are;
where that too is off, or the model cannot be written at all, it stays with torch. `onnx` is what
torch writes with; nothing is read by it but what was just written.
"""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from vidcut.encoders import _bpe, _clip_onnx
from vidcut.encoders._clip_onnx import MODEL, TOKENS
from vidcut.encoders._looks import Looks
from vidcut.encoders._rows import unit
from vidcut.encoders._text import LONGEST_CHARACTERS, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from vidcut.encoders._clip import Clip
    from vidcut.records import Picture

_NEAREST = 0.995
"""The least cosine with torch's vector: strangers lie at 0.1 to 0.8 of each other."""
_PRECISIONS: Sequence[str] = ("int8", "fp32")
_OPSET = 17
_MOST_BYTES = 1_900_000_000
"""A protocol buffer ends at 2 GiB (protobuf.dev/overview)."""
_SAME_PICTURE = 1e-5
TEXTS = (
    "a photo of a cat",
    "two people walking a dog on the beach at sunset",
    "an aerial view of a red car crossing a parking lot, filmed by a drone",
    "the chef pours hot coffee into a blue cup, then smiles at the camera and walks away",
    "close-up",
    "SALE 50% off!!! don't miss it",
    "it's 10:45 & <b>we're</b> &amp; they&#39;ll",
    "雨中的一辆红色汽车",
    "一群朋友围着桌子吃火锅，窗外下着雪",
    "湖边的古塔",
    "犬がビーチを走っている",
    "강아지가 해변에서 달린다",
    "Ein Hund läuft über die Straße",
    "un café con leche, por favor",
    "собака бежит по пляжу",
    "naïve “quotes” — ﬁligree",
    "🎬 🏖️ 👨‍👩‍👧",
    "",
    "word " * 120,
)
"""What text towers are tried on: short and long, many scripts, what needs cleaning."""


class RefusedError(Exception):
    """Why a model stays with torch."""


def words(clip: Clip, text_config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write the text tower and its tokenizer; its facts.

    Raises:
        RefusedError: it cannot be, or would not read texts as torch does.
    """
    model, _, tokenizer = clip.parts()
    texts = [readable(text, longest=LONGEST_CHARACTERS) for text in TEXTS]
    with _translating():
        tokens = tokenizer(texts)
        facts = _tokens(tokenizer, text_config, folder)
        ids = _clip_onnx.tokenizer(folder, facts)
        found = [ids(text) for text in texts]
        if found != tokens.tolist():
            raise RefusedError("its tokenizer reads some texts in a way of its own")
        inputs = [np.asarray([one], dtype=np.int64) for one in found]
        trial = _Trial(model.encode_text, tokens, inputs)
        return {"tokens": facts, **_written(model, trial, folder, ["MatMul", "Gemm", "Gather"])}


def pictures(clip: Clip, frames: Sequence[Picture], folder: Path) -> dict[str, Any]:
    """Write the picture tower, held against torch on these; its facts.

    Raises:
        RefusedError: it cannot be, or would not see them as torch does.
    """
    model, preprocess, _ = clip.parts()
    with _translating():
        config = dict(model.visual.preprocess_cfg)
        looks = Looks.of(config)
        inputs = [looks.prepared(frame) for frame in frames]
        batch = torch.stack([preprocess(Image.fromarray(frame)) for frame in frames])
        if np.abs(np.concatenate(inputs) - batch.numpy()).max() > _SAME_PICTURE:
            raise RefusedError("its pictures are prepared in a way of their own")
        trial = _Trial(model.encode_image, batch, inputs)
        return {"looks": config, **_written(model, trial, folder, ["MatMul", "Gemm"])}


class _Trial:
    """What a tower is held to."""

    def __init__(
        self,
        encode: Callable[[Any], Any],
        batch: torch.Tensor,
        inputs: Sequence[NDArray[Any]],
    ) -> None:
        self.encode = encode
        self.batch = batch
        self.inputs = inputs

    def reference(self, device: torch.device) -> NDArray[np.float32]:
        with torch.inference_mode():
            rows = [
                self.encode(part.to(device)).float().cpu() for part in torch.split(self.batch, 8)
            ]
        return unit(torch.cat(rows).numpy())


class _Tower(torch.nn.Module):
    def __init__(self, model: torch.nn.Module, encode: Callable[[Any], Any]) -> None:
        super().__init__()
        self.model = model
        self.encode = encode

    def forward(self, x: torch.Tensor) -> Any:
        return self.encode(x)


def _written(
    model: torch.nn.Module, trial: _Trial, folder: Path, rounded: Sequence[str]
) -> dict[str, Any]:
    device = next(model.parameters()).device
    wanted = trial.reference(device)
    tried = {}
    with TemporaryDirectory(dir=folder, prefix=".") as aside:
        whole = Path(aside) / "whole.onnx"
        _export(_Tower(model, trial.encode), trial, whole, device)
        for precision in _PRECISIONS:
            smaller = whole
            if precision == "int8":
                smaller = Path(aside) / "rounded.onnx"
                _round(whole, smaller, rounded)
            _clip_onnx.session(smaller, threads=1, save_as=folder / MODEL)
            tried[precision] = cosine = _least_cosine(folder / MODEL, trial.inputs, wanted)
            if cosine >= _NEAREST:
                return {"precision": precision, "cosine": cosine, "tried": tried}
    (folder / MODEL).unlink()
    raise RefusedError(f"its least cosine with torch is below {_NEAREST}: {tried}")


def _export(tower: _Tower, trial: _Trial, path: Path, device: torch.device) -> None:
    largest = sum(one.numel() * one.element_size() for one in tower.parameters())
    if largest > _MOST_BYTES:
        raise RefusedError(f"its weights take {largest / 1e9:.1f} GB, and 1.9 GB can be written")
    before = torch.backends.mha.get_fastpath_enabled()
    # Its fused operators cannot be written.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        torch.onnx.export(
            tower.eval(),
            (trial.batch[:2].to(device),),
            str(path),
            # The exporter that replaces it needs three packages more.
            dynamo=False,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": {0: "n"}, "y": {0: "n"}},
            opset_version=_OPSET,
        )
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _round(whole: Path, smaller: Path, kinds: Sequence[str]) -> None:
    from onnxruntime import quantization  # noqa: PLC0415  (brings onnx)

    quantization.quantize_dynamic(
        str(whole),
        str(smaller),
        op_types_to_quantize=list(kinds),
        per_channel=True,
        weight_type=quantization.QuantType.QInt8,
        extra_options={"MatMulConstBOnly": True},  # what attention multiplies stays exact
    )


def _least_cosine(path: Path, inputs: Sequence[NDArray[Any]], wanted: NDArray[np.float32]) -> float:
    session = _clip_onnx.session(path, threads=max(1, torch.get_num_threads()))
    rows = np.concatenate([session.run(None, {"x": one})[0] for one in inputs])
    return float(np.min(np.sum(unit(np.asarray(rows, dtype=np.float32)) * wanted, axis=1)))


def _tokens(tokenizer: Any, config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write what a tokenizer is made of."""
    own = config.get("tokenizer_kwargs") or {}
    context = int(tokenizer.context_length)
    if hasattr(tokenizer, "bpe_ranks"):
        (folder / TOKENS).write_text(_bpe.from_open_clip(tokenizer), encoding="utf-8")
        start, end = tokenizer.sot_token_id, tokenizer.eot_token_id
        facts = {"kind": "bpe", "start": start, "end": end}
        return {**facts, "clean": own.get("clean", "lower"), "context": context}
    # Only now it has been told how long its texts are to be.
    (folder / TOKENS).write_text(tokenizer.tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
    stripped = tokenizer.tokenizer.sep_token_id if tokenizer.strip_sep_token else None
    facts = {"kind": "hub", "stripped": stripped, "context": context}
    return {**facts, "clean": own.get("clean", "whitespace")}


@contextmanager
def _translating() -> Iterator[None]:
    """Whatever fails is a reason to stay with torch; nothing is printed."""
    root, handler = logging.getLogger(), logging.NullHandler()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except RefusedError:
        raise
    except Exception as error:  # torch, onnx and ONNX Runtime raise whatever they like
        first = str(error).strip().partition("\n")[0]
        raise RefusedError(f"{type(error).__name__}: {first}") from error
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
