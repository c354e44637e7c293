from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from vidcut.records import Cue, Harvest, PictureWindow, SoundWindow, Space, Span
from vidcut.turns import PictureTurns, SoundTurns, TranscriberTurns

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW = PictureWindow(Span(0, 9), (), (), 0)


@dataclass
class Alone:
    """A modality that cannot be asked by two at once, and meets others where it is told to."""

    meeting: threading.Barrier | None = None
    name: str = "ocr"
    recipe: str = "alone 1"
    space: Space = field(default_factory=lambda: Space("fake", 4, "1"))
    busy: threading.Lock = field(default_factory=threading.Lock)
    fails: bool = False

    def read(self, window: PictureWindow | SoundWindow) -> Harvest:
        assert self.busy.acquire(blocking=False), "asked by two at once"
        try:
            if self.meeting is not None:
                self.meeting.wait(5)
            if self.fails:
                raise KeyError
            return Harvest((), window.span.end)
        finally:
            self.busy.release()

    def from_cues(self, cues: Sequence[Cue]) -> Harvest:
        return Harvest((), cues[-1].span.end)


@dataclass
class Maker:
    made: list[Alone] = field(default_factory=list)
    meeting: threading.Barrier | None = None

    def __call__(self) -> Alone:
        self.made.append(Alone(self.meeting))
        return self.made[-1]


def test_each_lane_reads_with_one_of_its_own() -> None:
    make = Maker(meeting=threading.Barrier(3))
    turns = PictureTurns(make, 3)
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(turns.read, [WINDOW] * 9))
    assert [harvest.done_us for harvest in done] == [9] * 9
    assert len(make.made) == 3


def test_no_more_are_made_than_are_needed_at_once() -> None:
    make = Maker()
    turns = PictureTurns(make, 3)
    for _ in range(5):
        turns.read(WINDOW)
    assert len(make.made) == 1


def test_where_there_may_be_but_one_all_take_turns() -> None:
    make = Maker()
    turns = PictureTurns(make, 1)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(turns.read, [WINDOW] * 50))
    assert len(make.made) == 1


def test_one_that_failed_is_asked_again() -> None:
    make = Maker()
    turns = PictureTurns(make, 1)
    make.made[0].fails = True
    with pytest.raises(KeyError):
        turns.read(WINDOW)
    make.made[0].fails = False
    assert turns.read(WINDOW).done_us == 9


def test_it_is_known_by_what_those_are_that_it_lends() -> None:
    turns = PictureTurns(Maker(), 2)
    assert (turns.name, turns.recipe, turns.space.encoder) == ("ocr", "alone 1", "fake")


def test_sound_and_subtitles_take_turns_as_well() -> None:
    window = SoundWindow(Span(0, 7), np.zeros(1, np.float32), last=True)
    assert SoundTurns(Maker(), 1).read(window).done_us == 7
    heard = TranscriberTurns(Maker(), 1)
    assert heard.read(window).done_us == 7
    assert heard.from_cues([Cue(Span(0, 4), "a"), Cue(Span(4, 5), "b")]).done_us == 5


def test_one_transcriber_serves_several_at_once() -> None:
    meeting, made = threading.Barrier(2), []

    class Shared(Alone):
        def read(self, window: PictureWindow | SoundWindow) -> Harvest:
            meeting.wait(5)
            return Harvest((), window.span.end)

    def make() -> Shared:
        made.append(Shared())
        return made[-1]

    heard = TranscriberTurns(make, 2)
    window = SoundWindow(Span(0, 7), np.zeros(1, np.float32), last=True)
    with ThreadPoolExecutor(2) as pool:
        assert [one.done_us for one in pool.map(heard.read, [window] * 4)] == [7] * 4
    assert len(made) == 1
