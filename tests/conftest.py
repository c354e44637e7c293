"""What all tests share: steady Hypothesis, and nobody's own settings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from vidcut import devices, writer

TESTS = Path(__file__).parent

# Shared runners stall now and then: slowness is for the benchmarks to tell.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@dataclass
class Clock:
    """Time that passes by waiting alone, however busy the machine is."""

    now_s: float = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What a writer that is refused has waited."""
    clock = Clock()
    monkeypatch.setattr(writer, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def _nobodys_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in os.environ:
        if name.startswith("VIDCUT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-config"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run by several processes, a file is one's: for what it makes once, and folders alike."""
    for item in items:
        file = item.path.relative_to(TESTS)
        alike = file.parts[0] if file.parts[0] in {"cli", "web"} else file.as_posix()
        item.add_marker(pytest.mark.xdist_group(alike))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that need a GPU are passed over where there is none."""
    if item.get_closest_marker("gpu") and not devices.cuda():
        pytest.skip("there is no CUDA device here")
