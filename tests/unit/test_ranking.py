from __future__ import annotations

from vidcut.ranking import rank, term_weights, word_confidence
from vidcut.records import Chunk, Span


def chunk(number: int, *, start: int = 0) -> Chunk:
    return Chunk(number, 1, "asr", Span(start, start + 1))


def test_a_hit_by_vector_and_by_word_is_surer_than_either() -> None:
    both, one = rank({1: chunk(1), 2: chunk(2)}, {1: 0.5, 2: 0.5}, {1: (0.5, ("hot",))})
    assert (both.chunk.id, both.confidence, both.rank, both.matched) == (1, 0.75, 1, ("hot",))
    assert (one.chunk.id, one.confidence, one.rank, one.matched) == (2, 0.5, 2, ())


def test_equal_hits_come_in_order_of_time() -> None:
    chunks = {1: chunk(1, start=9), 2: chunk(2, start=5), 3: chunk(3, start=9)}
    hits = rank(chunks, dict.fromkeys(chunks, 0.4), {})
    assert [hit.chunk.id for hit in hits] == [2, 1, 3]


def test_a_chunk_that_is_gone_is_passed_over() -> None:
    assert rank({}, {1: 0.9}, {2: (1.0, ("a",))}) == []
    assert rank({}, {}, {}) == []


def test_words_count_by_the_weight_that_stands_in_the_text() -> None:
    weights = {"the": 1.0, "hot": 2.0, "pot": 1.0}
    sure = word_confidence([(1, "the hot pot"), (2, "hot"), (3, "hotpot")], weights)
    assert sure[1] == (1.0, ("the", "hot", "pot"))
    assert sure[2] == (0.25, ("hot",))
    assert sure[3] == (0.0, ())


def test_no_words_make_nobody_sure() -> None:
    assert word_confidence([(1, "a")], {}) == {1: (0.0, ())}
    assert word_confidence([], {"a": 1.0}) == {}


def test_rare_words_weigh_more_and_unknown_ones_most() -> None:
    weights = term_weights(["the", "pot", "dragon"], 100, {"the": 90, "pot": 2})
    assert 0 < weights["the"] < weights["pot"] < weights["dragon"]


def test_a_word_in_every_text_still_weighs_something() -> None:
    assert term_weights(["the"], 5, {"the": 5})["the"] > 0
    assert term_weights(["the"], 0, {})["the"] > 0
