from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from vidcut import examples, library, plugins
from vidcut.errors import UsageError
from vidcut.history import Answer
from vidcut.records import SECOND_US, Draft, Media, Space, Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidcut.library import Holdings
    from vidcut.records import Vector, Video

SPACE = Space("fake", 2, "1")
NEWER = Space("fake", 2, "2")


def look(number: int) -> Vector:
    angle = number / 10
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


@pytest.fixture
def holdings(tmp_path: Path) -> Iterator[Holdings]:
    """A video of ten seconds, of which five are seen; two sentences are said in it."""
    flat = plugins.load("stores", "flat")
    with library.open_to_write(tmp_path / ".vidcut", flat, create=True) as opened:
        with opened.catalog.writing():
            video_id = opened.catalog.add_video("a.mp4", (1, 1), b"a")
            opened.catalog.describe(video_id, Media("fake", 10 * SECOND_US, None, None))
            for modality, count in (("frame", 5), ("asr", 2)):
                opened.keep(video_id, modality, SPACE, [draft(n) for n in range(count)])
        yield opened


def draft(second: int) -> Draft:
    return Draft(Span(second * SECOND_US, (second + 1) * SECOND_US), None, look(second))


def video(holdings: Holdings) -> Video:
    return holdings.catalog.video(1)


# A time of a video --------------------------------------------------------------------


@pytest.mark.parametrize("second", [0, 2, 2.5, 2.999999, 4.999999])
def test_an_example_is_what_is_seen_at_the_time(holdings: Holdings, second: float) -> None:
    with holdings.catalog.writing():
        holdings.catalog.add_cuts(1, [2 * SECOND_US, 4 * SECOND_US])
    example, shot = examples.at(holdings, video(holdings), round(second * SECOND_US))
    begun = int(second)
    edges = {0: (0, 2), 2: (2, 4), 4: (4, 10)}[begun]
    assert shot == Span(*(edge * SECOND_US for edge in edges))
    assert (example.modality, example.weight) == ("frame", 1.0)
    assert example.vector.dtype == np.float32
    assert example.vector.tolist() == pytest.approx(look(begun).tolist(), abs=1e-3)


@pytest.mark.parametrize("second", [-1, 10, 3600])
def test_a_time_that_the_video_does_not_have_is_refused(holdings: Holdings, second: int) -> None:
    with pytest.raises(UsageError, match=r"a\.mp4 lasts 10\.000 s; give a time before its end"):
        examples.at(holdings, video(holdings), second * SECOND_US)


def test_a_time_at_which_nothing_is_seen_is_refused(holdings: Holdings) -> None:
    with pytest.raises(UsageError, match=r"nothing is seen in a\.mp4 at 7\.000 s; give another"):
        examples.at(holdings, video(holdings), 7 * SECOND_US)


def test_frames_of_a_former_model_are_no_examples(holdings: Holdings) -> None:
    with holdings.catalog.writing():
        holdings.catalog.keep_modality_space("frame", NEWER)
    with pytest.raises(UsageError, match="nothing is seen"):
        examples.at(holdings, video(holdings), 0)


# Answers ------------------------------------------------------------------------------


def answer(*chunks: tuple[str, int]) -> Answer:
    return Answer(1, Span(0, 1), chunks)


def test_the_evidence_of_answers_weighs_so_much_together_in_each_modality(
    holdings: Holdings,
) -> None:
    answers = [answer(("frame", 1), ("asr", 6)), answer(("frame", 2)), answer(("frame", 4))]
    found = examples.of_answers(holdings, answers, weight=0.75)
    assert [(one.modality, one.weight) for one in found] == [
        *(("frame", 0.25), ("asr", 0.75), ("frame", 0.25), ("frame", 0.25)),
    ]
    vectors = [one.vector.tolist() for one in found]
    for vector, second in zip(vectors, (0, 0, 1, 3), strict=True):
        assert vector == pytest.approx(look(second).tolist(), abs=1e-3)


def test_no_answers_are_no_examples(holdings: Holdings) -> None:
    assert examples.of_answers(holdings, [], weight=1.0) == ()
    assert examples.of_answers(holdings, [answer()], weight=1.0) == ()


def test_what_was_indexed_anew_since_is_passed_over(holdings: Holdings) -> None:
    answers = [answer(("frame", 1), ("frame", 999), ("ocr", 3))]
    (one,) = examples.of_answers(holdings, answers, weight=1.0)
    assert (one.modality, one.weight) == ("frame", 1.0)
    with holdings.catalog.writing():
        holdings.catalog.forget_chunks(1, "frame")
        holdings.keep(1, "frame", NEWER, [draft(0)])
    assert examples.of_answers(holdings, answers, weight=1.0) == ()
