from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vidcut.boundaries import Look, Surroundings, boundaries
from vidcut.moments import Run
from vidcut.records import SECOND_US, Chunk, Hit, Lengths, Span, Video

if TYPE_CHECKING:
    from vidcut.records import Boundary

REASONS = {
    *("sentence start", "sentence end", "silence", "text appears", "text disappears"),
    *("shot cut", "first seen", "last seen"),
    *("shortest moment", "longest moment", "video start", "video end"),
}
MOST_SILENCE_US = 300_000
SNAP_US = 500_000
ROOMY = Lengths(SECOND_US, 60 * SECOND_US)
"""No two of the sentences below are too long for it, nor is what lies between."""

durations = st.one_of(st.just(90 * SECOND_US), st.integers(1, 90 * SECOND_US))
pauses = st.one_of(st.just(0), st.integers(150_000, 800_000), st.integers(0, 10 * SECOND_US))
sentence_lengths = st.integers(1, 9 * SECOND_US)
confidences = st.floats(0.6, 1.0)
longest = st.one_of(st.integers(1, 70 * SECOND_US), st.integers(2 * SECOND_US, 12 * SECOND_US))
lengths_asked = st.tuples(st.integers(1, 3 * SECOND_US), longest).map(
    lambda pair: Lengths(min(pair), max(pair))
)


@dataclass(frozen=True)
class Scene:
    """A run and what is around it."""

    run: Run
    around: Surroundings

    def ends(self, lengths: Lengths) -> tuple[Boundary, Boundary]:
        return boundaries(self.run, self.around, lengths)

    def span(self, lengths: Lengths) -> Span:
        start, end = self.ends(lengths)
        return Span(start.time_us, end.time_us)


@st.composite
def rows(draw: st.DrawFn) -> list[Span]:
    """Stretches one after the other, as sentences and lines of text are."""
    found: list[Span] = []
    time_us = 0
    for _ in range(draw(st.integers(1, 8))):
        time_us += draw(pauses)
        found.append(Span(time_us, time_us + draw(sentence_lengths)))
        time_us = found[-1].end
    return found


def run_of(draw: st.DrawFn, places: list[Span], modality: str, duration_us: int) -> Run:
    """Of some neighbours, at least one of which the video has."""
    inside = [place for place in places if place.start < duration_us] or [Span(0, 1)]
    first = draw(st.integers(0, len(inside) - 1))
    last = draw(st.integers(first, len(inside) - 1))
    hits = [
        Hit(Chunk(number, 1, modality, place), draw(confidences), 1)
        for number, place in enumerate(inside[first : last + 1])
    ]
    return Run(tuple(hits))


@st.composite
def spoken(draw: st.DrawFn) -> Scene:
    video = Video(1, "a.mp4", 1, draw(durations), None, "ok")
    sentences = draw(rows())
    run = run_of(draw, sentences, "asr", video.duration_us)
    said = sorted({*sentences, *(hit.chunk.span for hit in run.hits)})
    return Scene(run, Surroundings(video, draw(cuts_of(video)), said=said))


