from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vidcut.boundaries import Look, Surroundings, boundaries
from vidcut.moments import Run
from vidcut.records import SECOND_US, Boundary, Chunk, Hit, Lengths, Span, Video, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.records import Vector

VIDEO = Video(1, "a.mp4", 1, 60 * SECOND_US, None, "ok")

Ends = tuple[Any, Any]
"""Second and reason of either end."""


def us(second: float) -> int:
    return round(second * SECOND_US)


def spans(*places: tuple[float, float]) -> list[Span]:
    return [Span(us(start), us(end)) for start, end in places]


def run(
    *places: tuple[float, float, float], modality: str = "asr", words: Sequence[Word] = ()
) -> Run:
    """Of start, end and confidence of each hit."""
    hits = [
        Hit(Chunk(n, 1, modality, Span(us(start), us(end)), words=tuple(words)), sure, n)
        for n, (start, end, sure) in enumerate(places)
    ]
    return Run(tuple(hits))


def said(
    *places: tuple[float, float, float],
    besides: tuple[tuple[float, float], ...] = (),
    **lengths: float,
) -> Ends:
    """Where a moment of these sentences ends, where others are spoken too."""
    sentences = spans(*((start, end) for start, end, _ in places), *besides)
    return settled(run(*places), Surroundings(VIDEO, said=sorted(sentences)), **lengths)


def seen(
    *places: tuple[float, float, float],
    cuts: tuple[float, ...] = (),
    looks: Sequence[Look] = (),
    **lengths: float,
) -> Ends:
    around = Surroundings(VIDEO, [us(cut) for cut in cuts], looks)
    return settled(run(*places, modality="frame"), around, **lengths)


def settled(
    one: Run, around: Surroundings, *, shortest: float = 1.0, longest: float = 60.0
) -> Ends:
    ends = boundaries(one, around, Lengths(us(shortest), us(longest)))
    start, end = ((end.time_us / SECOND_US, end.reason) for end in ends)
    return start, end


# What is said -------------------------------------------------------------------------


def test_what_is_said_begins_and_ends_in_the_silence_around_it() -> None:
    assert said((10, 12, 0.8), (12.4, 15, 0.9)) == ((9.7, "silence"), (15.3, "silence"))


def test_at_most_half_of_a_pause_goes_with_a_sentence() -> None:
    ends = said((10, 12, 0.8), besides=((5, 9.6), (12.3, 14)))
    assert ends == ((9.8, "silence"), (12.15, "silence"))


def test_a_pause_of_less_than_a_fifth_of_a_second_is_no_silence() -> None:
    ends = said((10, 12, 0.8), besides=((5, 9.81), (12.19, 14)))
    assert ends == ((10, "sentence start"), (12, "sentence end"))
    assert said((10, 12, 0.8), besides=((5, 9.8),))[0] == (9.9, "silence")


def test_where_another_speaks_there_is_no_silence() -> None:
    ends = said((10, 12, 0.8), besides=((5, 10.5), (11.5, 14)))
    assert ends == ((10, "sentence start"), (12, "sentence end"))


def test_what_is_said_is_not_cut_short_at_a_shot_cut() -> None:
    around = Surroundings(VIDEO, [us(10.2), us(13.8)])
    assert settled(run((10, 14, 0.9)), around) == ((9.7, "silence"), (14.3, "silence"))


def test_only_whole_sentences_are_added_to_the_best() -> None:
    three = ((10, 14, 0.8), (14, 18, 0.9), (18, 22, 0.8))
    assert said(*three, longest=12) == ((10, "sentence start"), (22, "sentence end"))
    assert said(*three, longest=11) == ((14, "sentence start"), (22.3, "silence"))
    assert said(*three, longest=7.9) == ((14, "sentence start"), (18, "sentence end"))


