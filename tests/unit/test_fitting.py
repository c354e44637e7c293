"""What of a moment goes into a slot."""

from __future__ import annotations

import pytest

from vidcut.fitting import Footage, fitted
from vidcut.records import Span


def fit(
    moment: tuple[int, int],
    best: tuple[int, int],
    shot: tuple[int, int],
    length: int,
    *,
    said: tuple[tuple[int, int], ...] = (),
    is_timed: bool = False,
) -> list[tuple[int, int]]:
    footage = Footage(Span(*moment), Span(*best), Span(*shot), [Span(*one) for one in said])
    return [(span.start, span.end) for span in fitted(footage, length, is_timed=is_timed)]


def test_a_long_moment_is_trimmed_around_what_answers_best() -> None:
    assert fit((0, 100), (60, 70), (0, 100), 20)[0] == (55, 75)
    assert fit((0, 100), (98, 100), (0, 200), 20)[0] == (80, 100)
    assert fit((0, 100), (0, 4), (0, 100), 20)[0] == (0, 20)


def test_a_long_moment_serves_more_than_one_slot() -> None:
    assert fit((0, 100), (45, 55), (0, 100), 20) == [(40, 60), (60, 80), (20, 40)]
    assert fit((0, 50), (20, 30), (0, 100), 20) == [(15, 35)]


def test_a_short_moment_is_widened_within_its_shot() -> None:
    assert fit((40, 50), (40, 50), (0, 100), 20) == [(35, 55)]
    assert fit((0, 10), (0, 10), (0, 100), 20) == [(0, 20)]


def test_a_shot_that_is_too_short_stays_so() -> None:
    assert fit((40, 50), (40, 50), (38, 52), 20) == [(38, 52)]


SAID = ((0, 10), (12, 22), (24, 40), (45, 50))


def test_sentences_stay_whole() -> None:
    assert fit((10, 42), (12, 22), (0, 100), 6, said=SAID) == [(12, 22)]
    assert fit((10, 42), (12, 22), (0, 100), 28, said=SAID) == [(12, 40)]


def test_what_is_said_is_widened_into_the_silence_only() -> None:
    assert fit((12, 22), (12, 22), (0, 100), 20, said=SAID) == [(10, 24)]
    assert fit((45, 50), (45, 50), (0, 100), 12, said=SAID) == [(41, 53)]


@pytest.mark.parametrize("length", [6, 20, 28, 60])
def test_where_times_are_fixed_the_slot_is_filled_and_no_more(length: int) -> None:
    ((start, end),) = fit((10, 42), (12, 22), (0, 100), length, said=SAID, is_timed=True)
    assert end - start == length
    assert start <= 12


def test_speech_that_the_catalog_has_no_sentence_of_is_taken_as_it_is() -> None:
    assert fit((12, 22), (13, 20), (0, 100), 5, said=((50, 60),)) == [(13, 20)]
