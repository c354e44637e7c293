from __future__ import annotations

import contextlib
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from vidcut import catalog, query
from vidcut.errors import QueryError
from vidcut.records import Draft, Span

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


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    path: Path = tmp_path_factory.mktemp("laws") / "catalog.sqlite"
    made = catalog.create(path)
    made.add_video("a.mp4", (1, 1), b"1")
    yield made
    made.close()


@given(anything)
@example("\ud800")
@example("x" * 10_000)
@example("火" * 2_000)
def test_a_query_is_parsed_or_refused(words: str) -> None:
    try:
        asked = query.parse(words)
    except QueryError:
        return
    assert asked.text
    assert len(set(asked.terms)) == len(asked.terms)
    assert not any(" " in term or not term for term in asked.terms)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_every_term_of_a_query_is_a_term_of_the_same_text(text: str) -> None:
    assert set(query.terms(text)) <= set(query.text_terms(text))


@given(anything, anything)
def test_matches_lie_in_the_text_in_order_and_apart(text: str, words: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    places = query.matches(text, tuple(query.terms(words.encode("utf-8", "ignore").decode())))
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(a[1] < b[0] for a, b in pairwise(places))


@given(anything)
@example(" ".join(SYNTAX))
@example("火" * 1_999)
@example(" ".join(f"word{n}" for n in range(250)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_text_is_found_by_every_word_of_it(opened: Catalog, words: str) -> None:
    """And full text takes whatever is asked, and counts each term as it was stored."""
    try:
        terms = query.parse(words).terms
    except QueryError:
        return
    stored = query.text_terms(query.parse(words).text)
    with contextlib.suppress(RollBack), opened.writing():
        chunk = opened.add_chunk(1, "ocr", Draft(Span(0, 1), words), " ".join(stored))
        for term in terms[:20]:
            assert (chunk, " ".join(stored)) in opened.find_terms([term], "ocr", 10**6, [1])
        assert len(opened.find_terms(terms, "ocr", 10, None)) == min(1, len(terms))
        _, counts = opened.document_counts(terms)
        assert counts == dict.fromkeys(terms, 1)
        raise RollBack


class RollBack(Exception):  # noqa: N818  (no error: the end of a try)
    """Leaves the catalog as it was."""
