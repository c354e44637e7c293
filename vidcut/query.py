"""Words to a `Query`, and any text to the terms by which it is found.

Text and query go through the same door: NFKC (full-width folded), Traditional to Simplified
Chinese, case folded. Scripts without spaces become overlapping pairs of characters, because
trigrams lose the two-character words that most Chinese queries are made of.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import opencc

from vidcut.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_QUERY_CHARS = 2_000
"""Beyond this a query is no query; encoders read some 500 tokens."""

# Han, kana, hangul, and the South-East Asian scripts that are written without spaces.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u3400-\u4dbf"
    r"\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs and accents, which re does not take for parts of a word: of Hebrew, Arabic, and the
# scripts from Devanagari to Sinhala, whose full stops (U+0964, U+0965) are left out.
_MARKS = (
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    r"\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0900-\u0963\u0966-\u0dff"
)
_WORD = rf"[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|[{_MARKS}])*"
_RUNS = re.compile(rf"[{_UNSPACED}]+|{_WORD}(?:['\u2019]{_WORD})*")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]+")


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: its words as given, and its terms in order, each once."""

    text: str
    terms: tuple[str, ...]


def parse(words: str) -> Query:
    """Clean a query.

    Raises:
        QueryError: it says nothing, or too much.
    """
    text = " ".join(_printable(words).split())
    if not text:
        raise QueryError("the query is empty; say what to look for, e.g. 'eating hot pot'")
    if len(text) > MAX_QUERY_CHARS:
        limit = f"at most {MAX_QUERY_CHARS} fit"
        raise QueryError(f"the query has {len(text)} characters; {limit}")
    return Query(text, tuple(dict.fromkeys(terms(text))))


def terms(text: str) -> list[str]:
    """The terms of a query in order: words, and pairs of characters where words touch."""
    return [term for term, _, _ in _located_terms(fold(text))]


def text_terms(text: str) -> list[str]:
    """The terms by which a text is found: a query's, and lone characters where words touch.

    A query may be one character long (猫), and a text seldom has that alone.
    """
    return [term for term, _, _ in _located_terms(fold(text), lone=True)]


def fold(text: str) -> str:
    """One form for all that reads alike: width, script variant and case."""
    text = text.encode("utf-8", "replace").decode()  # lone surrogates are no text
    text = unicodedata.normalize("NFKC", text)
    if _HAN.search(text):
        text = _simplify(text)
    return text.casefold()


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


def _located_terms(folded: str, *, lone: bool = False) -> Iterator[tuple[str, int, int]]:
    for run in _RUNS.finditer(folded):
        word, start = run.group().replace("\u2019", "'"), run.start()
        if len(word) == 1 or not _UNSPACED_RUN.fullmatch(word):
            yield word, start, run.end()
            continue
        for place, character in enumerate(word, start):
            if lone:
                yield character, place, place + 1
            if place + 1 < run.end():
                yield word[place - start : place - start + 2], place, place + 2


def _printable(text: str) -> str:
    """Without control characters, lone surrogates and the unassigned."""
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Cn"} else c for c in text)


def _simplify(text: str) -> str:
    return str(_converter().convert(text))


@functools.cache
def _converter() -> opencc.OpenCC:
    """Traditional to Simplified, character by character and so of the same length."""
    return opencc.OpenCC("t2s")
