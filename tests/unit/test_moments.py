from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from vidcut.moments import Candidate, Run, Want, candidates, choose, in_order
from vidcut.records import SECOND_US, Boundary, Chunk, Hit, Moment, Span, Video

if TYPE_CHECKING:
    from collections.abc import Sequence

VIDEOS = {
    number: Video(number, path, 1, 60 * SECOND_US, None, "ok")
    for number, path in ((1, "a.mp4"), (2, "b.mp4"))
}
ONE = (Want(),)


def us(second: float) -> int:
    return round(second * SECOND_US)


def hit(
    start: float,
    end: float,
    confidence: float,
    *,
    modality: str = "asr",
    sought: int = 0,
    video_id: int = 1,
) -> Hit:
    span = Span(us(start), us(end))
    return Hit(Chunk(span.start, video_id, modality, span), confidence, 1, (), sought)


def seen(start: float, end: float, confidence: float, *, sought: int = 0) -> Hit:
    return hit(start, end, confidence, modality="frame", sought=sought)


def found(*hits: Hit, wants: Sequence[Want] = ONE, least: float = 0.0) -> list[Candidate]:
    return candidates(hits, VIDEOS, wants, least=least)


def ends(candidate: Candidate) -> tuple[float, float]:
    return candidate.run.span.start / SECOND_US, candidate.run.span.end / SECOND_US


def answers(candidate: Candidate) -> list[tuple[str, int, float]]:
    """What it rests on: modality, what of the query, how sure."""
    return [(one.chunk.modality, one.sought, one.confidence) for one in candidate.evidence]


# Runs ---------------------------------------------------------------------------------


def test_sentences_that_follow_each_other_are_one_run() -> None:
    (one,) = found(hit(10, 12, 0.8), hit(12.4, 15, 0.9), hit(15.9, 17, 0.7))
    assert ends(one) == (10, 17)
    assert one.score == pytest.approx(0.9)
    assert answers(one) == [("asr", 0, 0.9)]
    assert [member.confidence for member in one.run.hits] == [0.8, 0.9, 0.7]


def test_sentences_far_apart_are_two() -> None:
    assert [ends(one) for one in found(hit(10, 12, 0.9), hit(13.1, 15, 0.8))] == [
        (10, 12),
        (13.1, 15),
    ]


def test_what_is_written_may_vanish_for_a_second_and_what_is_seen_may_not() -> None:
    written = [replace_modality(one, "ocr") for one in (hit(1, 3, 0.9), hit(4, 6, 0.8))]
    assert [ends(one) for one in found(*written)] == [(1, 6)]
    shown = [replace_modality(one, "frame") for one in written]
    assert [ends(one) for one in found(*shown)] == [(1, 3), (4, 6)]
    assert [ends(one) for one in found(seen(1, 3, 0.9), seen(3.1, 6, 0.8))] == [(1, 6)]


def replace_modality(one: Hit, modality: str) -> Hit:
    return replace(one, chunk=replace(one.chunk, modality=modality))


def test_weak_neighbours_do_not_stretch_a_strong_hit() -> None:
    weak = [seen(second, second + 2, 0.3) for second in range(0, 40, 2)]
    weak[7] = seen(14, 16, 0.9)
    best, *others = found(*weak)
    assert ends(best) == (14, 16)
    assert [ends(other) for other in others] == [(0, 14), (16, 40)]


def test_a_run_that_has_two_as_sure_is_of_the_first() -> None:
    (one,) = found(hit(10, 12, 0.8), hit(12, 15, 0.8), hit(15, 17, 0.7))
    assert [best.chunk.span.start for best in one.evidence] == [us(10)]


def test_a_long_hit_ends_a_run_though_a_later_one_begins_inside_it() -> None:
    run = Run((hit(10, 20, 0.8), hit(12, 14, 0.9)))
    assert run.span == Span(us(10), us(20))
    assert (run.best.confidence, run.modality) == (0.9, "asr")


def test_subtitles_past_the_end_are_no_candidates() -> None:
    assert found(hit(60, 62, 0.9), hit(70, 72, 0.9)) == []
    assert [ends(one) for one in found(hit(59, 75, 0.9))] == [(59, 75)]


def test_hits_in_other_videos_are_passed_over() -> None:
    assert found(hit(1, 2, 0.9, video_id=7)) == []
    assert found() == []


