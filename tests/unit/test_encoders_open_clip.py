"""open_clip's models: how they are named, found and refused."""

from __future__ import annotations

import importlib
import importlib.machinery
import json
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants

from vidcut import hub, plugins, weights
from vidcut.errors import MissingError, UsageError
from vidcut.protocols import EncoderOptions

if TYPE_CHECKING:
    from pathlib import Path

TINY = "tiny-clip"
TINY_CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 1, "layers": 1},
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test makes ready is not there for the next."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def plugin() -> Any:
    return plugins.load("encoders", "open_clip")


@pytest.fixture(scope="module")
def open_clip() -> Any:
    importlib.import_module("vidcut.encoders._torchvision").make_importable()
    return importlib.import_module("open_clip")


@pytest.fixture
def saved(tmp_path: Path, open_clip: Any) -> Path:
    """A folder with tiny.pt, tiny.safetensors and the architecture."""
    torch: Any = importlib.import_module("torch")
    torch.manual_seed(1)
    state = open_clip.model.CLIP(**TINY_CONFIG).state_dict()
    (tmp_path / f"{TINY}.json").write_text(json.dumps(TINY_CONFIG), encoding="utf-8")
    torch.save({"state_dict": state}, tmp_path / "tiny.pt")
    importlib.import_module("safetensors.torch").save_file(state, tmp_path / "tiny.safetensors")
    return tmp_path


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    look = huggingface_hub.try_to_load_from_cache
    folder = tmp_path / "hub"
    monkeypatch.setattr(
        huggingface_hub,
        "try_to_load_from_cache",
        lambda repo, file, **which: look(repo, file, cache_dir=folder, **which),
    )
    return folder


@pytest.fixture
def transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were installed."""
    module = ModuleType("transformers")
    module.__spec__ = importlib.machinery.ModuleSpec("transformers", None)
    monkeypatch.setitem(sys.modules, "transformers", module)


def put(cache: Path, repo: str, *files: str) -> None:
    """What the hub's client would have left in its cache."""
    folder = cache / f"models--{repo.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text("1" * 40, encoding="ascii")
    (folder / "snapshots" / ("1" * 40)).mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / "snapshots" / ("1" * 40) / file).write_bytes(b"")


def offline(model: str | None) -> EncoderOptions:
    return EncoderOptions(model, device="cpu", offline=True)


@pytest.mark.parametrize(
    "model", ["", "ViT-B-32", "a/b/c", "/openai", "ViT-B-32/", "hf-hub:x", "../x=y"]
)
def test_a_name_of_no_form_is_refused_with_the_forms(plugin: Any, model: str) -> None:
    if model:
        with pytest.raises(UsageError):
            plugin.create(offline(model))
    else:
        assert plugin.create(offline(model)).space.version == plugin.DEFAULT_MODEL


def test_an_unknown_architecture_is_refused(plugin: Any) -> None:
    encoder = plugin.create(offline("no-such-net/openai"))
    with pytest.raises(UsageError, match="no-such-net"):
        _ = encoder.space


def test_unknown_weights_are_refused_with_those_there_are(plugin: Any) -> None:
    encoder = plugin.create(offline("ViT-B-32/nobody"))
    with pytest.raises(UsageError, match="openai"):
        encoder.query("a cat")


def test_presets_are_models_that_open_clip_has(plugin: Any, open_clip: Any) -> None:
    known = {"/".join(pair) for pair in open_clip.list_pretrained()}
    assert set(plugin.PRESETS.values()) <= known
    for model, address in plugin._HUB_ADDRESSES.items():
        assert open_clip.get_pretrained_cfg(*model.split("/"))["hf_hub"] == address
    assert set(plugin._HUB_ADDRESSES) == set(plugin.PRESETS.values())


@pytest.mark.parametrize("preset", ["fast", "balanced", "best"])
def test_a_preset_s_space_is_known_without_weights(plugin: Any, preset: str) -> None:
    space = plugin.create(offline(preset)).space
    assert space.version == plugin.PRESETS[preset]
    assert space.dim in {512, 768, 1024}


