"""When a narrator reads each line of a script."""

from __future__ import annotations

import pytest

from vidcut import story
from vidcut.alignment import align
from vidcut.errors import UsageError
from vidcut.records import SECOND_US, Draft, Span, Word

S = SECOND_US
SCRIPT = """A dog runs along the beach
早上我们去湖边看古塔
the rocket stays on the ground
晚上大家一起吃火锅
"""


def draft(start: float, end: float, text: str) -> Draft:
    return Draft(Span(round(start * S), round(end * S)), text)


def worded(start: float, each: float, text: str) -> Draft:
    words = tuple(
        Word(Span(round((start + i * each) * S), round((start + (i + 1) * each) * S)), f" {word}")
        for i, word in enumerate(text.split())
    )
    return Draft(Span(words[0].span.start, words[-1].span.end), text, words=words)


def aligned(script: str, *sentences: Draft) -> list[tuple[float, float]]:
    found = align(story.slots(script, ".txt"), sentences)
    assert all(slot.start_us is not None for slot in found)
    return [((slot.start_us or 0) / S, slot.duration_us / S) for slot in found]


def test_each_line_is_shown_while_it_is_read() -> None:
    assert aligned(
        SCRIPT,
        draft(1, 3, "A dog runs along the beach."),
        draft(3.5, 6, "早上我們去湖邊看古塔"),
        draft(10, 12, "The rocket stays on the ground!"),
        draft(13, 15, "晚上大家一起吃火锅"),
    ) == [(0, 3.5), (3.5, 2.5), (10, 3), (13, 2)]


def test_a_sentence_over_two_lines_is_parted_by_its_words() -> None:
    script = "one dog runs along\nthe beach at night"
    assert aligned(script, worded(0, 1, "one dog runs along the beach at night")) == [
        (0, 4),
        (4, 4),
    ]


def test_what_is_misheard_keeps_its_place() -> None:
    found = aligned(
        SCRIPT,
        draft(0, 3, "A frog runs along the bench"),
        draft(3, 6, "mumble mumble"),
        draft(6, 9, "the rocket stays on the ground"),
        draft(9, 12, "晚上大家一起吃火锅"),
    )
    assert found[0][0] == 0
    assert found[2:] == [(6, 3), (9, 3)]
    assert found[0][1] + found[1][1] == pytest.approx(6)
    assert min(duration for _, duration in found) > 1


def test_lines_at_the_end_that_are_not_heard_share_what_is_left() -> None:
    found = aligned("one dog runs\ntwo cats sleep\nthree", draft(0, 6, "one dog runs along"))
    assert [start for start, _ in found] == sorted(start for start, _ in found)
    assert found[-1][0] + found[-1][1] == 6


def test_a_narration_of_something_else_is_refused() -> None:
    with pytest.raises(UsageError, match="heard in the narration"):
        aligned(SCRIPT, draft(0, 9, "quarterly interest rates of central banks"))
