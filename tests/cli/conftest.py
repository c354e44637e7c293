"""The command line as a process, and a library of the sample films to try it on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_media"
FILMS = ("travel.mp4", "travel.zh.srt", "space.mkv", "cafe.webm", "pets.mp4", "voice-note.m4a")


@dataclass(frozen=True)
class Done:
    """A process that has ended."""

    code: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.split("\n") if line]


def vidcut(
    *arguments: str | Path, cwd: Path | None = None, stdin: str = "", **environment: str
) -> Done:
    """Run vidcut; a traceback is never an answer."""
    done = subprocess.run(
        [sys.executable, "-m", "vidcut", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        cwd=cwd or ROOT,
        env={**os.environ, **environment},
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session", autouse=True)
def _state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A state folder of the tests' own: what they search for is not the user's last search."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the sample films, indexed with the offline models."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "films").mkdir()
    for name in FILMS:
        shutil.copy(SAMPLES / name, folder / "films")
    done = vidcut("index", "films", "--offline", "--visual-model", "labels", "--json", cwd=folder)
    assert done.code == 0, done.err
    assert done.lines()[0]["videos"] == 5
    return folder


@pytest.fixture(name="vidcut", scope="session")
def _vidcut() -> Any:
    return vidcut