def test_silence_is_left_out_where_it_would_be_too_long() -> None:
    assert said((10, 14, 0.9), longest=4.1) == ((10, "sentence start"), (14, "sentence end"))
    assert said((10, 14, 0.9), longest=4.3) == ((9.85, "silence"), (14.15, "silence"))


def test_of_a_sentence_that_is_too_long_as_many_words_as_fit() -> None:
    words = [Word(Span(us(10 + n), us(10.9 + n)), f" {n}") for n in range(9)]
    start, end = settled(
        run((10, 19, 0.9), words=words), Surroundings(VIDEO, said=spans((10, 19))), longest=4
    )
    assert (start[0], end) == (10, (13.9, "longest moment"))
    untold = settled(run((10, 19, 0.9)), Surroundings(VIDEO, said=spans((10, 19))), longest=4)
    assert (untold[0][0], untold[1]) == (10, (14, "longest moment"))


# What is written -----------------------------------------------------------------------


def test_what_is_written_lasts_as_long_as_it_is_there() -> None:
    around = Surroundings(VIDEO, [us(9.8), us(14.2)], said=spans((9, 10.5)))
    ends = settled(run((10, 12, 0.8), (12, 14, 0.9), modality="ocr"), around)
    assert ends == ((10, "text appears"), (14, "text disappears"))


# What is seen -------------------------------------------------------------------------


def test_what_is_seen_begins_and_ends_at_the_nearest_shot_cut() -> None:
    ends = seen((10, 14, 0.9), cuts=(4, 9.6, 10.2, 14.5, 20))
    assert ends == ((10.2, "shot cut"), (14.5, "shot cut"))


def test_a_cut_further_off_is_none_of_its_business() -> None:
    assert seen((10, 14, 0.9), cuts=(9.4, 14.6)) == ((10, "first seen"), (14, "last seen"))


def test_both_ends_never_snap_to_the_same_cut() -> None:
    (start, _), (end, _) = seen((10, 10.8, 0.9), cuts=(10.4,))
    assert end - start == 1.0


def test_any_modality_that_is_not_of_words_is_seen() -> None:
    around = Surroundings(VIDEO, [us(10.2)])
    assert settled(run((10, 14, 0.9), modality="sketch"), around) == (
        *((10.2, "shot cut"), (14, "last seen")),
    )


def looks(*cosines: float, start: float = 10.0) -> list[Look]:
    """Frames of a second each, of these cosines with (1, 0)."""
    return [
        Look(Span(us(start + n), us(start + n + 1)), of_cosine(cosine))
        for n, cosine in enumerate(cosines)
    ]


def of_cosine(cosine: float) -> Vector:
    return np.array([cosine, np.sqrt(1 - cosine**2)], dtype=np.float32)


def test_a_moment_grows_to_what_looks_like_its_best() -> None:
    alike = looks(0.2, 0.95, 0.9, 1.0, 0.95, 0.2, 0.9)
    assert seen((13, 14, 0.9), looks=alike) == ((11, "first seen"), (15, "last seen"))


