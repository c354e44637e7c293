"""Laws of the query language, and of the terms by which texts are found."""

from __future__ import annotations

import contextlib
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from vidcut import catalog
from vidcut.errors import QueryError
from vidcut.query import GRAMMAR, MAX_STEPS, Query, parse
from vidcut.records import Draft, Span
from vidcut.terms import contains, matches, terms, text_terms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidcut.catalog import Catalog

SYNTAX = ['"', "*", "NEAR(", "AND", "OR NOT", "col:x", "^", "(", ")", "-", "+", "{a b}:", "''"]
WORDS = ["cat", "火鍋", "\uff37", "กินข้าว", "\0", "don’t"]
anything = st.one_of(
    st.text(st.characters(), max_size=80),
    st.lists(st.sampled_from([*SYNTAX, *WORDS])).map(" ".join),
)

PREFIXES = ["", "said:", "SHOWN：", "written:", "2:", "0.5：", "said:2:", "2:shown:"]
BODIES = [
    "cat",
    "火锅",
    "12:30",
    '"red car"',
    "“你好”",
    "「a >> b」",
    "./a.jpg",
    '"~/b c.PNG"',
    '"./b  c\u3000d.gif"',
    "!",
]
GAPS = [" ", "\n", "\u3000", " + ", " - ", ">>", " 》》 ", " -", " \uff0d ", ""]
atoms = st.tuples(st.sampled_from(PREFIXES), st.sampled_from(BODIES)).map("".join)
spoken = st.lists(st.tuples(atoms, st.sampled_from(GAPS)).map("".join), max_size=8).map("".join)
"""Texts in which the language's signs are many and mostly well placed."""
asked_anything = st.one_of(anything, spoken)
plain_words = st.lists(
    st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=8), min_size=1, max_size=8
)


def understood(text: str) -> Query:
    try:
        return parse(text)
    except QueryError:
        assume(False)  # noqa: FBT003  (what Hypothesis takes)
        raise


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    path: Path = tmp_path_factory.mktemp("laws") / "catalog.sqlite"
    made = catalog.create(path)
    made.add_video("a.mp4", (1, 1), b"1")
    yield made
    made.close()


# The language -------------------------------------------------------------------------


@given(asked_anything)
@example("\ud800")
@example("x" * 12_000)
@example("火" * 2_000)
@example("a" + " " * 12_000 + "b" + "\t" * 12_000)
@example('"' * 2_000)
@example("“" * 2_000)
@example("2:" * 1_000)
@example("said:" * 400)
@example("9" * 1_998 + ":a")
@example("1:" + "./" * 990 + "a.jpg")
def test_a_query_is_understood_or_refused(text: str) -> None:
    try:
        asked = parse(text)
    except QueryError as error:
        message = str(error)
        assert message.isprintable()
        assert len(message) < 250
        return
    assert asked.text
    assert 1 <= len(asked.steps) <= MAX_STEPS
    assert len(set(asked.terms)) == len(asked.terms)
    assert not any(" " in term or not term for term in asked.terms)


@given(asked_anything)
def test_every_step_wants_something_that_can_be_looked_for(text: str) -> None:
    for step in understood(text).steps:
        assert step.wanted
        for term in (*step.wanted, *step.unwanted):
            assert set(term.modalities) <= {"asr", "frame", "ocr"}
            assert len(term.parts) == 1 or not term.is_exact
            for part in term.parts:
                assert 0 < part.weight <= 100
                assert part.is_picture or terms(part.text)
                assert term.modalities == ("frame",) or not part.is_picture


@given(asked_anything)
def test_what_is_not_exact_and_in_the_same_modalities_is_one_term(text: str) -> None:
    for step in understood(text).steps:
        places = [term.modalities for term in step.wanted if not term.is_exact]
        assert len(set(places)) == len(places)


@given(asked_anything)
def test_a_cleaned_query_is_understood_alike(text: str) -> None:
    asked = understood(text)
    assert parse(asked.text) == asked


