from __future__ import annotations

import pytest

from vidcut.moments import Setting, moments
from vidcut.records import SECOND_US, Boundary, Chunk, Hit, Moment, Span, Video

VIDEO = Video(1, "a.mp4", 1, 60 * SECOND_US, None, "ok")


def us(second: float) -> int:
    return round(second * SECOND_US)


def hit(start: float, end: float, confidence: float, *, modality: str = "asr") -> Hit:
    span = Span(us(start), us(end))
    return Hit(Chunk(span.start, 1, modality, span), confidence, 1)


def found(
    *hits: Hit, cuts: tuple[float, ...] = (), video: Video = VIDEO, least: float = 0.0
) -> list[Moment]:
    by_modality: dict[str, list[Hit]] = {}
    for one in hits:
        by_modality.setdefault(one.chunk.modality, []).append(one)
    setting = Setting(video, [us(cut) for cut in cuts])
    return moments(by_modality, {1: setting}, count=100, least=least)


def ends(moment: Moment) -> tuple[float, float]:
    return moment.span.start / SECOND_US, moment.span.end / SECOND_US


def reasons(moment: Moment) -> tuple[str, str]:
    return moment.start.reason, moment.end.reason


def test_sentences_that_follow_each_other_are_one_moment() -> None:
    (moment,) = found(hit(10, 12, 0.8), hit(12.4, 15, 0.9), hit(15.9, 17, 0.7))
    assert ends(moment) == (10, 17)
    assert reasons(moment) == ("sentence start", "sentence end")
    assert moment.score == pytest.approx(0.9)
    assert [evidence.confidence for evidence in moment.evidence] == [0.9]


def test_sentences_far_apart_are_two() -> None:
    assert [ends(m) for m in found(hit(10, 12, 0.9), hit(13.1, 15, 0.8))] == [(10, 12), (13.1, 15)]


def test_weak_neighbours_do_not_stretch_a_strong_hit() -> None:
    weak = [hit(second, second + 2, 0.3, modality="frame") for second in range(0, 40, 2)]
    weak[7] = hit(14, 16, 0.9, modality="frame")
    best, *others = found(*weak)
    assert ends(best) == (14, 16)
    assert all(other.span.overlap(best.span) == 0 for other in others)


def test_what_is_seen_begins_and_ends_at_the_nearest_shot_cut() -> None:
    (moment,) = found(hit(10, 14, 0.9, modality="frame"), cuts=(4, 9.6, 10.2, 14.5, 20))
    assert moment.start == Boundary(us(10.2), "shot cut")
    assert moment.end == Boundary(us(14.5), "shot cut")


def test_a_cut_further_off_is_none_of_its_business() -> None:
    (moment,) = found(hit(10, 14, 0.9, modality="frame"), cuts=(9.4, 14.6))
    assert ends(moment) == (10, 14)
    assert reasons(moment) == ("first seen", "last seen")


def test_both_ends_never_snap_to_the_same_cut() -> None:
    (moment,) = found(hit(10, 10.8, 0.9, modality="frame"), cuts=(10.4,))
    assert moment.span.duration == SECOND_US


def test_what_is_said_is_not_cut_short_at_a_shot_cut() -> None:
    (moment,) = found(hit(10, 14, 0.9), cuts=(10.2, 13.8))
    assert ends(moment) == (10, 14)


def test_what_is_seen_and_said_together_is_one_moment_and_surer() -> None:
    (moment,) = found(hit(10, 14, 0.8), hit(11, 14, 0.5, modality="frame"))
    assert moment.score == pytest.approx(0.9)
    assert [evidence.chunk.modality for evidence in moment.evidence] == ["asr", "frame"]
    assert ends(moment) == (10, 14)


def test_what_is_short_is_widened_about_its_middle() -> None:
    (moment,) = found(hit(10, 10.2, 0.9))
    assert ends(moment) == (9.6, 10.6)
    assert reasons(moment) == ("shortest moment", "shortest moment")


@pytest.mark.parametrize(
    ("start", "end", "whole"),
    [(0, 0.1, (0, 1)), (59.9, 60, (59, 60)), (59.9, 75, (59, 60)), (58, 75, (58, 60))],
)
def test_a_moment_lies_inside_its_video(
    start: float, end: float, whole: tuple[float, float]
) -> None:
    (moment,) = found(hit(start, end, 0.9))
    assert ends(moment) == whole
    assert "video start" in reasons(moment) or "video end" in reasons(moment)


def test_subtitles_past_the_end_are_no_moments() -> None:
    assert found(hit(60, 62, 0.9), hit(70, 72, 0.9)) == []


def test_a_video_shorter_than_a_moment_is_one() -> None:
    short = Video(1, "a.mp4", 1, us(0.4), None, "ok")
    (moment,) = found(hit(0.1, 0.2, 0.9), video=short)
    assert ends(moment) == (0, 0.4)


def test_neighbours_that_are_both_widened_are_one_moment() -> None:
    first, second = hit(10, 10.1, 0.9, modality="frame"), hit(10.4, 10.5, 0.8, modality="frame")
    (moment,) = found(first, second)
    assert ends(moment) == (9.55, 10.55)


def test_what_is_not_sure_enough_is_left_out() -> None:
    assert [m.score for m in found(hit(1, 3, 0.6), hit(9, 12, 0.4), least=0.5)] == [0.6]
    assert found() == []


def test_ranks_count_from_one() -> None:
    assert [m.rank for m in found(hit(1, 3, 0.6), hit(9, 12, 0.4))] == [1, 2]
