from __future__ import annotations

import pytest

from vidcut import query
from vidcut.errors import QueryError


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("eating hot pot", ["eating", "hot", "pot"]),
        ("吃火锅", ["吃火", "火锅"]),
        ("猫", ["猫"]),
        ("iPhone手机", ["iphone", "手机"]),
        ("\uff28\uff24\u3000\uff11\uff10\uff18\uff10\uff50", ["hd", "1080p"]),  # full-width
        ("ﾃﾚﾋﾞ", ["テレ", "レビ"]),
        ("don't, DON’T", ["don't", "don't"]),
        ("'quoted'", ["quoted"]),
        ("snake_case", ["snake", "case"]),
        ("Straße", ["strasse"]),
        ("हिन्दी गाना।", ["हिन्दी", "गाना"]),  # vowel signs are parts of a word
        ('NEAR("a" b*) AND col:c', ["near", "a", "b", "and", "col", "c"]),
        ("🎉🎉", []),
        ("…—!", []),
        ("", []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert query.terms(text) == terms


def test_a_text_is_found_by_each_of_its_characters_too() -> None:
    assert query.text_terms("橘猫 cat") == ["橘", "橘猫", "猫", "cat"]
    assert query.text_terms("猫") == ["猫"]


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [("火鍋", "火锅"), ("頭髮", "头发"), ("發現", "发现"), ("臺灣夜市", "台湾夜市")],
)
def test_traditional_and_simplified_are_one(traditional: str, simplified: str) -> None:
    assert query.terms(traditional) == query.terms(simplified)


@pytest.mark.parametrize("words", ["", "   ", "\0", "\ud800", "\x1b\x07\n", "\u0378"])
def test_a_query_that_says_nothing_is_refused(words: str) -> None:
    with pytest.raises(QueryError, match="empty"):
        query.parse(words)


def test_a_query_that_says_too_much_is_refused() -> None:
    with pytest.raises(QueryError, match="10000 characters; at most 2000"):
        query.parse("x" * 10_000)
    assert query.parse(" x " * 1000).text == " ".join("x" * 1000)


def test_a_query_keeps_its_words_and_each_term_once() -> None:
    asked = query.parse(" the\tcat\0and the \ud83d Cat ")
    assert asked.text == "the cat and the Cat"
    assert asked.terms == ("the", "cat", "and")


def test_a_query_of_emoji_has_words_for_the_encoder_only() -> None:
    asked = query.parse("🍲🔥")
    assert (asked.text, asked.terms) == ("🍲🔥", ())


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        ("Eating HOT pot, hot!", "hot", ["HOT", "hot"]),
        ("我们吃火鍋了", "火锅", ["火鍋"]),
        ("我们吃火锅了", "吃火锅", ["吃火锅"]),
        ("我们吃火锅了", "锅", ["锅"]),
        ("that’s it", "that's", ["that’s"]),
        ("nothing", "else", []),
        ("ﬁrst of all", "first", []),  # folding makes it longer: left alone
    ],
)
def test_matches_are_marked_as_they_stand(text: str, words: str, marked: list[str]) -> None:
    places = query.matches(text, query.parse(words).terms)
    assert [text[start:end] for start, end in places] == marked