def test_growing_ends_at_a_shot_cut_however_alike_the_next_shot_is() -> None:
    alike = looks(1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    assert seen((12, 13, 0.9), cuts=(11, 15), looks=alike) == (
        *((11, "shot cut"), (15, "shot cut")),
    )


def test_growing_ends_where_nothing_is_known() -> None:
    gap = [*looks(1.0, 1.0), *looks(1.0, start=12.4), *looks(1.0, start=14.0)]
    assert seen((10, 11, 0.9), looks=gap) == ((10, "first seen"), (13.4, "last seen"))


def test_a_run_is_no_shorter_for_a_frame_in_it_that_looks_unlike_its_best() -> None:
    unlike = looks(1.0, 0.1, 0.9, 0.9)
    assert seen((10, 11, 0.9), (11, 12, 0.8), looks=unlike) == (
        *((10, "first seen"), (14, "last seen")),
    )


def test_the_best_frame_may_be_unknown() -> None:
    assert seen((10, 11, 0.9), looks=looks(1.0, 1.0, start=20)) == (
        *((10, "first seen"), (11, "last seen")),
    )


# Length -------------------------------------------------------------------------------


def test_what_is_short_is_widened_about_its_middle() -> None:
    ends = seen((10, 10.2, 0.9))
    assert ends == ((9.6, "shortest moment"), (10.6, "shortest moment"))


def test_what_is_widened_clips_no_word_where_whole_sentences_fit() -> None:
    ends = said((10, 10.4, 0.9), besides=((7, 9.9), (10.5, 13)), shortest=2)
    assert ends == ((7, "sentence start"), (13, "sentence end"))


def test_what_is_widened_clips_a_sentence_that_does_not_fit() -> None:
    ends = said((10, 10.4, 0.9), besides=((2, 9.9), (10.5, 13)), shortest=2, longest=5)
    assert ends == ((9.2, "shortest moment"), (13, "sentence end"))


def test_what_is_too_long_is_cut_to_its_best() -> None:
    long = ((10, 20, 0.7), (20, 30, 0.9), (30, 40, 0.7))
    assert seen(*long, longest=4) == ((23, "longest moment"), (27, "longest moment"))
    first = ((10, 11, 0.9), (11, 20, 0.7))
    assert seen(*first, longest=4) == ((10, "first seen"), (14, "longest moment"))
    last = ((10, 19, 0.7), (19, 20, 0.9))
    assert seen(*last, longest=4) == ((16, "longest moment"), (20, "last seen"))


@pytest.mark.parametrize(
    ("start", "end", "whole"),
    [(0, 0.1, (0, 1)), (59.9, 60, (59, 60)), (59.9, 75, (59, 60)), (58.3, 75, (58, 60))],
)
@pytest.mark.parametrize("modality", ["asr", "ocr", "frame"])
def test_a_moment_lies_inside_its_video(
    modality: str, start: float, end: float, whole: tuple[float, float]
) -> None:
    first, last = settled(run((start, end, 0.9), modality=modality), Surroundings(VIDEO))
    expected = (whole[0] + 0.3 if modality != "asr" and start == 58.3 else whole[0], whole[1])
    assert (first[0], last[0]) == expected
    assert "video start" in first or "video end" in last


def test_the_files_own_ends_are_named_as_such() -> None:
    short = Video(1, "a.mp4", 1, us(0.4), None, "ok")
    for modality in ("asr", "ocr", "frame"):
        ends = settled(run((0.1, 0.2, 0.9), modality=modality), Surroundings(short))
        assert ends == ((0, "video start"), (0.4, "video end"))


def test_a_short_sentence_at_the_videos_start_is_long_enough() -> None:
    """Its silence is cut off by the start of the file, and does not count."""
    start, end = said((0, 0.1, 0.9), shortest=0.5)
    assert start == (0, "video start")
    assert end[0] == 0.5


def test_a_boundary_is_a_whole_microsecond() -> None:
    odd = Run((Hit(Chunk(0, 1, "asr", Span(1_000_001, 1_000_004)), 0.9, 1),))
    around = Surroundings(VIDEO, said=[Span(700_000, 799_999)])
    ends = boundaries(odd, around, Lengths(1, us(60)))
    assert ends == (Boundary(900_000, "silence"), Boundary(1_300_004, "silence"))


def test_nothing_of_what_is_left_out_comes_back() -> None:
    alike = Look(Span(0, us(60)), np.array([1, 0], dtype=np.float32))
    looks = [Look(Span(us(n), us(n + 1)), alike.vector) for n in range(60)]
    free = Span(us(12), us(20))
    around = Surroundings(VIDEO, (), looks, free=free)
    start, end = boundaries(run((14, 15, 0.9), modality="frame"), around, Lengths())
    assert (start, end) == (
        Boundary(free.start, "what is left out"),
        Boundary(free.end, "what is left out"),
    )