@given(plain_words)
@example(["he", "said", "hello"])
def test_plain_words_survive(written: list[str]) -> None:
    text = " ".join(written)
    assume(terms(text))
    (step,) = parse(text).steps
    (term,) = step.wanted
    assert (term.words, term.modalities, step.unwanted) == (text, (), ())
    assert parse(text).terms == tuple(dict.fromkeys(terms(text)))


@given(plain_words, st.sampled_from([example for _, _, example in GRAMMAR]))
def test_steps_do_not_touch_each_other(written: list[str], other: str) -> None:
    text = " ".join(written)
    assume(terms(text))
    assert parse(f"{text} >> {other}").steps == (*parse(text).steps, *parse(other).steps)


# Terms --------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_every_term_of_a_query_is_a_term_of_the_same_text(text: str) -> None:
    assert set(terms(text)) <= set(text_terms(text))


@given(anything, anything)
def test_matches_lie_in_the_text_in_order_and_apart(text: str, words: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    places = matches(text, tuple(terms(words.encode("utf-8", "ignore").decode())))
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(a[1] < b[0] for a, b in pairwise(places))


@given(anything)
@example(" ".join(SYNTAX))
@example("火" * 1_999)
@example(" ".join(f"word{n}" for n in range(250)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_text_is_found_by_every_word_of_it(opened: Catalog, text: str) -> None:
    """And full text takes whatever is asked, and counts each term as it was stored."""
    wanted = tuple(dict.fromkeys(terms(text)))
    stored = " ".join(text_terms(text))
    with contextlib.suppress(RollBack), opened.writing():
        chunk = opened.add_chunk(1, "ocr", Draft(Span(0, 1), "text"), stored)
        for term in wanted[:20]:
            assert (chunk, stored) in opened.texts.find([term], "ocr", 10**6, [1])
        assert len(opened.texts.find(wanted, "ocr", 10, None)) == min(1, len(wanted))
        _, counts = opened.texts.counts(wanted)
        assert counts == dict.fromkeys(wanted, 1)
        raise RollBack


class RollBack(Exception):  # noqa: N818  (no error: the end of a try)
    """Leaves the catalog as it was."""


# Phrases ------------------------------------------------------------------------------

SENTENCES = st.lists(
    st.sampled_from(
        ["Hot", "pot", "don't", "1080p", "头发", "发", "吃火锅", "iPhone手机", "e-mail"]
    ),
    min_size=1,
    max_size=8,
)
TRADITIONAL = str.maketrans({"头": "頭", "锅": "鍋", "机": "機"})
WIDE = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)} | {0x20: 0x3000}


@given(st.text(st.characters(), max_size=60), st.data())
def test_a_text_contains_every_run_of_its_words(text: str, data: st.DataObject) -> None:
    written = text.split()
    assume(written)
    start = data.draw(st.integers(0, len(written) - 1))
    end = data.draw(st.integers(start + 1, len(written)))
    phrase = " ".join(written[start:end])
    assert contains(text, phrase) == bool(terms(phrase))


@given(SENTENCES, SENTENCES, st.sampled_from([" ", ", ", "。", " - "]))
def test_case_width_script_and_punctuation_do_not_count(
    text: list[str], phrase: list[str], gap: str
) -> None:
    held = contains(" ".join(text), " ".join(phrase))
    asked = " ".join(phrase)
    for alike in (
        asked.upper(),
        asked.translate(WIDE),
        asked.translate(TRADITIONAL),
        gap.join(phrase),
        f"“{asked}!”",
    ):
        assert contains(" ".join(text), alike) == held
        assert contains(alike, " ".join(text)) == contains(asked, " ".join(text))


@given(SENTENCES, SENTENCES, SENTENCES)
def test_what_stands_around_a_phrase_does_not_hide_it(
    before: list[str], phrase: list[str], after: list[str]
) -> None:
    assert contains(" ".join([*before, *phrase, *after]), " ".join(phrase))


@given(SENTENCES, SENTENCES)
def test_a_contained_phrase_has_no_word_that_the_text_has_not(
    text: list[str], phrase: list[str]
) -> None:
    if contains(" ".join(text), " ".join(phrase)):
        lone = {character for word in text for character in text_terms(word)}
        assert all(set(terms(word)) <= lone for word in phrase)