# What supports each other --------------------------------------------------------------


def test_what_is_seen_and_said_together_is_one_candidate_and_surer() -> None:
    (one,) = found(hit(10, 14, 0.8), seen(11, 14, 0.5))
    assert one.score == pytest.approx(1 - 0.2 * 0.5)
    assert answers(one) == [("asr", 0, 0.8), ("frame", 0, 0.5)]
    assert ends(one) == (10, 14)


def test_the_surest_gives_the_span_however_long_the_other_is() -> None:
    (one,) = found(hit(10, 14, 0.5), seen(11, 13, 0.8))
    assert ends(one) == (11, 13)
    (other,) = found(hit(10, 14, 0.8), seen(9, 25, 0.5))
    assert ends(other) == (10, 14)


def test_what_shares_half_of_the_shorter_or_less_is_apart() -> None:
    apart = found(hit(10, 14, 0.8), seen(12, 16, 0.5))
    assert [(ends(one), one.score) for one in apart] == [((10, 14), 0.8), ((12, 16), 0.5)]


def test_of_one_kind_only_the_surest_supports() -> None:
    (one,) = found(hit(10, 30, 0.8), seen(11, 13, 0.3), seen(20, 22, 0.4))
    assert answers(one) == [("asr", 0, 0.8), ("frame", 0, 0.4)]


def test_what_is_hardly_sure_supports_nothing() -> None:
    (one,) = found(hit(10, 14, 0.8), seen(11, 14, 0.19))
    assert answers(one) == [("asr", 0, 0.8)]
    assert one.score == pytest.approx(0.8)
    (alone,) = found(seen(11, 14, 0.19))
    assert answers(alone) == [("frame", 0, 0.19)]


# Several things at once ----------------------------------------------------------------


def test_the_score_is_the_mean_over_what_is_sought() -> None:
    both = (seen(10, 14, 0.8, sought=0), hit(10, 14, 0.4, sought=1), seen(10, 14, 0.5, sought=1))
    one, *_ = found(*both, wants=(Want(), Want()))
    assert one.score == pytest.approx((0.8 + (1 - 0.6 * 0.5)) / 2)
    weighed, *_ = found(*both, wants=(Want(3.0), Want(1.0)))
    assert weighed.score == pytest.approx((3 * 0.8 + 0.7) / 4)


def test_what_answers_only_one_of_two_things_is_half_an_answer() -> None:
    (one,) = found(seen(10, 14, 0.8, sought=1), wants=(Want(), Want()))
    assert one.score == pytest.approx(0.4)
    assert found(seen(10, 14, 0.8, sought=1), wants=(Want(), Want()), least=0.5) == []


def test_where_different_things_are_sought_the_shortest_gives_the_span() -> None:
    (one,) = found(seen(5, 25, 0.9, sought=0), hit(10, 12, 0.5, sought=1), wants=(Want(), Want()))
    assert ends(one) == (10, 12)
    assert answers(one) == [("frame", 0, 0.9), ("asr", 1, 0.5)]


def test_without_what_is_required_nothing_is_an_answer() -> None:
    wants = (Want(), Want(is_required=True))
    lacking, having = seen(10, 14, 0.9, sought=0), hit(30, 33, 1.0, sought=1)
    assert found(lacking, wants=wants) == []
    (one,) = found(lacking, having, wants=wants)
    assert ends(one) == (30, 33)
    assert one.score == pytest.approx(0.5)


def test_what_is_required_must_stand_in_the_same_place() -> None:
    wants = (Want(is_required=True), Want(is_required=True))
    first, second = hit(10, 12, 1.0, sought=0), hit(20, 22, 1.0, sought=1)
    assert found(first, second, wants=wants) == []
    (one, *_) = found(first, hit(10, 12, 1.0, sought=1), wants=wants)
    assert one.score == pytest.approx(1.0)


def test_what_gives_way_to_something_that_gives_way_itself_is_not_lost() -> None:
    """Two things, each seen for a moment inside a long sentence that says it more surely."""
    hits = (
        seen(9, 10, 0.5, sought=0),
        hit(0, 10, 0.9, sought=0),
        seen(9, 10, 0.5, sought=1),
        hit(9, 19, 0.9, sought=1),
    )
    made = found(*hits, wants=(Want(), Want()))
    assert made
    assert made[0].score > 0.4


