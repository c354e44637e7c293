"""Hundreds of runs and searches in one process: memory and open files stay as they were."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.strace import Stage

pytestmark = pytest.mark.points

ROUNDS = 700
_SETTLED, _PART = 300, 50
"""The rounds by which caches of 256 are full, and those whose median is taken."""
_BYTES, _OBJECTS = 50, 0.5
"""What a round may keep; one scanner that FAISS never freed was 110 bytes of each query."""


def test_repeated_runs_and_searches_keep_nothing(stage: Stage, work: Path) -> None:
    ended = stage.ask("soak", work, rounds=ROUNDS)
    assert ended.code == 0, ended.answer
    heap, objects, descriptors = zip(*ended.answer[_SETTLED:], strict=True)
    assert len(set(descriptors)) == 1
    assert _kept(heap) < _BYTES
    assert _kept(objects) < _OBJECTS


def _kept(each: tuple[int, ...]) -> float:
    """How much more a round in use, from the first of these to the last."""
    return (median(each[-_PART:]) - median(each[:_PART])) / (len(each) - _PART)
