"""The inputs that are kept for the fuzzer: no door lets in what it promises not to."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.reliability import oracles

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = [
    pytest.param(target, seed, id=f"{target}-{seed.name}")
    for target in oracles.TARGETS
    for seed in oracles.seeds(target)
]


@pytest.mark.parametrize(("target", "seed"), SEEDS)
def test_a_door_keeps_its_promise(target: str, seed: Path) -> None:
    oracles.TARGETS[target](seed.read_bytes())


@pytest.mark.parametrize("target", oracles.TARGETS)
def test_cut_short_or_broken_it_keeps_it_too(target: str) -> None:
    for seed in oracles.seeds(target):
        data = seed.read_bytes()[:2_000]
        middle = len(data) // 2
        for other in (data[:middle], data[:middle] + b"\xff\x00" + data[middle + 2 :], data * 2):
            oracles.TARGETS[target](other)


def test_there_are_seeds_for_every_target_and_none_is_large() -> None:
    assert {folder.name for folder in oracles.SEEDS.iterdir()} == set(oracles.TARGETS)
    for target in oracles.TARGETS:
        sizes = [seed.stat().st_size for seed in oracles.seeds(target)]
        assert len(sizes) >= 10
        assert max(sizes) <= 10_000


def test_without_its_tool_the_fuzzer_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "atheris.py").write_text("raise ImportError", encoding="utf-8")
    program = oracles.SEEDS.parents[2] / "benchmarks" / "fuzz.py"
    done = subprocess.run(
        [sys.executable, program, "queries"],
        capture_output=True, text=True, check=False, env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.count("\n") == 1
    assert "--group fuzz" in done.stderr
