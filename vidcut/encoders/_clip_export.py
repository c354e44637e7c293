"""Makes an open_clip model on torch ready for this processor, and holds it against torch.

Weights are rounded to 8 bits, one scale an output (``onnxruntime.quantization``), where what comes
out stays within `NEAREST` of torch's vectors for all that is tried. Else pictures are read by the
quicker of ONNX Runtime with the weights as they are and torch in bfloat16, of those that stay
within it; texts by ONNX Runtime alone, for a search has no time for torch. Where all is off, or
the model cannot be written at all, it stays with torch as it is. `onnx` is what torch writes with;
nothing is read by it but what was just written.
"""

from __future__ import annotations

import functools
import logging
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from vidcut.encoders import _bpe, _clip_onnx
from vidcut.encoders._clip_onnx import MODEL, TOKENS
from vidcut.encoders._exported import RefusedError
from vidcut.encoders._looks import Looks
from vidcut.encoders._rows import unit
from vidcut.encoders._text import LONGEST_CHARACTERS, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from vidcut.encoders._clip import Clip
    from vidcut.records import Picture

NEAREST = 0.995
"""The least cosine with torch's vector: strangers lie at 0.1 to 0.8 of each other."""
_RUNS, _BATCH = 3, 8
_WHOLE = "whole.onnx"
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


