from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcut import terms as _terms
from vidcut.terms import contains, fold, matches, terms, text_terms


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_terms_are_folded_words_and_pairs_of_characters(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_a_text_is_found_by_each_of_its_characters_too() -> None:
    assert text_terms("橘猫 cat") == ["橘", "橘猫", "猫", "cat"]
    assert text_terms("猫") == ["猫"]


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [("火鍋", "火锅"), ("頭髮", "头发"), ("發現", "发现"), ("臺灣夜市", "台湾夜市")],
)
def test_traditional_and_simplified_are_one(traditional: str, simplified: str) -> None:
    assert fold(traditional) == simplified
    assert terms(traditional) == terms(simplified)


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
    assert [text[start:end] for start, end in matches(text, tuple(terms(words)))] == marked


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Today's special: noodles", "special noodles"),
        ("today’s SPECIAL", "Today's special"),
        ("well, well-known", "well well known"),
        ("吃火锅了", "火锅"),
        ("吃火锅了", "火鍋"),
        ("橘猫在睡", "猫"),
        ("吃，火锅", "吃火锅"),
        ("买了iPhone 手机", "iPhone手机"),
        ("买了iPhone手机", "\uff49\uff50\uff48\uff4f\uff4e\uff45\u3000手机"),
        ("กินข้าวแล้ว", "ข้าว"),
        ("a b", '"a, b!"'),
    ],
)
def test_a_phrase_stands_in_a_text_that_says_it(text: str, phrase: str) -> None:
    assert contains(text, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("a party", "art"),
        ("parties", "part"),
        ("special for today", "today special"),
        ("red and blue car", "red car"),
        ("锅火", "火锅"),
        ("火车和锅", "火锅"),
        ("iPhones手机", "iPhone手机"),
        ("1080p", "108"),
        ("don't", "don"),
        ("anything", ""),
        ("…!", "…!"),
        ("", "word"),
    ],
)
def test_a_phrase_stands_in_no_other_text(text: str, phrase: str) -> None:
    assert not contains(text, phrase)


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_words_of_ascii_are_found_as_those_of_all_scripts_are(text: str) -> None:
    assert re.findall(_terms._runs(text), text) == re.findall(_terms._RUNS, text)