@st.composite
def shown(draw: st.DrawFn, modality: str = "frame") -> Scene:
    """Frames that lie inside their shots, as they do in a library."""
    video = Video(1, "a.mp4", 1, draw(durations), None, "ok")
    cuts = draw(cuts_of(video))
    looks: list[Look] = []
    for start, end in pairwise([0, *cuts, video.duration_us]):
        parts = draw(st.integers(1, 4))
        edges = sorted({start + (end - start) * n // parts for n in range(parts + 1)})
        looks += [Look(Span(*edge), draw(vectors)) for edge in pairwise(edges)]
    run = run_of(draw, [look.span for look in looks], modality, video.duration_us)
    said = draw(st.one_of(st.just([]), rows()))
    return Scene(run, Surroundings(video, cuts, looks, said))


def cuts_of(video: Video) -> st.SearchStrategy[list[int]]:
    if video.duration_us < 3:
        return st.just([])
    inside = st.integers(1, video.duration_us - 1)
    return st.lists(inside, max_size=6, unique=True).map(sorted)


vectors = st.floats(-3.1, 3.1).map(
    lambda angle: np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
)
scenes = st.one_of(spoken(), shown(), shown("ocr"))


@given(scenes, lengths_asked)
def test_a_moment_lies_in_its_video_for_a_reason(scene: Scene, lengths: Lengths) -> None:
    start, end = scene.ends(lengths)
    whole = scene.around.video.duration_us
    assert 0 <= start.time_us < end.time_us <= whole
    assert {start.reason, end.reason} <= REASONS
    assert (start.time_us == 0) == (start.reason == "video start")
    assert (end.time_us == whole) == (end.reason == "video end")


@given(scenes, lengths_asked)
def test_a_moment_is_as_long_as_asked_where_the_video_is(scene: Scene, lengths: Lengths) -> None:
    lasts_us = scene.span(lengths).duration
    assert min(lengths.shortest_us, scene.around.video.duration_us) <= lasts_us
    assert lasts_us <= lengths.longest_us


@given(scenes, lengths_asked)
def test_the_best_is_in_its_moment(scene: Scene, lengths: Lengths) -> None:
    best = scene.run.best.chunk.span.clamp(Span(0, scene.around.video.duration_us))
    moment = scene.span(lengths)
    if scene.run.modality == "frame":  # a cut may take away its edges
        best = Span(min(best.start + SNAP_US, best.middle), max(best.end - SNAP_US, best.middle))
    if best.duration <= lengths.longest_us:
        assert moment.overlap(best) == best.duration
    else:
        assert moment.overlap(best)


@given(spoken())
def test_no_word_is_clipped_where_there_is_room(scene: Scene) -> None:
    moment = scene.span(ROOMY)
    whole = Span(0, scene.around.video.duration_us)
    for sentence in scene.around.said:
        inside = sentence.clamp(whole)
        assert moment.overlap(sentence) in {0, inside.duration}


@settings(max_examples=400)
@given(spoken(), lengths_asked)
def test_a_sentence_that_answers_is_whole_or_absent_where_it_fits(
    scene: Scene, lengths: Lengths
) -> None:
    """Where nothing had to be widened."""
    start, end = scene.ends(lengths)
    if "shortest moment" in {start.reason, end.reason}:
        return
    if scene.run.best.chunk.span.duration > lengths.longest_us:
        return
    whole = Span(0, scene.around.video.duration_us)
    for hit in scene.run.hits:
        inside = hit.chunk.span.clamp(whole)
        common = Span(start.time_us, end.time_us).overlap(inside)
        assert common in {0, inside.duration}
        if scene.run.span.duration <= lengths.longest_us:
            assert common == inside.duration


@settings(max_examples=400)
@given(spoken(), lengths_asked)
def test_silence_is_short_and_at_most_half_of_the_pause(scene: Scene, lengths: Lengths) -> None:
    start, end = scene.ends(lengths)
    said = scene.around.said
    if start.reason == "silence":
        first = min(sentence.start for sentence in said if sentence.start >= start.time_us)
        before = max((s.end for s in said if s.start < start.time_us), default=-SECOND_US)
        assert 0 < first - start.time_us <= MOST_SILENCE_US
        assert (first - start.time_us) * 2 <= first - before
    if end.reason == "silence":
        last = max(sentence.end for sentence in said if sentence.end <= end.time_us)
        after = min((s.start for s in said if s.end > end.time_us), default=last + SECOND_US)
        assert 0 < end.time_us - last <= MOST_SILENCE_US
        assert (end.time_us - last) * 2 <= after - last


@given(shown(), longest)
def test_growing_never_crosses_a_shot_cut(scene: Scene, longest_us: int) -> None:
    moment = scene.span(Lengths(1, longest_us))
    best = scene.run.best.chunk.span
    edges = [0, *scene.around.cuts, scene.around.video.duration_us]
    (shot,) = (Span(*edge) for edge in pairwise(edges) if Span(*edge).contains(best.middle))
    reach = shot.hull(scene.run.span)
    assert reach.start - SNAP_US <= moment.start
    assert moment.end <= reach.end + SNAP_US
    if reach == shot:
        assert moment.clamp(shot) == moment


@given(shown(), lengths_asked)
def test_a_shot_cut_that_is_named_is_one(scene: Scene, lengths: Lengths) -> None:
    for end in scene.ends(lengths):
        assert end.reason != "shot cut" or end.time_us in scene.around.cuts


@given(scenes)
def test_more_room_never_makes_a_moment_shorter(scene: Scene) -> None:
    short, long = scene.span(Lengths(1, 5 * SECOND_US)), scene.span(Lengths(1, 60 * SECOND_US))
    assert short.duration <= long.duration
