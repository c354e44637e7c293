"""Labelled queries, and what is made of the moments that they find."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcut import evaluation, truth
from vidcut.errors import UsageError
from vidcut.evaluation import DEPTHS, IOUS, above, calibrate, groups, judge, measure
from vidcut.records import SECOND_US, Boundary, Moment, Span, Video
from vidcut.truth import Half, Labelled

VIDEOS = {name: Video(n, name, 1, 10**8, None, "ok") for n, name in enumerate(("a.mp4", "b.mp4"))}


def moment(start_s: float, end_s: float, score: float = 0.5, video: str = "a.mp4") -> Moment:
    start, end = (Boundary(round(s * SECOND_US), "shot cut") for s in (start_s, end_s))
    return Moment(1, VIDEOS[video], start, end, score)


def asking(*relevant: tuple[str, float, float], name: str = "q", lang: str = "en") -> Labelled:
    spans = tuple((v, Span(round(s * SECOND_US), round(e * SECOND_US))) for v, s, e in relevant)
    return Labelled(name, "words", lang, "frame" if spans else "none", spans)


ONE = asking(("a.mp4", 10, 20))
IDLE = asking()


# What a line says ---------------------------------------------------------------------


def line(**changes: object) -> str:
    entry: dict[str, object] = {"id": "q1", "query": "a cat", "lang": "en", "modality": "frame"}
    entry["relevant"] = [{"video": "a.mp4", "start": 1, "end": 2.5}]
    return json.dumps({k: v for k, v in (entry | changes).items() if v != "left out"})


def test_a_line_is_read_to_the_microsecond() -> None:
    (read,) = truth.read(["", line(), " \r"])
    span = Span(1_000_000, 2_500_000)
    assert read == Labelled("q1", "a cat", "en", "frame", (("a.mp4", span),))


def test_what_is_left_out_has_a_default() -> None:
    bare = {"id": "left out", "lang": "left out", "modality": "left out"}
    one, other = truth.read([line(**bare), "", line(**bare, relevant=[])][0:3:2])
    assert (one.id, one.language, one.modality) == ("1", "", "any")
    assert (other.id, other.modality, other.relevant) == ("2", "none", ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "an object"),
        ("3", "an object"),
        (line(query="left out"), "query is to be a text; it is missing"),
        (line(query=" "), "query is to be a text, not ' '"),
        (line(query=["a"]), "query is to be a text, not ['a']"),
        (line(id=7), "id is to be a text, not 7"),
        (line(id=""), "id is to be a text, not ''"),
        (line(lang=None), "lang is to be a text, not None"),
        (line(relevant="left out"), "relevant is to be a list"),
        (line(relevant={}), "relevant is to be a list"),
        (line(relevant=["a.mp4"]), "objects with video, start and end"),
        (line(relevant=[{"start": 1, "end": 2}]), "video is to be a text; it is missing"),
        (line(relevant=[{"video": "a", "end": 2}]), "start is to be a time in seconds; it is"),
        *(
            (f'{{"query": "a", "relevant": [{{"video": "a", "start": 0, "end": {end}}}]}}', message)
            for end, message in (
                ("-1", "end is to be a time in seconds, not -1"),
                ("NaN", "end is to be a time in seconds, not nan"),
                ("Infinity", "end is to be a time in seconds, not inf"),
                ("1e300", "end is to be a time in seconds, not 1e+300"),
                ("1" + "0" * 400, "end is to be a time in seconds, not 1000"),
                ("true", "end is to be a time in seconds, not True"),
                ('"2"', "end is to be a time in seconds, not '2'"),
                ("0", "does not end after it starts"),
            )
        ),
    ],
)
def test_a_bad_line_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match="line 3 of the queries") as caught:
        truth.read([line(), "", text])
    assert message in str(caught.value)
    assert len(str(caught.value)) < 200


def test_an_id_stands_once() -> None:
    with pytest.raises(UsageError, match="line 2 of the queries: the id q1 is taken"):
        truth.read([line(), line(query="a dog")])


@pytest.mark.parametrize("lines", [[], [""], ["\r", "  "]])
def test_no_query_is_an_error(lines: list[str]) -> None:
    with pytest.raises(UsageError, match="there is no query"):
        truth.read(lines)


def test_half_is_told_by_the_id_alone() -> None:
    for name in ("v01", "问", "\ud800"):
        even = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0
        assert replace(ONE, id=name).half is (Half.TUNED if even else Half.HELD_OUT)
    assert replace(ONE, id="v13").half is Half.TUNED
    assert replace(ONE, id="v28").half is Half.HELD_OUT


@pytest.mark.parametrize(
    ("label", "paths", "place"),
    [
        ("videos/a.mp4", ["footage/videos/a.mp4", "old/a.mp4"], "footage/videos/a.mp4"),
        ("a.mp4", ["footage/a.mp4"], "footage/a.mp4"),
        ("elsewhere/a.mp4", ["footage/a.mp4", "footage/ba.mp4"], "footage/a.mp4"),
        ("/home/me/videos/a.mp4", ["videos/a.mp4", "a.mp4"], "videos/a.mp4"),
        ("a.mp4", ["old/a.mp4", "a.mp4"], "a.mp4"),
    ],
)
def test_a_video_is_known_by_the_end_of_its_path(label: str, paths: list[str], place: str) -> None:
    (located,) = truth.locate([asking((label, 0, 1))], paths)
    assert located.relevant == ((place, Span(0, SECOND_US)),)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("a.mp4", "may be new/a.mp4 or old/a.mp4; give more of its path"),
        ("other/a.mp4", "may be new/a.mp4 or old/a.mp4"),
        ("c.mp4", r"no video c.mp4 \(query q\)"),
        ("wa.mp4", "no video wa.mp4"),
    ],
)
def test_a_video_that_cannot_be_told_is_an_error(label: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        truth.locate([asking((label, 0, 1))], ["new/a.mp4", "old/a.mp4"])


# Judging ------------------------------------------------------------------------------


def test_a_moment_is_compared_with_the_span_that_it_overlaps_most() -> None:
    asked = asking(("a.mp4", 0, 10), ("a.mp4", 12, 20), ("b.mp4", 0, 100))
    (verdict,) = judge(asked, [moment(8, 18)]).verdicts
    assert verdict.hit
    assert verdict.iou == 6 / 12
    assert (verdict.start_off_us, verdict.end_off_us) == (-4 * SECOND_US, -2 * SECOND_US)


def test_a_moment_elsewhere_is_wrong_and_has_no_errors() -> None:
    for elsewhere in (moment(20, 30), moment(10, 20, video="b.mp4")):
        (verdict,) = judge(ONE, [elsewhere]).verdicts
        assert (verdict.hit, verdict.iou, verdict.start_off_us) == (False, 0.0, None)


@pytest.mark.parametrize(
    ("moments", "precision"),
    [
        ([], 0),
        ([(0, 10), (50, 60), (20, 30)], (1 / 1 + 2 / 3) / 2),
        ([(50, 60), (0, 10)], (1 / 2) / 2),
        ([(0, 10), (0, 10), (0, 10)], (1 / 1) / 2),
        ([(50, 60), (0, 10), (20, 30)], (2 / 3 + 2 / 3) / 2),
        ([(0, 2.9), (20, 23)], (1 / 2) / 2),
    ],
)
def test_average_precision_by_hand(moments: list[tuple[float, float]], precision: float) -> None:
    """Each span counts once; the last but one is interpolated: 2/3 stands for 1/2 too."""
    asked = asking(("a.mp4", 0, 10), ("a.mp4", 20, 30))
    judged = judge(asked, [moment(*times) for times in moments])
    assert judged.average_precision == pytest.approx(precision)


def test_average_precision_keeps_videos_apart() -> None:
    other = moment(10, 20, video="b.mp4")
    assert judge(ONE, [other]).average_precision == 0
    assert judge(ONE, [other, moment(10, 20)]).average_precision == 0.5


def test_a_span_takes_the_moment_that_overlaps_it_most() -> None:
    asked = asking(("a.mp4", 0, 10), ("a.mp4", 5, 15))
    assert judge(asked, [moment(5, 15), moment(0, 10)]).average_precision == 1


def test_figures_by_hand() -> None:
    judged = [
        judge(ONE, [moment(11, 20)]),  # hit, IoU 0.9, off by 1 and 0 s
        judge(ONE, [moment(30, 40), moment(16, 22)]),  # second: hit, IoU 1/3, off by 6 and 2 s
        judge(ONE, [moment(2, 16)]),  # IoU 1/3 and no hit, off by 8 and 4 s
        judge(ONE, []),
        judge(IDLE, [moment(0, 1)]),
        judge(IDLE, []),
    ]
    figures = measure(judged)
    assert (figures.answerable, figures.unanswerable, figures.silence) == (4, 2, 0.5)
    assert figures.found is not None
    assert figures.found.hit == {1: 0.25, 5: 0.5}
    assert figures.found.recall == {
        (1, 0.3): 0.5,
        (1, 0.5): 0.25,
        (1, 0.7): 0.25,
        (5, 0.3): 0.75,
        (5, 0.5): 0.25,
        (5, 0.7): 0.25,
    }
    assert figures.found.mean_average_precision == (1 + 0.5 + 1 + 0) / 4
    assert figures.found.start == evaluation.Off(5, 6)
    assert figures.found.end == evaluation.Off(2, 2)


def test_what_comes_after_the_fifth_counts_for_map_alone() -> None:
    wrong = [moment(30 + n, 31 + n) for n in range(5)]
    found = measure([judge(ONE, [*wrong, moment(10, 20)])]).found
    assert found is not None
    assert (found.hit[5], found.recall[5, 0.3], found.start) == (0, 0, None)
    assert found.mean_average_precision == pytest.approx(1 / 6)


def test_a_group_without_answers_or_without_silence_says_none() -> None:
    assert measure([judge(IDLE, [])]) == evaluation.Figures(0, 1, None, 1.0)
    assert measure([judge(ONE, [])]).silence is None


def test_groups_are_by_modality_and_language_and_all() -> None:
    asked = [judge(asking(("a.mp4", 0, 1), lang=lang), []) for lang in ("zh", "en", "")]
    found = groups([*asked, judge(IDLE, [])])
    assert {names: len(of) for names, of in found.items()} == {
        ("frame", ""): 1,
        ("frame", "en"): 1,
        ("frame", "zh"): 1,
        ("frame", "all"): 3,
        ("none", "en"): 1,
        ("none", "all"): 1,
        ("all", ""): 1,
        ("all", "en"): 2,
        ("all", "zh"): 1,
        ("all", "all"): 4,
    }
    assert list(found)[-1] == ("all", "all")


# The threshold ------------------------------------------------------------------------


def asked_and_idle(right: list[float], wrong: list[float]) -> list[evaluation.Judged]:
    asked = [judge(ONE, [moment(10, 20, score)]) for score in right]
    return asked + [judge(IDLE, [moment(0, 1, score)]) for score in wrong]


@pytest.mark.parametrize(
    ("right", "wrong", "threshold"),
    [
        ([0.8, 0.6], [0.2, 0.3], 0.45),  # between the strongest wrong and the weakest right
        ([0.8, 0.6], [0.2, 0.7], 0.4),  # what would cost a hit is let be
        ([0.5] + [0.9] * 39, [0.6], 0.75),  # one of forty may be lost
        ([0.5] + [0.9] * 39, [0.5], 0.7),  # though it scores the same
        ([0.5] + [0.9] * 39, [0.4], 0.45),  # but is not for nothing
        ([0.5] + [0.9] * 31, [0.6, 0.4], 0.45),  # one of thirty-two may not
        ([0.5, 0.5] + [0.9] * 32, [0.6, 0.4], 0.45),  # two together are too many
    ],
)
def test_threshold_by_hand(right: list[float], wrong: list[float], threshold: float) -> None:
    assert calibrate(asked_and_idle(right, wrong)) == threshold


def test_a_hit_after_the_fifth_is_none_to_lose() -> None:
    late = judge(ONE, [*(moment(30, 31, 0.9) for _ in range(5)), moment(10, 20, 0.4)])
    assert calibrate([late, *asked_and_idle([0.8], [0.6])]) == 0.7


def test_what_scores_the_threshold_is_shown() -> None:
    judged = judge(ONE, [moment(10, 20, 0.5), moment(30, 40, 0.25)])
    assert above(judged, 0.5) == judge(ONE, [moment(10, 20, 0.5)])
    assert above(judged, 0.25) == judged


def test_a_threshold_lies_in_the_narrowest_gap() -> None:
    low, high = 0.5, 0.5 + 2**-53 * 2
    assert low < calibrate(asked_and_idle([high], [low])) <= high


def test_a_query_that_is_silent_already_needs_no_threshold() -> None:
    silent = judge(IDLE, [])
    assert calibrate([*asked_and_idle([0.6], [0.2]), silent]) == 0.4
    with pytest.raises(UsageError, match="no threshold silences"):
        calibrate([*asked_and_idle([0.6], []), silent])


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ([0.5], [], "no query is without an answer"),
        ([], [0.5], "no query with an answer is answered rightly"),
        ([0.5], [0.5], "no threshold silences one query more"),
    ],
)
def test_no_threshold_is_made_up(right: list[float], wrong: list[float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        calibrate(asked_and_idle(right, wrong))


# Laws ---------------------------------------------------------------------------------

SCORES = st.integers(0, 20).map(lambda twentieth: twentieth / 20)
TIMES = st.tuples(st.integers(0, 30), st.integers(1, 12)).map(lambda t: (t[0], t[0] + t[1]))
MOMENTS = st.lists(st.builds(lambda t, s: moment(t[0], t[1], s), TIMES, SCORES), max_size=8).map(
    lambda found: sorted(found, key=lambda one: -one.score)
)
QUERIES = st.lists(TIMES, max_size=3).map(lambda spans: asking(*(("a.mp4", *s) for s in spans)))
JUDGED = st.lists(st.builds(judge, QUERIES, MOMENTS), min_size=1, max_size=40)


@given(JUDGED)
def test_shares_are_shares_and_more_is_not_less(judged: list[evaluation.Judged]) -> None:
    figures = measure(judged)
    assert figures.answerable + figures.unanswerable == len(judged)
    found = figures.found
    assert (found is None) == (figures.answerable == 0)
    if found is None:
        return
    shares = [*found.hit.values(), *found.recall.values(), found.mean_average_precision]
    assert all(0 <= share <= 1 + 1e-12 for share in shares)
    assert found.hit[1] <= found.hit[5]
    assert all(found.recall[1, iou] <= found.recall[5, iou] for iou in IOUS)
    for depth in DEPTHS:
        rising = [found.recall[depth, iou] for iou in IOUS]
        assert all(looser >= stricter for looser, stricter in pairwise(rising))
    assert (found.start is None) == (found.hit[5] == 0 and found.recall[5, 0.3] == 0)


def reckoned(judged: list[evaluation.Judged], least: float) -> tuple[int, int]:
    """How many queries without an answer are silent, how many others have a hit in five."""
    figures = measure(above(one, least) for one in judged)
    hits = figures.found.hit[5] * figures.answerable if figures.found else 0
    return round((figures.silence or 0) * figures.unanswerable), round(hits)


@given(JUDGED)
def test_a_threshold_keeps_its_bound_and_none_silences_more(
    judged: list[evaluation.Judged],
) -> None:
    def loses_little(least: float) -> bool:
        lost = reckoned(judged, 0)[1] - reckoned(judged, least)[1]
        return lost * 100 <= evaluation.MOST_LOST_PERCENT * measure(judged).answerable

    possible = [step / 40 for step in range(41) if loses_little(step / 40)]
    most = max(reckoned(judged, least)[0] for least in possible)
    try:
        chosen = calibrate(judged)
    except UsageError:
        asked = measure(judged)
        assert (
            not asked.unanswerable or not reckoned(judged, 0)[1] or most == reckoned(judged, 0)[0]
        )
    else:
        assert loses_little(chosen)
        assert reckoned(judged, chosen)[0] == most
        equals = [least for least in possible if reckoned(judged, least)[0] == most]
        assert reckoned(judged, chosen)[1] == max(reckoned(judged, least)[1] for least in equals)
