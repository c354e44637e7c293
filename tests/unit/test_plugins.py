"""A plug-in is found by its name alone, and brings no neighbour with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vidcut import plugins
from vidcut.errors import MissingError, UsageError


def test_the_stores_are_named_in_order() -> None:
    assert plugins.names("stores") == ("faiss", "faiss_gpu", "flat")


@pytest.mark.parametrize("family", ["readers", "encoders", "modalities", "stores"])
def test_a_name_is_a_file_without_underscore(family: str) -> None:
    folder = Path(plugins.__file__).parent / family
    files = {path.stem for path in folder.glob("*.py") if not path.name.startswith("_")}
    assert set(plugins.names(family)) == files


def test_a_plugin_is_its_module() -> None:
    assert plugins.load("stores", "flat").__name__ == "vidcut.stores.flat"


@pytest.mark.parametrize(
    "name", ["annoy", "_snapshot", "__init__", "", ".", "..flat", "flat.create", "../flat", "帧"]
)
def test_an_unknown_plugin_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UsageError, match="there are: faiss, faiss_gpu, flat"):
        plugins.load("stores", name)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    for name in ("faiss", "_lists", "_scan"):
        monkeypatch.delitem(sys.modules, f"vidcut.stores.{name}", raising=False)
    with pytest.raises(MissingError, match=r"'faiss'.*vidcut doctor"):
        plugins.load("stores", "faiss")


@pytest.mark.parametrize(
    "call",
    [
        "[plugins.names(f) for f in ('readers', 'encoders', 'modalities', 'stores')]",
        "plugins.load('stores', 'flat')",
    ],
)
def test_names_and_neighbours_stay_unimported(call: str) -> None:
    code = f"import sys; from vidcut import plugins; {call}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    heavy = {"torch", "open_clip", "faiss", "av", "decord", "onnxruntime", "faster_whisper"}
    assert "vidcut.plugins" in done.stdout.split()
    assert not (heavy | {"vidcut.stores.faiss"}) & set(done.stdout.split())


def test_no_library_tells_its_makers_of_a_run(tmp_path: Path) -> None:
    """ONNX Runtime notes its session in the scratch folder when it is about to."""
    code = "from vidcut import plugins; plugins.load('modalities', 'ocr'); import onnxruntime"
    quiet = {name: value for name, value in os.environ.items() if "TELEMETRY" not in name}
    environment = {**quiet, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert not list(tmp_path.iterdir())
