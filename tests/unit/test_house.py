"""The house holds itself: what a reader may count on in every room."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from vidcut import arguments, plugins
from vidcut.readers import _container

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "vidcut").rglob("*.py"))
FAMILIES = ("readers", "encoders", "modalities", "stores", "exporters")
PLUGINS = [(family, name) for family in FAMILIES for name in plugins.names(family)]

each_module = pytest.mark.parametrize(
    "path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES]
)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported(tree: ast.Module) -> set[str]:
    """The packages that a module imports anywhere, by their first name."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def of_onnx(tree: ast.Module) -> set[str]:
    """What a module imports of `onnx`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "onnx":
            found |= {alias.name for alias in node.names} if node.module == "onnx" else {"more"}
        elif isinstance(node, ast.Import):
            found |= {one.name for one in node.names if one.name.partition(".")[0] == "onnx"}
    return found


@each_module
def test_no_file_wants_to_be_two_rooms(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@each_module
def test_every_file_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(parsed(path))


@each_module
def test_only_one_file_starts_processes_and_none_unpickles(path: Path) -> None:
    forbidden = {"pickle", "marshal", "shelve", "dill", "joblib"}
    if path != ROOT / "vidcut" / "processes.py":
        forbidden.add("subprocess")
    assert not imported(parsed(path)) & forbidden


@each_module
def test_nothing_that_is_loaded_can_be_a_program(path: Path) -> None:
    """A call that could unpickle says that it does not; YAML and ONNX are not read at all."""
    needed = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
    tree = parsed(path)
    assert not imported(tree) & {"yaml", "cloudpickle"}
    assert of_onnx(tree) <= {"TensorProto", "helper", "numpy_helper"}  # they only write
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        assert name not in {"eval", "exec", "torch.jit.load", "torch.hub.load"}
        given = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert given.get("trust_remote_code") in {None, "False"}
        if name in needed:
            key, value = needed[name]
            assert given.get(key) == str(value), f"{name} in line {call.lineno}"


def test_only_one_file_asks_a_hub_one_more_a_network_and_one_listens() -> None:
    asking = {"huggingface_hub", "urllib.request", "socket", "requests", "httpx"}
    found = set()
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        ways = rf"^\s*(import ({'|'.join(asking)})(\s|$)|from ({'|'.join(asking)}) )"
        if re.search(ways, text, flags=re.MULTILINE):
            found.add(str(path.relative_to(ROOT)))
    asking_files = {"vidcut/hub.py", "vidcut/encoders/_clip.py"}
    assert found == {*asking_files, "vidcut/web/serving.py"}


@pytest.mark.parametrize(("family", "name"), PLUGINS, ids="/".join)
def test_every_plugin_can_be_created(family: str, name: str) -> None:
    """Read, not imported: the pictures' models would take seconds."""
    path = ROOT / "vidcut" / family / f"{name}.py"
    functions = {node.name for node in parsed(path).body if isinstance(node, ast.FunctionDef)}
    assert functions >= ({"create", "load"} if family == "stores" else {"create"})


def test_every_requirement_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    pinned = {canonicalize_name(pin.name): pin.specifier for pin in pins}
    assert list(pinned) == sorted(pinned)
    for wanted in requirements():
        (pin,) = pinned[canonicalize_name(wanted.name)]
        assert pin.operator == "=="
        assert wanted.specifier.contains(pin.version), wanted


def requirements() -> list[Requirement]:
    """What pyproject.toml asks for; the GPU's packages are the user's to choose."""
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = facts["project"]["optional-dependencies"]
    lines = [
        *facts["project"]["dependencies"],
        *(line for name, extra in extras.items() if name != "gpu" for line in extra),
        *(line for group in facts["dependency-groups"].values() for line in group),
    ]
    return [Requirement(line) for line in lines]


def test_make_help_tells_of_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^\.PHONY: (.+)$", text, flags=re.MULTILINE)[0].split())
    assert named == set(re.findall(r"^([a-z-]+):.*## \S", text, flags=re.MULTILINE))


def test_what_can_be_read_can_be_cut() -> None:
    assert _container._FORMATS.split(",") == arguments.DEMUXERS.split(",")


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; import vidcut.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "scipy", "PIL", "av", "faiss", "torch", "onnxruntime", "pysubs2", "librosa"}
    assert not heavy & set(done.stdout.split())


def test_a_command_imports_no_other() -> None:
    code = "import sys; from vidcut.cli import app; app(['search']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "vidcut.cli.search" in imported
    assert not {"vidcut.cli.reel", "vidcut.cli.index", "rich.console", "vidcut.ffmpeg"} & imported
