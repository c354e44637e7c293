"""The README's commands are commands, and its Python runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from vidcut import cli

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _commands() -> list[str]:
    found = []
    for name in ("README.md", "README.zh-CN.md"):
        for _, block in BLOCK.findall((ROOT / name).read_text(encoding="utf-8")):
            for line in block.splitlines():
                words = re.sub(r"\s+#.*", "", line)
                found += [part.strip() for part in words.split("|") if "vidcut " in part]
    return sorted({command for command in found if command.startswith("vidcut ")})


@pytest.mark.parametrize("command", _commands())
def test_command_parses(command: str) -> None:
    _, *words = shlex.split(command)
    group: Any = typer.main.get_command(cli.app(["--help"]))
    if words[0].startswith("-"):
        return
    with group.make_context("vidcut", words) as context:
        name, sub, rest = group.resolve_command(context, words)
        sub.make_context(name, rest, parent=context).close()


def test_every_command_is_told_of() -> None:
    told = {shlex.split(command)[1] for command in _commands()}
    group: Any = typer.main.get_command(cli.app(["--help"]))
    assert set(group.commands) <= told


def test_python_example_runs(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    (example,) = (block for language, block in blocks if language == "python")
    monkeypatch.chdir(home)
    example = example.replace('"footage"', '"films"').replace('"clips"', repr(str(tmp_path)))
    names: dict[str, Any] = {}
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102  (it is what is tested)
    assert names["moments"]
    assert len(list(tmp_path.glob("*.mp4"))) == len(names["moments"])
    names["library"].close()
