"""Text vectors: cosines that can be told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vidcut import plugins
from vidcut.encoders import _rows
from vidcut.encoders._text import readable
from vidcut.protocols import EncoderOptions

PASSAGES = [
    "This is a video for testing.",
    "A spectre is haunting Europe, the spectre of communism.",
    "I'm searching for someone.",
    "你们接着善后",
    "COMING SOON",
]


@pytest.fixture(scope="module")
def encoder() -> Any:
    return plugins.load("encoders", "e5").create(EncoderOptions())


@pytest.mark.parametrize(
    ("query", "place"),
    [("用于测试的视频", 0), ("a ghost over Europe", 1), ("寻找某个人", 2), ("善后", 3)],
)
def test_meaning_is_found_across_languages(encoder: Any, query: str, place: int) -> None:
    cosines = encoder.passages(PASSAGES) @ encoder.query(query)
    assert int(np.argmax(cosines)) == place


def test_strangers_are_not_believed(encoder: Any) -> None:
    cosines = encoder.passages(PASSAGES) @ encoder.query("a giraffe drinking water")
    assert encoder.confidence(cosines).max() < 0.5


def test_the_words_themselves_are_believed(encoder: Any) -> None:
    cosines = encoder.passages(PASSAGES) @ encoder.query("video for testing")
    assert encoder.confidence(cosines)[0] > 0.5


def test_a_row_without_direction_still_gets_one() -> None:
    rows = np.array([[0, 0, 0], [3, 0, 4], [np.nan, 0, 1]], dtype=np.float32)
    expected = [[1, 0, 0], [0.6, 0, 0.8], [1, 0, 0]]
    assert _rows.unit(rows) == pytest.approx(np.array(expected))
    assert _rows.unit(rows[0]) == pytest.approx(np.array(expected[0]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\x00b", "a b"), ("\x1b[31mred", "[31mred"), ("\ud800", ""), ("  a\n\n b ", "a b")],
)
def test_text_is_made_readable(text: str, expected: str) -> None:
    assert readable(text, longest=100) == expected
    assert readable("x" * 200, longest=100) == "x" * 100
