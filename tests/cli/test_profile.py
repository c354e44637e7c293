"""How an index run uses the machine, and where it says that its time went."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from vidcut import Library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILMS = ("cafe.webm", "voice-note.m4a")
LANES = {
    "examine": {"probe", "hash"},
    "see": {"pictures"},
    "look": {"frame", "ocr"},
    "listen": {"sound", "asr"},
    "write": {"catalog", "snapshots"},
}


@pytest.fixture(scope="module")
def busy(home: Path, vidcut: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two of the samples again, both at once, giving way to all else; and what it told."""
    folder = tmp_path_factory.mktemp("busy")
    (folder / "films").mkdir()
    for name in FILMS:
        shutil.copy(home / "films" / name, folder / "films")
    options = ("--offline", "--visual-model", "labels", "--json", "--quiet")
    done = vidcut("index", "films", *options, "--profile", "--jobs", "2", "--nice", "3", cwd=folder)
    assert done.code == 0, done.err
    return folder, done


def test_the_profile_is_among_the_results(busy: Any) -> None:
    _, done = busy
    profile = json.loads(done.out)["profile"]
    found: dict[str, set[str]] = {}
    for stage in profile["stages"]:
        found.setdefault(stage["lane"], set()).add(stage["stage"])
        assert 0 <= stage["busy_s"] <= 2 * profile["wall_s"]
        assert stage["share"] == pytest.approx(stage["busy_s"] / profile["wall_s"], abs=1e-3)
        assert (stage["queue_fill"] is None) == (stage["lane"] == "examine")
    assert found == LANES
    assert profile["cores"] == len(os.sched_getaffinity(0))
    assert 0 < profile["decoders_cpu_s"] < profile["cpu_s"]
    assert 0 < profile["cores_busy"] <= 1


def test_the_profile_is_a_table_on_stderr_even_when_quiet(busy: Any) -> None:
    _, done = busy
    head, *rows, last = done.err.splitlines()
    assert head.startswith("lane      stage")
    assert {tuple(row.split()[:2]) for row in rows} == {
        (lane, stage) for lane, stages in LANES.items() for stage in stages
    }
    assert "s on the wall" in last


def test_without_being_asked_nobody_tells(home: Path, vidcut: Any) -> None:
    done = vidcut("index", "films", "--offline", "--json", cwd=home)
    assert "profile" not in json.loads(done.out)
    assert "on the wall" not in done.err


def test_files_at_the_same_time_come_out_to_the_bit_as_one_by_one(home: Path, busy: Any) -> None:
    folder, _ = busy
    alone, together = chunks(home), chunks(folder)
    assert together == {name: alone[name] for name in together}
    assert set(together) == {f"films/{name}" for name in FILMS}


def chunks(folder: Path) -> Mapping[str, Any]:
    """All that a library knows of each video, without ids."""
    with Library(folder) as library:
        catalog = library.holdings.catalog
        vectors: dict[int, bytes] = {}
        for modality in catalog.counts():
            space = catalog.modality_space(modality)
            assert space is not None
            ids, blob = catalog.vectors_after(modality, space, 0)
            size = len(blob) // len(ids)
            vectors |= {row: blob[at * size : at * size + size] for at, row in enumerate(ids)}
        return {
            video.path: (
                video.state,
                catalog.cuts(video.id),
                sorted(
                    (chunk.modality, chunk.span, chunk.text or "", vectors[chunk.id])
                    for chunk in catalog.chunks_of(video.id)
                ),
            )
            for video in catalog.videos()
        }


def test_a_number_of_files_below_one_is_refused(tmp_path: Path, vidcut: Any) -> None:
    for option in ("--jobs", "--threads"):
        assert vidcut("index", ".", option, "0", cwd=tmp_path).code == 2
    assert vidcut("index", ".", "--nice", "20", cwd=tmp_path).code == 2
