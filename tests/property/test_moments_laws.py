from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from vidcut.moments import Setting, moments
from vidcut.records import SECOND_US, Chunk, Hit, Moment, Span, Video

VIDEOS = {
    number: Video(number, f"{number}.mp4", 1, duration_us, None, "ok")
    for number, duration_us in enumerate((60 * SECOND_US, 7 * SECOND_US, 300_000), 1)
}
REASONS = {
    *("sentence start", "sentence end", "text appears", "text disappears", "shot cut"),
    *("first seen", "last seen", "shortest moment", "video start", "video end"),
}
ROUNDING = 1e-12
times = st.integers(0, 62 * SECOND_US)


@st.composite
def hits(draw: st.DrawFn) -> dict[str, list[Hit]]:
    found: dict[str, list[Hit]] = {"frame": [], "asr": [], "ocr": []}
    for number in range(draw(st.integers(0, 14))):
        modality = draw(st.sampled_from(sorted(found)))
        start = draw(times)
        length = draw(st.one_of(st.integers(0, SECOND_US), st.integers(0, 9 * SECOND_US)))
        video_id = draw(st.sampled_from([1, 1, 2, 3]))
        chunk = Chunk(number, video_id, modality, Span(start, start + length))
        found[modality].append(Hit(chunk, draw(st.floats(0, 1)), number + 1))
    return found


settings_of = st.lists(times, max_size=12).map(
    lambda cuts: {video.id: Setting(video, sorted(set(cuts))) for video in VIDEOS.values()}
)


def all_of(
    found: dict[str, list[Hit]], known: dict[int, Setting], least: float = 0.0
) -> list[Moment]:
    return moments(found, known, count=1000, least=least)


@settings(max_examples=60)
@given(hits(), settings_of)
def test_moments_are_sorted_ranked_and_scored(
    found: dict[str, list[Hit]], known: dict[int, Setting]
) -> None:
    made = all_of(found, known)
    assert [moment.rank for moment in made] == list(range(1, len(made) + 1))
    assert all(a.score >= b.score for a, b in pairwise(made))
    assert all(0 <= moment.score <= 1 for moment in made)


@settings(max_examples=60)
@given(hits(), settings_of)
def test_a_moment_lies_in_its_video_and_can_be_watched(
    found: dict[str, list[Hit]], known: dict[int, Setting]
) -> None:
    for moment in all_of(found, known):
        whole = moment.video.duration_us
        assert 0 <= moment.span.start < moment.span.end <= whole
        assert moment.span.duration >= min(SECOND_US, whole)
        assert {moment.start.reason, moment.end.reason} <= REASONS


@settings(max_examples=60)
@given(hits(), settings_of)
def test_moments_of_a_video_hardly_overlap(
    found: dict[str, list[Hit]], known: dict[int, Setting]
) -> None:
    for one, other in combinations(all_of(found, known), 2):
        if one.video.id == other.video.id:
            shorter = min(one.span.duration, other.span.duration)
            assert one.span.overlap(other.span) * 2 <= shorter


@settings(max_examples=60)
@given(hits(), settings_of)
def test_no_hit_is_lost_and_the_best_is_in_its_moment(
    found: dict[str, list[Hit]], known: dict[int, Setting]
) -> None:
    made = all_of(found, known)
    every = [
        hit
        for of_modality in found.values()
        for hit in of_modality
        if hit.chunk.span.start < VIDEOS[hit.chunk.video_id].duration_us
    ]
    assert bool(made) == bool(every)
    if every:
        surest = max(hit.confidence for hit in every)
        assert made[0].score >= surest - ROUNDING
    for moment in made:
        best = moment.evidence[0]
        assert best.confidence == max(hit.confidence for hit in moment.evidence)
        assert moment.score >= best.confidence - ROUNDING
        modalities = [hit.chunk.modality for hit in moment.evidence]
        assert len(set(modalities)) == len(modalities)


@settings(max_examples=60)
@given(hits(), settings_of, st.floats(0, 1), st.floats(0, 1))
def test_asking_for_more_certainty_gives_fewer_of_the_same(
    found: dict[str, list[Hit]], known: dict[int, Setting], one: float, other: float
) -> None:
    strict = all_of(found, known, max(one, other))
    lenient = all_of(found, known, min(one, other))
    assert strict == lenient[: len(strict)]
    assert all(moment.score >= max(one, other) for moment in strict)
    assert moments(found, known, count=3, least=one) == all_of(found, known, one)[:3]


@settings(max_examples=60)
@given(hits(), settings_of)
def test_the_order_of_the_hits_says_nothing(
    found: dict[str, list[Hit]], known: dict[int, Setting]
) -> None:
    turned = {name: list(reversed(of)) for name, of in reversed(found.items())}
    spans = [(moment.video.id, moment.span) for moment in all_of(found, known)]
    distinct = {hit.confidence for of in found.values() for hit in of}
    if len(distinct) == sum(map(len, found.values())):
        assert [(m.video.id, m.span) for m in all_of(turned, known)] == spans
