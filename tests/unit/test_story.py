"""Scripts of every kind: what is a slot, what it asks for, how long it lasts."""

from __future__ import annotations

import pytest

from vidcut import story
from vidcut.errors import UsageError
from vidcut.query import parse
from vidcut.records import SECOND_US

CHINESE = "早上我们去湖边看古塔\n\n晚上一起吃火锅，辣得直流眼泪\n"


def texts(script: str, suffix: str = ".txt") -> list[str]:
    return [slot.text for slot in story.slots(script, suffix)]


# Lines --------------------------------------------------------------------------------


def test_every_line_with_words_is_a_slot() -> None:
    found = story.slots("A dog runs.\n\n   \n----\n一只猫\r\n", ".txt")
    assert [(slot.number, slot.text) for slot in found] == [(1, "A dog runs."), (2, "一只猫")]


@pytest.mark.parametrize("bullet", ["- ", "* ", "• ", "1. ", "12) ", "— ", "- [x] ", "  + "])
def test_bullets_are_no_words(bullet: str) -> None:
    assert texts(f"{bullet}a dog") == ["a dog"]


@pytest.mark.parametrize("line", ["2024. That was a year", "-20 degrees", "3D glasses"])
def test_what_only_looks_like_a_bullet_stays(line: str) -> None:
    assert texts(line) == [line]


def test_markdown_headings_are_chapters_and_marks_are_left_out() -> None:
    script = (
        "lead\n# One **bold** #\n- a *red* [car](http://x/y)\n<!-- a\nnote -->\n"
        "```\ncode\n```\n## 二\n> `quoted` line\n---\n"
    )
    found = [(slot.chapter, slot.text) for slot in story.slots(script, ".MD")]
    assert found == [("", "lead"), ("One bold", "a red car"), ("二", "quoted line")]


def test_a_heading_sign_is_plain_in_plain_text() -> None:
    assert texts("# not a chapter") == ["# not a chapter"]


def test_a_script_without_lines_is_refused() -> None:
    with pytest.raises(UsageError, match="no line"):
        story.slots("\n \n--\n", ".txt")


def test_5000_lines_are_done_and_one_more_is_refused() -> None:
    assert len(story.slots("a dog\n" * 5000, ".txt")) == 5000
    with pytest.raises(UsageError, match="5001 lines"):
        story.slots("a dog\n" * 5001, ".txt")


# Queries ------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["beach -people", 'said:"good morning"', "吃火锅", "car + red"])
def test_a_line_is_a_query_as_search_takes_it(line: str) -> None:
    assert story.slots(line, ".txt")[0].query == line


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('He said "hello', "He said hello"),
        ("said: Hello there", "said Hello there"),
        ("-nothing -but", "nothing but"),
        ("go >> and", "go and"),
        ("他说：“你好", "他说 你好"),
        ("don't stop — well-known >>", "don't stop well-known"),
    ],
)
def test_prose_that_is_no_query_is_looked_for_as_plain_words(line: str, words: str) -> None:
    query = story.slots(f"{line} >>", ".txt")[0].query
    assert query == words
    parse(query)


def test_a_line_too_long_for_a_query_is_shortened() -> None:
    query = story.slots("word " * 1000, ".txt")[0].query
    assert len(parse(query).text) > 1900


# Lengths ------------------------------------------------------------------------------


def test_reading_speed_is_that_of_the_language() -> None:
    assert story.spoken_us("今天我们来看看这里") == 2 * SECOND_US
    assert story.spoken_us("one two three four five six seven eight nine ten eleven twelve 13") == (
        5 * SECOND_US
    )
    assert story.spoken_us("今天我们来看看这里 one two") > 2.7 * SECOND_US
    assert story.spoken_us("สวัสดีครับ") > 0


def test_no_slot_is_too_short_to_see_or_too_long() -> None:
    assert story.reading_us("猫") == 1.5 * SECOND_US
    assert story.reading_us("word " * 100) == 12 * SECOND_US


# Cues ---------------------------------------------------------------------------------

CUES = """1
00:00:05,000 --> 00:00:07,000
<i>second</i> line
here

2
00:00:01,500 --> 00:00:03,000
first

3
00:00:11,000 --> 00:00:13,000
third

4
00:00:12,500 --> 00:00:14,000
fourth
"""


def test_cues_bring_their_times_and_short_pauses_are_filled() -> None:
    found = story.slots(CUES, ".srt")
    assert [slot.text for slot in found] == ["first", "second line here", "third", "fourth"]
    times = [(slot.start_us, slot.duration_us) for slot in found]
    s = SECOND_US
    # The picture is there from the beginning and through a pause of 2 s, not through one of 4 s.
    assert times == [(0, 5 * s), (5 * s, 2 * s), (11 * s, 1.5 * s), (12.5 * s, 1.5 * s)]


def test_cues_of_one_time_are_one_slot() -> None:
    script = "1\n00:00:01,000 --> 00:00:02,000\nhello\n\n2\n00:00:01,000 --> 00:00:02,500\n你好\n"
    (slot,) = story.slots(script, ".srt")
    assert (slot.text, slot.start_us, slot.duration_us) == ("hello 你好", 0, 2.5 * SECOND_US)


def test_a_cue_without_words_keeps_its_place_and_asks_nothing() -> None:
    first, second = story.slots(
        "1\n00:00:00,000 --> 00:00:02,000\n♪ ♪\n\n2\n00:00:02,000 --> 00:00:04,000\ncat\n", ".srt"
    )
    assert (first.query, second.query) == ("", "cat")


def test_what_is_no_subtitle_file_is_refused() -> None:
    with pytest.raises(UsageError):
        story.slots("just words", ".srt")


@pytest.mark.parametrize(
    "script",
    [
        '<tt xmlns="http://www.w3.org/ns/ttml"><body',
        '<!DOCTYPE tt [<!ENTITY a "cat">]>\n<tt xmlns="http://www.w3.org/ns/ttml">&a;</tt>',
        '{"text": "cat", "segments": [{"start": null}]}',
    ],
)
def test_a_script_is_never_read_as_a_format_that_its_ending_does_not_name(script: str) -> None:
    with pytest.raises(UsageError):
        story.slots(script, ".srt")


# Encodings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"]
)
def test_chinese_is_read_in_every_encoding_that_editors_write(encoding: str) -> None:
    assert story.decode(CHINESE.encode(encoding)) == CHINESE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_english_is_read_too(encoding: str) -> None:
    assert story.decode("A dog runs along the beach.".encode(encoding)) == (
        "A dog runs along the beach."
    )


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03" * 50, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError):
        story.decode(data)
