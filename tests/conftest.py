"""What all tests share: steady Hypothesis, and nobody's own settings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from vidcut import devices, writer

if TYPE_CHECKING:
    from xdist.remote import Producer

MADE_ONCE = ("tests/cli/", "tests/web/")
"""An indexed library; one that is served, and a browser."""
LONGEST = ("cli", "web", "reliability", "media", "contract")
"""Folders whose files take long, to be begun first: else one process ends long after the other."""

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


class _Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """Files are each one process's, and so are folders that make something once for all."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((folder for folder in MADE_ONCE if file.startswith(folder)), file)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.split("/")[1], len(places)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Scheduling | None:
    """How the tests are shared out, where it is to be by files."""
    return _Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that need a GPU are passed over where there is none."""
    if item.get_closest_marker("gpu") and not devices.cuda():
        pytest.skip("there is no CUDA device here")
