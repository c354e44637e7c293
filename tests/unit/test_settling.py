from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from vidcut import library, plugins
from vidcut.moments import Candidate, Want, candidates, in_order
from vidcut.records import SECOND_US, Chunk, Draft, Hit, Lengths, Media, Space, Span
from vidcut.settling import Settling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.library import Holdings
    from vidcut.protocols import Encoder
    from vidcut.records import Moment, Vector

SPACE = Space("fake", 2, "1")


class FakeEncoder:
    space = SPACE

    def query(self, text: str) -> Vector:
        raise NotImplementedError(text)

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        raise NotImplementedError(cosines)

    def likeness(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sure from a cosine of 0.99 on."""
        return (cosines >= np.float32(0.99)).astype(np.float32)


def encoder_of(modality: str) -> Encoder:
    assert modality == "frame"
    return FakeEncoder()


def us(second: float) -> int:
    return round(second * SECOND_US)


def looking(angle: float) -> Vector:
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


class Reel:
    """Two videos of a minute, of which each second looks like none of the others."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        with holdings.catalog.writing():
            for name in ("a.mp4", "b.mp4"):
                video_id = holdings.catalog.add_video(name, (1, 1), name.encode())
                holdings.catalog.describe(video_id, Media("fake", us(60), None, None))
            holdings.catalog.add_cuts(1, [us(20), us(40)])

    def shows(self, video_id: int, start: int, *angles: float) -> None:
        drafts = [
            Draft(Span(us(second), us(second + 1)), None, looking(angle))
            for second, angle in enumerate(angles, start)
        ]
        with self.holdings.catalog.writing():
            self.holdings.keep(video_id, "frame", SPACE, drafts)

    def says(self, start: float, end: float) -> None:
        with self.holdings.catalog.writing():
            self.holdings.keep(1, "asr", SPACE, [Draft(Span(us(start), us(end)), "words")])

    def candidate(
        self,
        start: float,
        end: float,
        *,
        modality: str = "frame",
        video_id: int = 1,
        text: str | None = None,
        sure: float = 0.9,
    ) -> Candidate:
        chunk = Chunk(1_000_000, video_id, modality, Span(us(start), us(end)), text)
        (found,) = self.candidates(Hit(chunk, sure, 1))
        return found

    def candidates(self, *hits: Hit) -> Sequence[Candidate]:
        videos = {video.id: video for video in self.holdings.catalog.videos()}
        return candidates(hits, videos, [Want()], least=0.0)

    def settling(self, *, shortest: float = 1.0, longest: float = 60.0) -> Settling:
        return Settling(self.holdings, Lengths(us(shortest), us(longest)), encoder_of)

    def moment(self, candidate: Candidate) -> Moment:
        return self.settling().moment(candidate)


@pytest.fixture
def reel(tmp_path: Path) -> Iterator[Reel]:
    flat = plugins.load("stores", "flat")
    with library.open_to_write(tmp_path / ".vidcut", flat, create=True) as holdings:
        yield Reel(holdings)


def ends(moment: Moment) -> tuple[float, str, float, str]:
    start, end = moment.start, moment.end
    return start.time_us / SECOND_US, start.reason, end.time_us / SECOND_US, end.reason


# Boundaries ---------------------------------------------------------------------------


def test_a_moment_is_settled_by_the_videos_own_cuts_frames_and_sentences(reel: Reel) -> None:
    reel.shows(1, 18, *[0.1] * 6)
    reel.says(30, 31)
    assert ends(reel.moment(reel.candidate(21, 22))) == (20, "shot cut", 24, "last seen")
    spoken = reel.candidate(31.2, 33, modality="asr")
    assert ends(reel.moment(spoken)) == (31.1, "silence", 33.3, "silence")


def test_another_videos_cuts_and_sentences_count_for_nothing(reel: Reel) -> None:
    reel.says(30, 31)
    seen = reel.candidate(20.2, 22, video_id=2)
    assert ends(reel.moment(seen)) == (20.2, "first seen", 22, "last seen")
    spoken = reel.candidate(31.2, 33, modality="asr", video_id=2)
    assert ends(reel.moment(spoken)) == (30.9, "silence", 33.3, "silence")


def test_a_moment_keeps_its_score_and_evidence(reel: Reel) -> None:
    candidate = reel.candidate(1, 3, sure=0.7)
    moment = reel.moment(candidate)
    assert (moment.score, moment.evidence) == (candidate.score, candidate.evidence)
    assert moment.video.path == "a.mp4"


def test_a_chain_reaches_from_its_first_to_its_last(reel: Reel) -> None:
    steps = [[reel.candidate(5, 7)], [reel.candidate(12, 14, modality="asr")]]
    (chain,) = in_order(steps, within_us=us(30), least=0.0)
    assert ends(reel.moment(chain)) == (5, "first seen", 14.3, "silence")


def test_a_chain_of_moments_that_may_not_be_long_does_not_end_before_it_starts(
    reel: Reel,
) -> None:
    """The best of the first lies at its end, the best of the next at its start."""

    def frame(second: int, sure: float) -> Hit:
        chunk = Chunk(second, 1, "frame", Span(us(second), us(second + 1)))
        return Hit(chunk, sure, 1)

    first = reel.candidates(*(frame(n, 0.9 if n == 9 else 0.7) for n in range(10)))
    second = reel.candidates(*(frame(n, 0.9 if n == 7 else 0.7) for n in range(7, 13)))
    (chain,) = in_order([first, second], within_us=us(30), least=0.0)
    moment = reel.settling(shortest=0.5, longest=1).moment(chain)
    assert moment.span.contains(us(7.5))
    assert moment.span.contains(us(9.5))


# Twins --------------------------------------------------------------------------------


def are_twins(reel: Reel, one: Candidate, other: Candidate) -> bool:
    settling = reel.settling()
    moments = settling.moment(one), settling.moment(other)
    found = settling.is_twin(*moments)
    assert found == settling.is_twin(*reversed(moments))
    return found


def test_what_looks_the_same_elsewhere_is_a_twin(reel: Reel) -> None:
    reel.shows(1, 5, 0.0, 0.2, 2.0)
    reel.shows(2, 30, 0.02, 0.21, 2.0)
    assert are_twins(reel, reel.candidate(5, 7), reel.candidate(30, 32, video_id=2))


def test_what_looks_otherwise_is_none(reel: Reel) -> None:
    reel.shows(1, 5, 0.0, 0.2, 2.0)
    reel.shows(2, 30, 0.5, 0.7, 2.0)
    assert not are_twins(reel, reel.candidate(5, 7), reel.candidate(30, 32, video_id=2))


def test_what_lasts_much_longer_is_none(reel: Reel) -> None:
    reel.shows(1, 5, *[0.0] * 4)
    reel.shows(2, 30, *[0.0] * 6)
    assert not are_twins(reel, reel.candidate(5, 9), reel.candidate(30, 36, video_id=2))
    reel.shows(2, 40, *[0.0] * 5)
    assert are_twins(reel, reel.candidate(5, 9), reel.candidate(40, 45, video_id=2))


def test_what_is_said_otherwise_over_the_same_pictures_is_none(reel: Reel) -> None:
    reel.shows(1, 5, *[0.0] * 4)
    reel.shows(2, 5, *[0.0] * 4)
    one = reel.candidate(5, 9, modality="asr", text="good morning")
    same = reel.candidate(5, 9, modality="asr", text="good morning", video_id=2)
    other = reel.candidate(5, 9, modality="asr", text="good night", video_id=2)
    assert are_twins(reel, one, same)
    assert not are_twins(reel, one, other)


def test_what_shows_nothing_is_nobodys_twin(reel: Reel) -> None:
    one = reel.candidate(5, 9, modality="asr", text="good morning")
    same = reel.candidate(5, 9, modality="asr", text="good morning", video_id=2)
    assert not are_twins(reel, one, same)