# Order --------------------------------------------------------------------------------


def test_the_best_come_first_and_equals_by_place() -> None:
    made = found(
        hit(30, 31, 0.5),
        hit(10, 11, 0.5, video_id=2),
        hit(10, 11, 0.5),
        hit(50, 51, 0.9, video_id=2),
    )
    assert [(one.video.path, ends(one)[0]) for one in made] == [
        *(("b.mp4", 50), ("a.mp4", 10), ("a.mp4", 30), ("b.mp4", 10)),
    ]


def test_what_is_not_sure_enough_is_left_out() -> None:
    assert [one.score for one in found(hit(1, 3, 0.6), hit(9, 12, 0.4), least=0.5)] == [0.6]
    assert [one.score for one in found(hit(1, 3, 0.5), least=0.5)] == [0.5]


# One after the other -------------------------------------------------------------------


def step(*places: tuple[float, float, float], video_id: int = 1) -> list[Candidate]:
    hits = [hit(start, end, sure, video_id=video_id) for start, end, sure in places]
    return found(*hits)


def chained(
    *steps: list[Candidate], within: float = 30, least: float = 0.0
) -> list[tuple[float, float]]:
    return [ends(one) for one in in_order(steps, within_us=us(within), least=least)]


def test_one_step_is_what_it_was() -> None:
    only = step((10, 12, 0.5), (20, 22, 0.9))
    assert in_order([only], within_us=0, least=0.0) == only
    assert in_order([[]], within_us=0, least=0.0) == []


def test_what_follows_is_joined_and_the_other_way_round_is_not() -> None:
    early, late = step((10, 12, 0.8)), step((20, 22, 0.5))
    (chain,) = in_order([early, late], within_us=us(30), least=0.0)
    assert ends(chain) == (10, 22)
    assert chain.score == pytest.approx(0.4)
    assert [ends(link) for link in chain.chain] == [(10, 12), (20, 22)]
    assert [one.chunk.span.start for one in chain.evidence] == [us(10), us(20)]
    assert in_order([late, early], within_us=us(30), least=0.0) == []


def test_the_next_must_begin_soon() -> None:
    early, late = step((10, 12, 0.8)), step((20, 22, 0.5))
    assert chained(early, late, within=8) == [(10, 22)]
    assert chained(early, late, within=7.999) == []


def test_steps_may_touch_and_overlap_by_no_more_than_half_of_the_shorter() -> None:
    early = step((10, 14, 0.8))
    assert chained(early, step((14, 15, 0.5)), within=0) == [(10, 15)]
    assert chained(early, step((12, 16, 0.5)), within=0) == [(10, 16)]
    assert chained(early, step((11.9, 16, 0.5)), within=0) == []
    assert chained(early, step((12, 14, 0.5)), within=0) == []
    assert chained(early, early, within=30) == []


def test_steps_are_in_one_video() -> None:
    assert chained(step((10, 12, 0.8)), step((20, 22, 0.5), video_id=2)) == []


def test_a_chain_is_as_sure_as_all_its_links() -> None:
    steps = (step((1, 2, 0.9), (5, 6, 0.8)), step((10, 11, 0.7)), step((20, 21, 0.6)))
    made = in_order(steps, within_us=us(30), least=0.0)
    assert [ends(one) for one in made] == [(1, 21), (5, 21)]
    assert [one.score for one in made] == [
        *(pytest.approx(0.9 * 0.7 * 0.6), pytest.approx(0.8 * 0.7 * 0.6)),
    ]
    assert chained(*steps, least=0.35) == [(1, 21)]
    assert chained(*steps, least=0.4) == []


def test_up_to_five_steps_follow_one_another() -> None:
    steps = [step((10.0 * n, 10.0 * n + 2, 0.9)) for n in range(5)]
    (chain,) = in_order(steps, within_us=us(8), least=0.5)
    assert ends(chain) == (0, 42)
    assert chain.score == pytest.approx(0.9**5)
    assert len(chain.chain) == 5


def test_a_step_that_nothing_answers_leaves_no_chain() -> None:
    assert chained(step((10, 12, 0.8)), []) == []
    assert chained([], step((10, 12, 0.8))) == []


# Choosing -----------------------------------------------------------------------------


