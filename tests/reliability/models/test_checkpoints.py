"""A checkpoint is weights and no program: whatever it holds, nothing of it is run."""

from __future__ import annotations

import importlib
import io
import json
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vidcut import plugins
from vidcut.errors import MissingError, UsageError, VidcutError
from vidcut.protocols import EncoderOptions

if TYPE_CHECKING:
    from tests.reliability.models.conftest import Hub

CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 1, "layers": 1},
}


class Program:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.touch, (self._path,)


class Clumsy:
    """Makes torch's own careful reader raise TypeError, after which open_clip tries again."""

    def __reduce__(self) -> tuple[Any, ...]:
        return OrderedDict, (), (None, {})


def zipped(content: bytes) -> bytes:
    """As torch.save packs it today."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("archive/data.pkl", content)
        file.writestr("archive/version", "3")
        file.writestr("archive/byteorder", "little")
    return stream.getvalue()


def hostile(touched: Path) -> dict[str, bytes]:
    """Name → a checkpoint that would touch the file."""
    plain = pickle.dumps(Program(touched), protocol=2)
    within = pickle.dumps({"state_dict": {"x": Program(touched)}}, protocol=2)
    clumsy = pickle.dumps([Clumsy(), Program(touched)], protocol=2)
    return {
        "plain": plain,
        "within": within,
        "clumsy": clumsy,
        "zipped": zipped(within),
        "zipped clumsy": zipped(clumsy),
    }


CASES = tuple(hostile(Path()))
ENDINGS = ("pt", "pth", "bin", "ckpt", "safetensors", "npy", "npz")
QUICK = {("within", "safetensors"), ("clumsy", "ckpt"), ("zipped", "bin")}
"""What is tried at every run; all else on long ones, for each starts torch."""


@pytest.fixture
def touched(tmp_path: Path) -> Path:
    return tmp_path / "touched"


@pytest.mark.parametrize("case", CASES)
def test_the_cases_are_hostile(case: str, touched: Path) -> None:
    """That is, the rest of this file can fail."""
    content = hostile(touched)[case]
    if case.startswith("zipped"):
        content = zipfile.ZipFile(io.BytesIO(content)).read("archive/data.pkl")
    pickle.loads(content)  # noqa: S301  (what nobody should do)
    assert touched.exists()


@pytest.mark.filterwarnings("ignore:Environment variable TORCH_FORCE")
@pytest.mark.parametrize(
    ("case", "ending"),
    [
        pytest.param(case, ending, marks=[pytest.mark.slow] * ((case, ending) not in QUICK))
        for case in CASES
        for ending in ENDINGS
    ],
)
def test_a_checkpoint_of_the_user_s_is_not_run(
    case: str, ending: str, touched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    (tmp_path / "tiny.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    file = tmp_path / f"evil.{ending}"
    file.write_bytes(hostile(touched)[case])
    with pytest.raises(UsageError, match=rf"evil\.{ending} cannot be loaded"):
        query(f"tiny={file}")
    assert not touched.exists()


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=[pytest.mark.slow] * (row > 0)) for row, case in enumerate(CASES)],
)
def test_weights_of_the_hub_s_are_not_run(case: str, touched: Path, hub: Hub) -> None:
    hub.files["org/net/open_clip_config.json"] = json.dumps({"model_cfg": CONFIG}).encode()
    hub.files["org/net/open_clip_pytorch_model.bin"] = hostile(touched)[case]
    for _ in ("fetched", "cached"):
        with pytest.raises(UsageError, match="cannot be loaded"):
            query("hf-hub:org/net")
    assert not touched.exists()


def test_safetensors_are_taken_before_what_could_be_a_program(hub: Hub, touched: Path) -> None:
    save: Any = importlib.import_module("safetensors.torch").save
    importlib.import_module("vidcut.encoders._torchvision").make_importable()
    open_clip: Any = importlib.import_module("open_clip")
    hub.files["org/net/open_clip_config.json"] = json.dumps({"model_cfg": CONFIG}).encode()
    hub.files["org/net/open_clip_model.safetensors"] = save(
        open_clip.model.CLIP(**CONFIG).state_dict()
    )
    hub.files["org/net/open_clip_pytorch_model.bin"] = hostile(touched)["plain"]
    query("hf-hub:org/net")
    assert not touched.exists()
    assert not any(path.endswith(".bin") for _, path in hub.asked)


@pytest.mark.parametrize("extra", [{"trust_remote_code": True}, {"tokenizer_class": "x"}, ["x"]])
def test_a_configuration_may_not_ask_for_a_program(extra: Any, hub: Hub, tmp_path: Path) -> None:
    text = CONFIG["text_cfg"] | {"hf_tokenizer_name": "org/net", "tokenizer_kwargs": extra}  # type: ignore[operator]
    config = CONFIG | {"text_cfg": text}
    hub.files["org/net/open_clip_config.json"] = json.dumps({"model_cfg": config}).encode()
    with pytest.raises(UsageError, match="could run a program"):
        query("hf-hub:org/net")
    (tmp_path / "tiny.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "tiny.pt").touch()
    with pytest.raises(UsageError, match="could run a program"):
        query(f"tiny={tmp_path / 'tiny.pt'}")


def test_a_tokenizer_s_own_program_is_neither_run_nor_asked_about(
    hub: Hub, touched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Transformers would ask on the terminal, and take a yes for one."""
    monkeypatch.setattr("builtins.input", lambda _prompt: "y")
    code = f"import pathlib; pathlib.Path({str(touched)!r}).touch()\nclass Evil: ...\n"
    text = CONFIG["text_cfg"] | {"hf_tokenizer_name": "org/net"}  # type: ignore[operator]
    config = {"model_cfg": CONFIG | {"text_cfg": text}}
    torch: Any = importlib.import_module("torch")
    importlib.import_module("vidcut.encoders._torchvision").make_importable()
    open_clip: Any = importlib.import_module("open_clip")
    stream = io.BytesIO()
    torch.save(open_clip.model.CLIP(**CONFIG).state_dict(), stream)
    hub.files |= {
        "org/net/open_clip_config.json": json.dumps(config).encode(),
        "org/net/open_clip_pytorch_model.bin": stream.getvalue(),
        "org/net/evil.py": code.encode(),
        "org/net/config.json": b'{"model_type": "evil"}',
        "org/net/tokenizer.json": b"{}",
        "org/net/tokenizer_config.json": json.dumps(
            {"auto_map": {"AutoTokenizer": ["evil.Evil", None]}, "tokenizer_class": "Evil"}
        ).encode(),
    }
    with pytest.raises(VidcutError):
        query("hf-hub:org/net")
    assert not touched.exists()


