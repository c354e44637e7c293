"""Words to sentences: at full stops, at pauses, never too long."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcut.modalities._sentences import (
    LONG_PAUSE_US,
    LONGEST_US,
    PAUSE_US,
    Spoken,
    ends_sentence,
    language_of,
    sentences,
    span_of,
    text_of,
)
from vidcut.records import SECOND_US, Span, Word

WORD_US = SECOND_US // 4


def said(text: str, *, pauses: dict[str, int] | None = None) -> list[Spoken]:
    """A word each quarter of a second; ``pauses`` before words, in microseconds."""
    found, time_us = [], 0
    for number, token in enumerate(text.split()):
        time_us += (pauses or {}).get(token, 0)
        word = Word(Span(time_us, time_us + WORD_US), f" {token}" if number else token)
        found.append(Spoken(word, 0.9))
        time_us += WORD_US
    return found


def split(words: list[Spoken], language: str = "en") -> list[str]:
    return [text_of(part) for part in sentences(words, language=language)]


def test_ends_at_full_stops() -> None:
    words = said("The train has left the station. Shall we walk to the lake? Yes, we really will!")
    assert split(words) == [
        "The train has left the station.",
        "Shall we walk to the lake?",
        "Yes, we really will!",
    ]


@pytest.mark.parametrize(("language", "pause_us"), [("en", LONG_PAUSE_US), ("zh", PAUSE_US)])
def test_ends_at_a_pause_without_a_full_stop(language: str, pause_us: int) -> None:
    text = "we walked along the lake then the rain came down"
    parts = split(said(text, pauses={"then": pause_us}), language)
    assert parts == ["we walked along the lake", "then the rain came down"]
    assert len(split(said(text, pauses={"then": pause_us - 1}), language)) == 1


def test_what_is_too_short_goes_with_what_follows() -> None:
    assert split(said("Two. It is high time to go.")) == ["Two. It is high time to go."]


def test_a_hesitation_does_not_leave_a_word_alone() -> None:
    words = said("Where is the party in opposition?", pauses={"is": SECOND_US})
    assert split(words) == ["Where is the party in opposition?"]


def test_a_short_sentence_stands_alone_before_a_pause() -> None:
    words = said("Hello. We walked along the lake.", pauses={"We": SECOND_US})
    assert split(words) == ["Hello.", "We walked along the lake."]


def test_what_is_too_long_is_split_at_its_longest_pause() -> None:
    text = " ".join(f"w{number}" for number in range(60))
    parts = split(said(text, pauses={"w20": 200_000, "w33": 500_000}))
    assert [part.split()[0] for part in parts] == ["w0", "w33"]


def test_chinese_ends_where_whisper_sets_a_time() -> None:
    words = [
        Spoken(Word(Span(n * WORD_US, (n + 1) * WORD_US), character), 0.9, ends_segment=n == 6)
        for n, character in enumerate("欢迎大家来这里希望你做得比我还好")
    ]
    assert split(words, "zh") == ["欢迎大家来这里", "希望你做得比我还好"]
    assert len(split(words, "en")) == 1


def test_nothing_said_is_no_sentence() -> None:
    assert split([]) == []


@pytest.mark.parametrize(
    "text", ["So it ends.", "Really?", 'He said "go!"', "再见。", "好吗？", "…"]
)
def test_knows_a_full_stop(text: str) -> None:
    assert ends_sentence(text)


@pytest.mark.parametrize("text", ["This is Mr.", "at 5 p.m.", "J.", "so,", "大家好", "", "3.5"])
def test_knows_what_is_no_full_stop(text: str) -> None:
    assert not ends_sentence(text)


@pytest.mark.parametrize(
    ("text", "given_", "language"),
    [
        ("湖边的古塔", None, "zh"),
        ("湖辺の塔です", None, "ja"),
        ("호수 옆의 탑", "en", "ko"),
        ("башня стоит", None, "ru"),
        ("вежа біля озера", "uk", "uk"),
        ("a tower by the lake", None, None),
        ("a tower by the lake", "en", "en"),
        ("a tower by the lake", "zh", None),
        ("AutoCut 的名字", "en", "zh"),
    ],
)
def test_tells_languages_by_their_script(
    text: str, given_: str | None, language: str | None
) -> None:
    assert language_of(text, given_) == language


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3 * SECOND_US),
            st.integers(0, 3 * SECOND_US),
            st.sampled_from(["a", "b.", "c?"]),
        ),
        max_size=60,
    )
)
def test_every_word_comes_once_in_order_and_nothing_is_too_long(
    steps: list[tuple[int, int, str]],
) -> None:
    words, time_us = [], 0
    for pause, length, text in steps:
        time_us += pause
        words.append(Spoken(Word(Span(time_us, time_us + length), text), 0.5))
        time_us += length
    parts = list(sentences(words, language="en"))
    assert [word for part in parts for word in part] == words
    assert all(parts)
    assert all(len(part) == 1 or span_of(part).duration <= LONGEST_US for part in parts)
    spans = [span_of(part) for part in parts]
    assert all(left.end <= right.start for left, right in pairwise(spans))