def settle(candidate: Candidate) -> Moment:
    span = candidate.run.span
    start, end = Boundary(span.start, "first seen"), Boundary(span.end, "last seen")
    return Moment(0, candidate.video, start, end, candidate.score, candidate.evidence)


def widened(candidate: Candidate) -> Moment:
    """To five seconds on each side."""
    span = candidate.run.span
    start, end = Boundary(span.start - us(5), "silence"), Boundary(span.end + us(5), "silence")
    return replace(settle(candidate), start=start, end=end)


def no_twins(_one: Moment, _other: Moment) -> bool:
    return False


def start_of(moment: Moment) -> tuple[str, float]:
    return moment.video.path, moment.span.start / SECOND_US


def test_at_most_so_many_are_chosen_and_ranks_count_from_one() -> None:
    made = step((1, 3, 0.6), (9, 12, 0.9), (20, 22, 0.8))
    chosen = choose(made, settle, no_twins, count=2)
    assert [(moment.rank, *start_of(moment)) for moment in chosen] == [
        *((1, "a.mp4", 9), (2, "a.mp4", 20)),
    ]
    assert choose(made, settle, no_twins, count=0) == []
    assert choose([], settle, no_twins, count=9) == []


def test_no_more_are_settled_than_are_looked_at() -> None:
    def settled_once(candidate: Candidate) -> Moment:
        assert candidate.score == 0.9
        return settle(candidate)

    made = step((1, 3, 0.6), (9, 12, 0.9), (20, 22, 0.8))
    assert len(choose(made, settled_once, no_twins, count=1)) == 1


def test_at_most_so_many_are_of_one_video() -> None:
    made = [
        *step((1, 3, 0.9), (9, 12, 0.8), (20, 22, 0.7)),
        *step((1, 3, 0.5), video_id=2),
    ]
    assert [start_of(m) for m in choose(made, settle, no_twins, count=9, per_video=1)] == [
        *(("a.mp4", 1), ("b.mp4", 1)),
    ]
    assert len(choose(made, settle, no_twins, count=9, per_video=2)) == 3
    assert len(choose(made, settle, no_twins, count=9)) == 4


def test_of_what_lies_over_one_another_the_best_is_kept() -> None:
    over = [*step((10, 14, 0.9)), *step((11, 15, 0.8)), *step((12, 16, 0.7))]
    assert [start_of(m)[1] for m in choose(over, settle, no_twins, count=9)] == [10, 12]
    elsewhere = [*step((10, 14, 0.9)), *step((10, 14, 0.8), video_id=2)]
    assert len(choose(elsewhere, settle, no_twins, count=9)) == 2


def test_what_only_lies_over_another_once_it_is_settled_is_left_out() -> None:
    made = step((10, 11, 0.9), (14, 15, 0.8), (20, 21, 0.7))
    assert [start_of(m)[1] for m in choose(made, widened, no_twins, count=9)] == [5, 15]


def test_twins_are_told_once_and_the_best_of_them() -> None:
    def is_twin(one: Moment, other: Moment) -> bool:
        return one.span.duration == other.span.duration

    made = step((1, 3, 0.6), (9, 11, 0.9), (20, 25, 0.8), (40, 45, 0.5))
    chosen = choose(made, settle, is_twin, count=9)
    assert [(moment.rank, start_of(moment)[1]) for moment in chosen] == [(1, 9), (2, 20)]


# Evidence and what is taken away ------------------------------------------------------


def test_what_is_sure_elsewhere_is_no_evidence_here() -> None:
    film = [seen(second, second + 1, 0.62 if second != 17 else 0.9) for second in range(30)]
    weak = hit(2, 5, 0.01)
    whole, *others = found(*film, weak, least=0.0)
    assert ends(whole) == (0, 30)
    assert all(one.score < 0.7 for one in others)


def test_hits_in_what_is_taken_away_are_none_and_others_keep_clear_of_it() -> None:
    taken = {1: [Span(us(10), us(12)), Span(us(20), us(21))], 2: [Span(0, us(60))]}
    hits = (seen(9, 11, 0.9), seen(14, 15, 0.8), hit(30, 31, 0.7), hit(5, 6, 0.9, video_id=2))
    first, second = candidates(hits, VIDEOS, ONE, least=0.0, taken=taken)
    assert (ends(first), first.free) == ((14, 15), Span(us(12), us(20)))
    assert (ends(second), second.free) == ((30, 31), Span(us(21), us(60)))
