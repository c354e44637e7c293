"""Lines on pictures to texts that stay for a while."""

from __future__ import annotations

import pytest

from vidcut.modalities._lines import Box, Line, texts
from vidcut.records import Span


def line(text: str, top: float = 0.5, left: float = 0.2, confidence: float = 0.9) -> Line:
    return Line(Box(left, top, left + 0.3, top + 0.05), text, confidence)


def found(*shown: list[Line]) -> list[tuple[int, int, str]]:
    """Start, end and text; a sample stands for 10."""
    spans = [Span(10 * number, 10 * number + 10) for number in range(len(shown))]
    return [(span.start, span.end, text) for span, text in texts(shown, spans)]


def test_a_line_is_one_text_for_as_long_as_it_stays() -> None:
    assert found([], [line("hello")], [line("hello")], []) == [(10, 30, "hello")]


def test_nothing_shown_is_no_text() -> None:
    assert found() == []
    assert found([], []) == []


def test_lines_that_come_and_go_together_are_one_text_in_reading_order() -> None:
    lines = [line("right", 0.2, 0.6), line("below", 0.4), line("left", 0.21, 0.1)]
    assert found(lines, lines) == [(0, 20, "left right\nbelow")]


def test_a_watermark_is_apart_from_the_captions() -> None:
    mark = line("Channel Nine", 0.0)
    shown = [[mark, line(caption)] for caption in ("one", "two", "six")]
    assert set(found(*shown)) == {
        (0, 30, "Channel Nine"),
        (0, 10, "one"),
        (10, 20, "two"),
        (20, 30, "six"),
    }


def test_captions_that_follow_each_other_are_two_texts() -> None:
    assert len(found([line("pack the bags")], [line("see the lake")])) == 2


def test_the_surest_reading_stands_for_all() -> None:
    readings = [("Enter Possword", 0.7), ("Enter Password", 0.95), ("Enter Passvord", 0.8)]
    shown = [[line(text, confidence=sure)] for text, sure in readings]
    assert found(*shown) == [(0, 30, "Enter Password")]


def test_a_line_that_is_missed_once_goes_on() -> None:
    assert found([line("hello")], [], [line("hello")]) == [(0, 30, "hello")]
    assert len(found([line("hello")], [], [], [line("hello")])) == 2


def test_credits_that_roll_stay_the_same_lines() -> None:
    shown = [[line("Halina Reijn", 0.8 - 0.2 * number)] for number in range(4)]
    assert found(*shown) == [(0, 40, "Halina Reijn")]


def test_the_same_text_twice_on_one_picture_is_two_lines() -> None:
    shown = [line("10 off", 0.2), line("10 off", 0.6)]
    assert found(shown, shown) == [(0, 20, "10 off\n10 off")]


@pytest.mark.parametrize(("left", "iou"), [(0.0, 1.0), (0.5, 1 / 3), (1.0, 0.0), (2.0, 0.0)])
def test_boxes_share_what_they_share(left: float, iou: float) -> None:
    assert Box(0, 0, 1, 1).iou(Box(left, 0, left + 1, 1)) == pytest.approx(iou)


def test_an_empty_box_shares_nothing() -> None:
    assert Box(0, 0, 0, 0).iou(Box(0, 0, 0, 0)) == 0.0