def words(load: Callable[[], Clip], text_config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write the text tower and its tokenizer; its facts.

    Args:
        load: a model that is nobody else's: it is taken apart, and let go of before its weights
            are rounded, for both together would take half as much memory again.
        text_config: what open_clip knows of the tower.
        folder: an empty one.

    Raises:
        RefusedError: it cannot be, or would not read texts as torch does.
    """
    texts = [readable(text, longest=LONGEST_CHARACTERS) for text in TEXTS]
    with _translating(), TemporaryDirectory(dir=folder, prefix=".") as aside:
        model, _, tokenizer = load().parts()
        del model.visual  # what is not written takes no room while the rest is
        tokens = tokenizer(texts)
        facts = _tokens(tokenizer, text_config, folder)
        ids = _clip_onnx.tokenizer(folder, facts)
        found = [ids(text) for text in texts]
        if found != tokens.tolist():
            raise RefusedError("its tokenizer reads some texts in a way of its own")
        inputs = [np.asarray([one], dtype=np.int64) for one in found]
        wanted = _written(model, model.encode_text, tokens, Path(aside))
        del model, tokenizer
        trial = _Trial(wanted, inputs, ["MatMul", "Gemm", "Gather"])
        return {"tokens": facts, **_nearest(trial, Path(aside), folder)}


def pictures(load: Callable[[], Clip], frames: Sequence[Picture], folder: Path) -> dict[str, Any]:
    """Write the picture tower, held against torch on these; its facts. See `words`.

    Raises:
        RefusedError: it cannot be, or would not see them as torch does.
    """

    @functools.cache
    def rounded() -> Clip:
        return load().rounded()

    with _translating(), TemporaryDirectory(dir=folder, prefix=".") as aside:
        model, preprocess, _ = load().parts()
        for name in {name for name, _ in model.named_children()} - {"visual"}:
            delattr(model, name)
        config = dict(model.visual.preprocess_cfg)
        looks = Looks.of(config)
        inputs = [looks.prepared(frame) for frame in frames]
        batch = torch.stack([preprocess(Image.fromarray(frame)) for frame in frames])
        if np.abs(np.concatenate(inputs) - batch.numpy()).max() > _SAME_PICTURE:
            raise RefusedError("its pictures are prepared in a way of their own")
        wanted = _written(model, model.encode_image, batch, Path(aside))
        del model, preprocess
        also = {"bf16": lambda: np.stack(list(rounded().images(frames)))}
        trial = _Trial(wanted, inputs, ["MatMul", "Gemm"], also)
        return {"looks": config, **_nearest(trial, Path(aside), folder)}


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a tower is held to."""

    wanted: NDArray[np.float32]
    """Torch's rows, of unit length."""
    inputs: Sequence[NDArray[Any]]
    """What they were made of, one by one."""
    kinds: Sequence[str]
    """The operators whose weights may become 8 bits."""
    also: Mapping[str, Callable[[], NDArray[np.float32]]] = field(default_factory=dict)
    """Other ways to such rows, by their precision, on torch."""


class _Tower(torch.nn.Module):
    def __init__(self, model: torch.nn.Module, encode: Callable[[Any], Any]) -> None:
        super().__init__()
        self.model = model
        self.encode = encode

    def forward(self, x: torch.Tensor) -> Any:
        return self.encode(x)


def _written(
    model: Any, encode: Callable[[Any], Any], batch: torch.Tensor, aside: Path
) -> NDArray[np.float32]:
    """Write a tower as it is; what torch makes of the batch."""
    device = next(model.parameters()).device
    with torch.inference_mode():
        rows = [encode(part.to(device)).float().cpu() for part in torch.split(batch, _BATCH)]
    _export(_Tower(model, encode), batch[:2].to(device), aside / _WHOLE)
    return unit(torch.cat(rows).numpy())


def _nearest(trial: _Trial, aside: Path, folder: Path) -> dict[str, Any]:
    """The smallest or else the quickest that will do, in the folder; what was tried of it."""
    whole, smaller = aside / _WHOLE, aside / "rounded.onnx"
    _round(whole, smaller, trial.kinds)
    _clip_onnx.session(smaller, threads=1, save_as=folder / MODEL)
    cosine = _least_cosine(_runs(folder / MODEL, trial.inputs)(), trial.wanted)
    tried: dict[str, dict[str, float]] = {"int8": {"cosine": cosine}}
    if cosine >= NEAREST:
        return {"runtime": "onnx", "precision": "int8", "cosine": cosine, "tried": tried}
    _clip_onnx.session(whole, threads=1, save_as=folder / MODEL)
    ways = {"fp32": _runs(folder / MODEL, trial.inputs), **trial.also}
    tried |= {name: _facts(way, trial.wanted) for name, way in ways.items()}
    near = [name for name, facts in tried.items() if facts["cosine"] >= NEAREST]
    best = max(near, key=lambda name: tried[name]["rows_per_s"], default="")
    if best != "fp32":
        (folder / MODEL).unlink()
    if not best:
        told = ", ".join(f"{name} {facts['cosine']:.5f}" for name, facts in tried.items())
        raise RefusedError(f"its least cosine with torch is below {NEAREST} ({told})")
    facts = {"runtime": "onnx" if best == "fp32" else "torch", "precision": best}
    return {**facts, "cosine": tried[best]["cosine"], "tried": tried}


def _facts(way: Callable[[], NDArray[np.float32]], wanted: NDArray[np.float32]) -> dict[str, float]:
    """How near it comes, and how quickly: the best of `_RUNS`, for others are at work too."""
    cosine, spent_s = _least_cosine(way(), wanted), []
    for _ in range(_RUNS):
        begun_s = time.perf_counter()
        way()
        spent_s.append(time.perf_counter() - begun_s)
    return {"cosine": cosine, "rows_per_s": len(wanted) / min(spent_s)}


def _export(tower: _Tower, example: torch.Tensor, path: Path) -> None:
    largest = sum(one.numel() * one.element_size() for one in tower.parameters())
    if largest > _MOST_BYTES:
        raise RefusedError(f"its weights take {largest / 1e9:.1f} GB, and 1.9 GB can be written")
    before = torch.backends.mha.get_fastpath_enabled()
    # Its fused operators cannot be written.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        torch.onnx.export(
            tower.eval(),
            (example,),
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


def _runs(path: Path, inputs: Sequence[NDArray[Any]]) -> Callable[[], NDArray[np.float32]]:
    session = _clip_onnx.session(path, threads=max(1, torch.get_num_threads()))

    def rows() -> NDArray[np.float32]:
        found = np.concatenate([session.run(None, {"x": one})[0] for one in inputs])
        return unit(np.asarray(found, dtype=np.float32))

    return rows


def _least_cosine(rows: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    return float(np.min(np.sum(rows * wanted, axis=1)))


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
