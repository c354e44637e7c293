from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from vidcut.records import Cue, Harvest, PictureWindow, Seen, SoundWindow, Space, Span
from vidcut.turns import PictureTurns, SoundTurns, Together, TranscriberTurns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from vidcut.records import Picture, Vector

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


@dataclass
class Eye:
    """An image encoder that one at a time may ask; ``batches`` are the sizes it was given."""

    gate: threading.Event = field(default_factory=threading.Event)
    busy: threading.Lock = field(default_factory=threading.Lock)
    batches: list[int] = field(default_factory=list)
    space: Space = field(default_factory=lambda: Space("fake", 1, "1"))

    def images(self, pictures: Sequence[Picture]) -> list[Seen]:
        assert self.busy.acquire(blocking=False), "asked by two at once"
        try:
            self.batches.append(len(pictures))
            assert self.gate.wait(5)
            if any(picture[0, 0, 0] == 13 for picture in pictures):
                raise ValueError("it brings bad luck")
            return [Seen(picture[0, 0, :1].astype(np.float32)) for picture in pictures]
        finally:
            self.busy.release()

    def query(self, text: str) -> Vector:
        return np.array([len(text)], dtype=np.float32)

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return cosines

    def likeness(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return cosines


def shades(*levels: int) -> list[Picture]:
    return [np.full((2, 2, 3), level, dtype=np.uint8) for level in levels]


def gathered(eye: Eye, wishes: Sequence[Sequence[int]]) -> list[Future[list[float]]]:
    """What lanes are given that all ask while the first is being served."""
    together = Together(eye)

    def ask(levels: Sequence[int]) -> list[float]:
        return [float(seen.vector[0]) for seen in together.images(shades(*levels))]

    with ThreadPoolExecutor(len(wishes)) as pool:
        answers = [pool.submit(ask, wishes[0])]
        while not eye.batches:
            time.sleep(0.001)
        answers += [pool.submit(ask, levels) for levels in wishes[1:]]
        while len(together._waiting) < len(wishes) - 1:
            time.sleep(0.001)
        eye.gate.set()
    return answers


def test_pictures_of_several_lanes_are_encoded_in_one_go() -> None:
    eye = Eye()
    answers = gathered(eye, [(1, 2), (3,), (4, 5, 6), (7,)])
    assert [answer.result() for answer in answers] == [[1, 2], [3], [4, 5, 6], [7]]
    assert eye.batches == [2, 5]


def test_one_lane_s_failure_is_its_own() -> None:
    eye = Eye()
    first, second, third = gathered(eye, [(1,), (2, 13), (3,)])
    assert first.result() == [1]
    with pytest.raises(ValueError, match="bad luck"):
        second.result()
    assert third.result() == [3]
    assert eye.batches[:2] == [1, 3]
    assert sorted(eye.batches[2:]) == [1, 2]


def test_whoever_encodes_alone_is_told_what_failed() -> None:
    eye = Eye()
    eye.gate.set()
    together = Together(eye)
    with pytest.raises(ValueError, match="bad luck"):
        together.images(shades(13))
    assert len(together.images(shades(1, 2))) == 2
    assert together.query("four")[0] == 4
