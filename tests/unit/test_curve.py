"""The score curve of a video, and how it is shown in a line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcut import curve, moments
from vidcut.curve import Asked, trace
from vidcut.moments import Want
from vidcut.records import SECOND_US as S
from vidcut.records import Chunk, Hit, Span, Video

ALL = ("frame", "asr", "ocr")


def hit(
    start: float, end: float, confidence: float, modality: str = "frame", sought: int = 0
) -> Hit:
    span = Span(round(start * S), round(end * S))
    return Hit(Chunk(1, 1, modality, span, "text"), confidence, 1, sought=sought)


def asked(*hits: Hit, wants: tuple[Want, ...] = (Want(),)) -> list[Asked]:
    return [Asked(wants, hits)]


def shown(values: np.ndarray) -> list[float]:
    return [round(float(value), 3) for value in values]


# The curve ----------------------------------------------------------------------------


def test_a_chunk_counts_in_every_second_that_it_lies_in_and_no_other() -> None:
    made = trace(asked(hit(1.5, 3.0, 0.5), hit(4, 4, 0.25)), 5_500_000, ALL)
    assert shown(made.apart[0]) == [0, 0.5, 0.5, 0, 0.25, 0]
    assert shown(made.scores) == shown(made.apart[0])


def test_of_one_modality_the_surest_chunk_counts() -> None:
    made = trace(asked(hit(0, 2, 0.3), hit(1, 3, 0.6)), 3 * S, ALL)
    assert shown(made.scores) == [0.3, 0.6, 0.6]


def test_modalities_add_up_by_noisy_or_but_for_the_weak() -> None:
    made = trace(asked(hit(0, 3, 0.5), hit(1, 2, 0.5, "asr"), hit(2, 3, 0.19, "ocr")), 3 * S, ALL)
    assert shown(made.scores) == [0.5, 0.75, 0.5]
    assert shown(made.apart[1]) == [0, 0.5, 0]
    assert shown(made.apart[2]) == [0, 0, 0.19]


def test_weak_evidence_stands_alone_and_does_not_add_up() -> None:
    made = trace(asked(hit(0, 1, 0.1), hit(0, 1, 0.1, "asr"), hit(0, 1, 0.05, "ocr")), S, ALL)
    assert shown(made.scores) == [0.1]


def test_a_query_for_two_things_scores_their_mean_by_weight() -> None:
    wants = (Want(3.0), Want(1.0))
    made = trace(asked(hit(0, 2, 0.8), hit(1, 3, 0.4, sought=1), wants=wants), 3 * S, ALL)
    assert shown(made.scores) == [0.6, 0.7, 0.1]


def test_nothing_scores_without_what_is_required() -> None:
    wants = (Want(), Want(is_required=True))
    made = trace(asked(hit(0, 2, 0.8), hit(1, 3, 1.0, "asr", 1), wants=wants), 3 * S, ALL)
    assert shown(made.scores) == [0, 0.9, 0.5]


def test_of_steps_the_surest_counts() -> None:
    made = trace(asked(hit(0, 1, 0.8)) + asked(hit(0, 2, 0.4)), 2 * S, ALL)
    assert shown(made.scores) == [0.8, 0.4]


def test_hits_after_the_end_and_videos_of_no_length_do_no_harm() -> None:
    assert shown(trace(asked(hit(9, 12, 0.8)), 2 * S, ALL).scores) == [0, 0]
    assert shown(trace(asked(), 0, ALL).scores) == [0]


def test_what_counts_is_what_counts_for_moments() -> None:
    assert curve.LEAST_EVIDENCE == moments._LEAST_EVIDENCE


@given(
    st.lists(
        st.tuples(st.sampled_from(ALL), st.integers(0, 9_999), st.floats(0.01, 1.0)),
        min_size=1,
        max_size=12,
    )
)
def test_the_curve_reaches_every_candidate_s_score(drawn: list[tuple[str, int, float]]) -> None:
    """Somewhere in its span a moment's score is reached, where its evidence is in one second."""
    hits = [hit(ms // 1000, ms // 1000 + 1, sure, name) for name, ms, sure in drawn]
    video = Video(1, "a.mp4", 1, 10 * S, None, "ok")
    made = trace(asked(*hits), 10 * S, ALL)
    for found in moments.candidates(hits, {1: video}, [Want()], least=0.0):
        is_told = all(one.confidence >= curve.LEAST_EVIDENCE for one in found.evidence)
        seconds = {one.chunk.span.start for one in found.evidence}
        if len(seconds) == 1 and (is_told or len(found.evidence) == 1):
            assert made.scores[seconds.pop() // S] >= found.score - 1e-5


# In a line ----------------------------------------------------------------------------


def test_a_sparkline_is_as_high_as_the_scores() -> None:
    scores = np.array([0.004, 0.01, 0.125, 0.13, 0.5, 0.99, 1.0], np.float32)
    assert curve.sparkline(scores, 7) == " ▁▁▂▄██"


def test_a_second_that_answers_is_not_lost_in_an_hour() -> None:
    scores = np.zeros(3600, np.float32)
    scores[1800] = 1
    assert curve.sparkline(scores, 80) == " " * 40 + "█" + " " * 39


@given(st.integers(1, 500), st.integers(1, 200))
def test_a_sparkline_is_as_wide_as_asked_for(count: int, width: int) -> None:
    scores = np.linspace(0, 1, count, dtype=np.float32)
    line = curve.sparkline(scores, width)
    assert len(line) == width
    assert line[-1] == curve.sparkline(scores[-1:], 1)


@pytest.mark.parametrize(
    ("seconds", "width", "expected"),
    [
        (20, 40, "0:00      0:05      0:10      0:15"),
        (60, 30, "0:00   0:15    0:30   0:45"),
        (7200, 40, "0:00      30:00     1:00:00   1:30:00"),
    ],
)
def test_times_stand_below_where_they_are(seconds: int, width: int, expected: str) -> None:
    assert curve.ruler(seconds * S, width) == expected


@given(st.integers(0, 10**12), st.integers(1, 200))
def test_a_ruler_is_never_wider_than_the_line(duration_us: int, width: int) -> None:
    assert len(curve.ruler(duration_us, width)) <= width
    assert 1 <= len(curve.ticks(duration_us, most=width)) <= width
