"""What the tests of the server share: libraries that are served, and the page in a browser."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.web import page_stage
from tests.web.served import SAID, SAMPLES, VOICE, make_library, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.web.page_stage import Stage
    from tests.web.served import Served


def pytest_runtest_setup(item: pytest.Item) -> None:
    """The page is looked at where there is a browser."""
    if item.get_closest_marker("browser") and page_stage.CHROMIUM is None:
        pytest.skip("there is no chromium here to look at the page with (apt-get install chromium)")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of films with its library."""
    folder = tmp_path_factory.mktemp("films")
    for name in SAID:
        shutil.copy(SAMPLES / ("voice-note.m4a" if name == VOICE else name), folder / name)
    return make_library(folder)


@pytest.fixture(scope="module")
def served(films: Path) -> Iterator[Served]:
    with serving(films) as one:
        yield one


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library of one film that takes a while to cut."""
    folder = tmp_path_factory.mktemp("long")
    source = "testsrc2=size=320x180:rate=30:duration=120"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "mpeg4", "-g", "250"]
    subprocess.run([*command, "-q:v", "31", folder / "long.mp4"], check=True)
    return make_library(folder, {"long.mp4": ("nothing happens",)})


@pytest.fixture(scope="module")
def long_served(long_film: Path) -> Iterator[Served]:
    with serving(long_film) as one:
        yield one


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """What the page is looked at with; made once, and each of its tests leaves it as it was."""
    folder = tmp_path_factory.mktemp("home")
    page_stage.make_library(folder)
    with serving(folder, "--offline") as one:
        yield one


@pytest.fixture(scope="module")
def stage(home: Served) -> Iterator[Stage]:
    """A browser; a module's own, for Playwright leaves no other loop to a thread."""
    with page_stage.staged(home) as one:
        yield one


@pytest.fixture
def page(stage: Stage) -> Iterator[Page]:
    with stage.page() as one:
        yield one