def test_a_tokenizer_in_a_folder_is_refused(tmp_path: Path) -> None:
    text = CONFIG["text_cfg"] | {"hf_tokenizer_name": str(tmp_path)}  # type: ignore[operator]
    (tmp_path / "tiny.json").write_text(json.dumps(CONFIG | {"text_cfg": text}), encoding="utf-8")
    (tmp_path / "tiny.pt").touch()
    with pytest.raises(UsageError, match="name a repository of the hub"):
        query(f"tiny={tmp_path / 'tiny.pt'}")


def test_a_tokenizer_of_no_one_s_is_refused(tmp_path: Path) -> None:
    """open_clip would fetch one from an address without a check, offline or not."""
    (tmp_path / "my-siglip.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    (tmp_path / "my.pt").touch()
    with pytest.raises(UsageError, match="names no tokenizer"):
        query(f"my-siglip={tmp_path / 'my.pt'}")


def test_a_repository_that_is_none_of_open_clip_s_is_refused(hub: Hub) -> None:
    with pytest.raises(UsageError, match="has no open_clip_config"):
        query("hf-hub:org/net")
    hub.files["org/net/open_clip_config.json"] = json.dumps({"model_cfg": CONFIG}).encode()
    with pytest.raises(MissingError, match="it has no weights"):
        query("hf-hub:org/net")


def query(model: str) -> None:
    options = EncoderOptions(model, device="cpu")
    plugins.load("encoders", "open_clip").create(options).query("a cat")
