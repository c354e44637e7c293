"""What all tests share: steady Hypothesis, and nobody's own settings."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings

from vidcut import devices, writer

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


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that need a GPU are passed over where there is none."""
    if item.get_closest_marker("gpu") and not devices.cuda():
        pytest.skip("there is no CUDA device here")
