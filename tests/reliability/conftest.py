"""Where runs are cut short: a process that acts, and a folder in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reliability import strace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.reliability.strace import Stage


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A process that acts on request (see `stage`)."""
    with strace.stage() as opened:
        yield opened


@pytest.fixture
def work() -> Iterator[Path]:
    """An empty folder."""
    with strace.room() as made:
        yield made
