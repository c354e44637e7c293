from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from vidcut.ranking import log_odds, rank, term_weights, weighed, word_confidence
from vidcut.records import Chunk, Span

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    sure = word_confidence([(1, {"the", "hot", "pot"}), (2, {"hot"}), (3, set())], weights)
    assert sure[1] == (1.0, ("the", "hot", "pot"))
    assert sure[2] == (0.25, ("hot",))
    assert sure[3] == (0.0, ())


def test_no_words_make_nobody_sure() -> None:
    assert word_confidence([(1, {"a"})], {}) == {1: (0.0, ())}
    assert word_confidence([], {"a": 1.0}) == {}


def test_rare_words_weigh_more_and_unknown_ones_most() -> None:
    weights = term_weights(["the", "pot", "dragon"], 100, {"the": 90, "pot": 2})
    assert 0 < weights["the"] < weights["pot"] < weights["dragon"]


def test_a_word_in_every_text_still_weighs_something() -> None:
    assert term_weights(["the"], 5, {"the": 5})["the"] > 0
    assert term_weights(["the"], 0, {})["the"] > 0


# Several comparisons ------------------------------------------------------------------


def odds(*confidences: float) -> NDArray[np.float32]:
    return log_odds(np.array(confidences, dtype=np.float32))


def sure_of(*confidences: float) -> NDArray[np.float32]:
    return np.array(confidences, dtype=np.float32)


def test_log_odds_are_even_about_a_half_and_end_somewhere() -> None:
    found = odds(0.0, 0.1, 0.5, 0.9, 1.0)
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx([-12, -2.197, 0, 2.197, 12], abs=0.03)
    assert np.all(np.isfinite(found))


def test_a_half_of_what_is_wanted_is_half_an_answer() -> None:
    both = [(1.0, sure_of(1.0, 1.0)), (1.0, sure_of(0.0, 1.0))]
    assert weighed(both, []).tolist() == [0.5, 1.0]


def test_one_comparison_alone_is_as_sure_as_it_was() -> None:
    sure = weighed([(3.0, sure_of(0.0, 0.2, 0.7, 1.0))], [])
    assert sure.tolist() == pytest.approx([0.0, 0.2, 0.7, 1.0], abs=1e-5)


def test_what_is_wanted_adds_up_by_its_weight() -> None:
    apart = [(1.0, sure_of(0.9, 0.9)), (1.0, sure_of(0.1, 0.9))]
    assert weighed(apart, []).tolist() == pytest.approx([0.5, 0.9], abs=1e-5)
    heavier = weighed([(3.0, sure_of(0.9)), (1.0, sure_of(0.1))], [])
    assert heavier == pytest.approx(0.7)
    assert weighed([(6.0, sure_of(0.9)), (2.0, sure_of(0.1))], []) == pytest.approx(heavier)


def test_something_unwanted_that_is_not_there_changes_almost_nothing() -> None:
    before = [0.05, 0.3, 0.9]
    for unrelated in (0.0, 0.001):
        sure = weighed([(1.0, sure_of(*before))], [sure_of(*[unrelated] * 3)])
        assert sure.tolist() == pytest.approx(before, abs=0.002)


def test_what_is_as_much_the_one_as_the_other_is_half_as_sure() -> None:
    assert weighed([(1.0, sure_of(0.8))], [sure_of(0.8)]).tolist() == pytest.approx([0.4])


def test_what_is_rather_the_unwanted_is_hardly_sure() -> None:
    (sure,) = weighed([(1.0, sure_of(0.8))], [sure_of(0.99)])
    assert sure < 0.05


def test_what_neither_describes_is_thought_no_better_for_it() -> None:
    """As adding and taking away vectors would have it: far from the unwanted is near."""
    wanted, unwanted = sure_of(0.001, 0.0), sure_of(0.0, 0.0)
    sure = weighed([(1.0, wanted)], [unwanted])
    assert sure[0] <= 0.001
    assert sure[1] < 1e-4


def test_every_unwanted_thing_takes_away() -> None:
    one = weighed([(1.0, sure_of(0.8))], [sure_of(0.6)])
    two = weighed([(1.0, sure_of(0.8))], [sure_of(0.6), sure_of(0.6)])
    assert 0 < two[0] < one[0] < 0.8


def test_no_chunks_are_no_trouble() -> None:
    assert weighed([(1.0, sure_of())], [sure_of()]).shape == (0,)
