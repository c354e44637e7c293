"""``vidcut cut``: where its clips go, and what they are called."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILM = "-a 'b' \n🎬.mp4"


@pytest.fixture
def films(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "sample_media" / "pets.mp4", tmp_path / FILM)
    return tmp_path


def left(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {FILM}


def test_a_template_names_the_clip_of_a_hand(films: Path, vidcut: Any) -> None:
    template = "new/{rank:02d}_{stem:.2s}_{start}-{end:.1f}.mov"
    done = vidcut("cut", "-o", template, "--", FILM, "1", "1.2", cwd=films)
    assert done.code == 0, done.err
    assert left(films) == {"new/01_a_00.00.01.000-1.2.mov"}


def test_a_template_names_the_clips_of_moments(films: Path, vidcut: Any) -> None:
    told = {"rank": 4, "query": "hot ../pot", "score": 0.5, "evidence": [{"modality": "asr"}]}
    moments = [{**told, "path": FILM, "start": start, "end": start + 0.2} for start in (0, 1)]
    lines = "".join(json.dumps(one) + "\n" for one in moments)
    template = "{n}_{rank:02d}_{query:.4s}_{score}_{modality}"
    done = vidcut("cut", "-", "-o", template, stdin=lines, cwd=films)
    assert done.code == 0, done.err
    assert left(films) == {"1_04_hot_0.50_asr.mp4", "2_04_hot_0.50_asr.mp4"}
    again = vidcut("cut", "-", "-o", "one_{stem}", stdin=lines, cwd=films)
    assert again.code == 0, again.err
    assert left(films) >= {"one_a 'b' _🎬.mp4", "one_a 'b' _🎬_2.mp4"}


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{score}", "asks for {score}"),
        ("{query:03d}", "cannot be filled in"),
        ("{film}", "its fields are"),
        ("{stem", "cannot be filled in"),
        ("{stem}/../../{n}", "not in the folder"),
        (f"{FILM}/{{stem}}", "is no folder"),
    ],
)
def test_a_template_that_cannot_be_is_refused(
    template: str, words: str, films: Path, vidcut: Any
) -> None:
    done = vidcut("cut", "--output", template, "--overwrite", "--", FILM, "1", "1.2", cwd=films)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert words in done.err
    assert left(films) == set()


def test_a_template_never_takes_the_place_of_the_source(films: Path, vidcut: Any) -> None:
    shutil.copy(films / FILM, films / "film.mp4")
    before = (films / "film.mp4").read_bytes()
    done = vidcut("cut", "film.mp4", "1", "1.2", "-o", "{stem}", "--overwrite", cwd=films)
    assert done.code == 2
    assert "choose another name" in done.err
    assert (films / "film.mp4").read_bytes() == before


def test_what_a_command_prints_goes_to_stderr(films: Path, vidcut: Any) -> None:
    asked = ("cut", "-o", "{n}", "--exec", "sh -c 'echo told; exit 3' {}", "--", FILM, "1", "1.2")
    done = vidcut(*asked, cwd=films)
    assert (done.code, done.out) == (3, "1.mp4\n")
    first, second = done.err.splitlines()
    assert first == "told"
    assert "--exec sh ended with 3" in second