@pytest.mark.usefixtures("empty_cache", "transformers")
def test_missing_weights_name_the_remedy(plugin: Any) -> None:
    assert not plugin.cached(None)
    with pytest.raises(MissingError, match="--visual-model labels"):
        plugin.create(offline(None)).query("a cat")
    with pytest.raises(MissingError, match="--visual-model labels"):
        _ = plugin.create(offline("hf-hub:nobody/nothing")).space


@pytest.mark.usefixtures("transformers")
def test_a_model_is_cached_when_all_its_parts_are(
    plugin: Any, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = plugin._HUB_ADDRESSES[plugin.DEFAULT_MODEL].rstrip("/")
    put(empty_cache, repo, "open_clip_pytorch_model.bin")
    assert not plugin.cached(None)
    put(empty_cache, "xlm-roberta-base", "config.json", "tokenizer.json")
    assert plugin.cached(None)
    assert [bool(one.place) for one in plugin.weights()] == [True, False, False]
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert not plugin.cached(None)


@pytest.mark.slow
def test_a_checkpoint_is_the_same_model_in_both_forms(plugin: Any, saved: Path) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    found = []
    for file in ("tiny.pt", "tiny.safetensors"):
        model = f"{TINY}={saved / file}"
        assert plugin.cached(model)
        encoder = plugin.create(offline(model))
        found.append((encoder.query("a cat"), encoder.images([picture])[0].vector))
    for one, other in zip(*found, strict=True):
        assert np.allclose(one, other, atol=1e-6)


def test_a_checkpoint_is_named_by_what_it_holds(plugin: Any, saved: Path) -> None:
    space = plugin.create(offline(f"{TINY}={saved / 'tiny.pt'}")).space
    (saved / "moved.pt").write_bytes((saved / "tiny.pt").read_bytes())
    assert plugin.create(offline(f"{TINY}={saved / 'moved.pt'}")).space == space
    (saved / "moved.pt").write_bytes(b"other")
    assert plugin.create(offline(f"{TINY}={saved / 'moved.pt'}")).space != space
    assert space.dim == 24
    assert "sha256" in space.version


def test_a_checkpoint_is_read_through_once_to_be_named(
    plugin: Any, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = plugin.create(offline(f"{TINY}={saved / 'tiny.pt'}")).space
    monkeypatch.setattr(weights, "digest_of", lambda *_: pytest.fail("read again"))
    assert plugin.create(offline(f"{TINY}={saved / 'tiny.pt'}")).space == space


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        pytest.param(b"", marks=pytest.mark.slow),
        pytest.param(b"not a checkpoint", marks=pytest.mark.slow),
    ],
)
def test_a_file_that_is_no_checkpoint_is_refused(plugin: Any, saved: Path, content: bytes) -> None:
    for name in ("bad.pt", "bad.safetensors"):
        (saved / name).write_bytes(content)
        with pytest.raises(UsageError, match="bad"):
            plugin.create(offline(f"{TINY}={saved / name}")).query("a cat")


def test_a_checkpoint_that_is_not_there_is_refused(plugin: Any, tmp_path: Path) -> None:
    assert not plugin.cached(f"ViT-B-32={tmp_path / 'none.pt'}")
    with pytest.raises(UsageError, match=r"none\.pt"):
        plugin.create(offline(f"ViT-B-32={tmp_path / 'none.pt'}"))


def test_cuda_where_there_is_none_is_said(plugin: Any, saved: Path) -> None:
    torch: Any = importlib.import_module("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    options = EncoderOptions(f"{TINY}={saved / 'tiny.pt'}", device="cuda")
    with pytest.raises(MissingError, match="--device cpu"):
        plugin.create(options).images([np.zeros((9, 9, 3), dtype=np.uint8)])


def test_being_unplugged_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with hub.unplugged():
        inside = constants.is_offline_mode()
    assert [inside, constants.is_offline_mode()] == [True, False]
    assert "HF_HUB_OFFLINE" not in os.environ


def test_a_package_that_is_missing_is_named_before_anything_is_fetched(
    plugin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingError, match="pip install transformers"):
        plugin.create(EncoderOptions()).query("a cat")
