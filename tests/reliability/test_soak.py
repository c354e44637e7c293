"""Hundreds of runs and searches in one process: memory and open files stay as they were."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.strace import Stage

ROUNDS = 200
GROWTH_KIB = 2048
"""Less than 14 KiB a round, of 150; the allocator's own ups and downs were some 600 KiB."""


def test_repeated_runs_and_searches_keep_nothing(stage: Stage, work: Path) -> None:
    ended = stage.ask("soak", work, rounds=ROUNDS)
    assert ended.code == 0, ended.answer
    memory_kib = [facts[0] for facts in ended.answer]
    descriptors = {facts[1] for facts in ended.answer}
    quarter = ROUNDS // 4
    assert median(memory_kib[-quarter:]) - median(memory_kib[quarter : 2 * quarter]) < GROWTH_KIB
    assert len(descriptors) == 1
