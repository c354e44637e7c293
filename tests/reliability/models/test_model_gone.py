"""A library whose frame model is gone still answers by what is said and written in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from vidcut import library as library_
from vidcut import wiring
from vidcut.settings import Settings

SAMPLES = Path(__file__).resolve().parents[3] / "sample_media"


GONE = "ViT-B-32=/gone/clip.pt"


@pytest.fixture(scope="module")
def library(run: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film with a title, in a library as it is where its pictures were read by a checkpoint."""
    folder = tmp_path_factory.mktemp("gone")
    shutil.copy(SAMPLES / "pets.mp4", folder)
    words = ("index", ".", "--offline", "--visual-model", "labels", "--asr", "never")
    assert run("vidcut", *words, cwd=folder).returncode == 0
    store = wiring.store(Settings())
    with library_.open_to_write(folder / ".vidcut", store) as holdings, holdings.catalog.writing():
        holdings.catalog.keep_setting("visual_model", f"open_clip:{GONE}")
        holdings.catalog._db.execute(
            "UPDATE spaces SET encoder = 'open_clip' WHERE encoder = 'labels'"
        )
    return folder


def test_what_is_written_is_found_and_what_is_missing_said(run: Any, library: Path) -> None:
    done = run("vidcut", "search", "猫咪日记", "--dry-run", "--offline", cwd=library)
    assert done.returncode == 0, done.stderr
    assert "written: 猫咪日记" in done.stdout
    (line,) = [line for line in done.stderr.splitlines() if "/gone/clip.pt" in line]
    assert "what is seen is not searched, the rest answers" in line


@pytest.mark.parametrize("words", [("shown:cat",), ("a cat", "--in", "frame")])
def test_what_only_it_could_tell_is_refused(
    run: Any, library: Path, words: tuple[str, ...]
) -> None:
    done = run("vidcut", "search", *words, "--dry-run", "--offline", cwd=library)
    assert done.returncode == 5
    assert "/gone/clip.pt" in done.stderr
