"""Any text to the terms by which it is found, and where they stand in it (pure).

Text and query go through the same door: NFKC (full-width folded), Traditional to Simplified
Chinese, case folded. Scripts without spaces become overlapping pairs of characters, because
trigrams lose the two-character words that most Chinese queries are made of.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import opencc

UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u3400-\u4dbf"
    r"\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""For a regular expression's brackets: Han, kana, hangul, and the South-East Asian scripts
that are written without spaces."""

# Vowel signs and accents, which re does not take for parts of a word: of Hebrew, Arabic, and the
# scripts from Devanagari to Sinhala, whose full stops (U+0964, U+0965) are left out.
_MARKS = (
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    r"\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0900-\u0963\u0966-\u0dff"
)
_WORD = rf"[^\W_{UNSPACED}](?:[^\W_{UNSPACED}]|[{_MARKS}])*"
# Compiled at their first use, which keeps them: their tables of all scripts take longer than a
# query, and those of ASCII need none.
_RUNS = rf"[{UNSPACED}]+|{_WORD}(?:['\u2019]{_WORD})*"
_ASCII_RUNS = r"[^\W_]+(?:'[^\W_]+)*"
_HAN = r"[\u3400-\u4dbf\u4e00-\u9fff]"
_UNSPACED_RUN = rf"[{UNSPACED}]+"


def terms(text: str) -> list[str]:
    """The terms of a query in order: words, and pairs of characters where words touch."""
    return [term for term, _, _ in _located_terms(fold(text))]


def text_terms(text: str) -> list[str]:
    """The terms by which a text is found: a query's, and lone characters where words touch.

    A query may be one character long (猫), and a text seldom has that alone.
    """
    return [term for term, _, _ in _located_terms(fold(text), lone=True)]


def found_by(text: str | None) -> str:
    """What the full text keeps of a chunk's text; empty where there is none."""
    return " ".join(text_terms(text)) if text else ""


def needed(phrase: str) -> list[str]:
    """Terms that every text has in which the phrase stands, whatever lies between its words.

    Of words that touch the characters alone: 吃，火锅 has no pair 吃火, and 吃火锅 is in it.
    """
    return [term for term in text_terms(phrase) if not _is_pair(term)]


def contains(text: str, phrase: str) -> bool:
    """Whether the phrase's words stand in the text, in order and together.

    Both are folded, and punctuation and white space between the words do not count. Words of
    scripts with spaces stand whole ("art" is not in "party"), those without character by
    character. A phrase without words is in no text.
    """
    wanted = _spelled(phrase)
    return wanted != _spelled("") and wanted in _spelled(text)


def matches(text: str, query_terms: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where the query's terms stand in a text, as joined (start, end) character places.

    Exact where folding keeps the text's length, as it does in all but rare characters; else
    nothing is marked.
    """
    folded = fold(text)
    if len(folded) != len(text):
        return []
    wanted = frozenset(query_terms)
    places: list[tuple[int, int]] = []
    for term, start, end in _located_terms(folded, lone=True):
        if term not in wanted:
            continue
        if places and start <= places[-1][1]:
            places[-1] = (places[-1][0], max(end, places[-1][1]))
        else:
            places.append((start, end))
    return places


def fold(text: str) -> str:
    """One form for all that reads alike: width, script variant and case."""
    text = text.encode("utf-8", "replace").decode()  # lone surrogates are no text
    text = unicodedata.normalize("NFKC", text)
    if not text.isascii() and re.search(_HAN, text):
        text = _simplify(text)
    return text.casefold()


def _located_terms(folded: str, *, lone: bool = False) -> Iterator[tuple[str, int, int]]:
    for run in re.finditer(_runs(folded), folded):
        word, start = _straight(run.group()), run.start()
        if len(word) == 1 or not _touches(word):
            yield word, start, run.end()
            continue
        for place, character in enumerate(word, start):
            if lone:
                yield character, place, place + 1
            if place + 1 < run.end():
                yield word[place - start : place - start + 2], place, place + 2


def _is_pair(term: str) -> bool:
    return len(term) > 1 and _touches(term)


def _runs(folded: str) -> str:
    """What a folded text's words match, or the stretches of it in which words touch."""
    return _ASCII_RUNS if folded.isascii() else _RUNS


def _touches(run: str) -> bool:
    """Whether it is of a script in which words touch."""
    return not run.isascii() and re.fullmatch(_UNSPACED_RUN, run) is not None


def _spelled(text: str) -> str:
    """Its words, and its characters where words touch, each with a space on either side."""
    found: list[str] = []
    folded = fold(text)
    for run in re.findall(_runs(folded), folded):
        found += run if _touches(run) else [_straight(run)]
    return f" {' '.join(found)} "


def _straight(word: str) -> str:
    """With the apostrophe of a typewriter."""
    return word.replace("\u2019", "'")


def _simplify(text: str) -> str:
    """Character by character, where OpenCC by itself goes by words: 乾 is found in 乾隆."""
    return "".join(_simple(char) if char >= "\u3400" else char for char in text)


@functools.cache
def _simple(char: str) -> str:
    return str(_converter().convert(char))


@functools.cache
def _converter() -> opencc.OpenCC:
    import opencc  # noqa: PLC0415  (what has no Han needs none of it)

    return opencc.OpenCC("t2s")
