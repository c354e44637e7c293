from __future__ import annotations

import math
from itertools import combinations, pairwise, product
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from vidcut import moments
from vidcut.boundaries import Surroundings, boundaries
from vidcut.moments import Candidate, Want, candidates, choose, in_order
from vidcut.records import SECOND_US, Chunk, Hit, Lengths, Moment, Span, Video

if TYPE_CHECKING:
    from random import Random

VIDEOS = {
    number: Video(number, f"{number}.mp4", 1, duration_us, None, "ok")
    for number, duration_us in enumerate((60 * SECOND_US, 7 * SECOND_US, 300_000), 1)
}
ROUNDING = 1e-9
MODALITIES = ("asr", "frame", "ocr")
times = st.integers(0, 62 * SECOND_US)
lengths = st.one_of(st.integers(0, SECOND_US), st.integers(0, 9 * SECOND_US))
sure = st.floats(0, 1)
wants_lists = st.lists(st.builds(Want, st.floats(0.1, 100)), min_size=1, max_size=3)


@st.composite
def hit_lists(draw: st.DrawFn, *, most: int = 14) -> list[Hit]:
    found = []
    for number in range(draw(st.integers(0, most))):
        start = draw(times)
        span = Span(start, start + draw(lengths))
        video_id = draw(st.sampled_from([1, 1, 2, 3]))
        chunk = Chunk(number, video_id, draw(st.sampled_from(MODALITIES)), span)
        sought = draw(st.integers(0, 2))
        found.append(Hit(chunk, draw(sure), number + 1, (), sought))
    return found


@st.composite
def questions(draw: st.DrawFn) -> tuple[list[Hit], list[Want]]:
    """Hits, and wants that they may answer."""
    wants = draw(wants_lists)
    hits = draw(hit_lists())
    return [hit for hit in hits if hit.sought < len(wants)], wants


def made(hits: list[Hit], wants: list[Want], least: float = 0.0) -> list[Candidate]:
    return candidates(hits, VIDEOS, wants, least=least)


def settle(candidate: Candidate) -> Moment:
    start, end = boundaries(candidate.run, Surroundings(candidate.video), Lengths())
    return Moment(0, candidate.video, start, end, candidate.score, candidate.evidence)


def alike(one: Moment, other: Moment) -> bool:
    """Twins, for want of vectors: what lasts as long to the half second."""
    return one.span.duration // 500_000 == other.span.duration // 500_000


def overlap_much(one: Span, other: Span) -> bool:
    return one.overlap(other) * 2 > min(one.duration, other.duration)


# Candidates ---------------------------------------------------------------------------


@given(questions())
def test_candidates_are_sorted_and_scored_by_their_evidence(
    question: tuple[list[Hit], list[Want]],
) -> None:
    hits, wants = question
    found = made(hits, wants)
    assert all(a.score >= b.score for a, b in pairwise(found))
    whole = sum(want.weight for want in wants)
    for one in found:
        assert 0 <= one.score <= 1 + ROUNDING
        doubts = [1.0] * len(wants)
        for hit in one.evidence:
            doubts[hit.sought] *= 1 - hit.confidence
        parts = [(1 - doubt) * want.weight for doubt, want in zip(doubts, wants, strict=True)]
        assert math.isclose(one.score, sum(parts) / whole, abs_tol=ROUNDING)


@given(questions())
def test_evidence_is_the_best_of_each_kind_from_where_the_candidate_is(
    question: tuple[list[Hit], list[Want]],
) -> None:
    for one in made(*question):
        kinds = [(hit.sought, hit.chunk.modality) for hit in one.evidence]
        assert len(set(kinds)) == len(kinds)
        assert one.run.best in one.evidence
        assert all(a.confidence >= b.confidence for a, b in pairwise(one.evidence))
        assert {hit.chunk.video_id for hit in (*one.evidence, *one.run.hits)} == {one.video.id}
        assert all(hit.chunk.span.start < one.video.duration_us for hit in one.run.hits)


@given(questions())
def test_a_run_is_of_one_kind_in_order_of_time_and_no_weaker_than_its_best_allows(
    question: tuple[list[Hit], list[Want]],
) -> None:
    for one in made(*question):
        hits = one.run.hits
        assert len({(hit.sought, hit.chunk.modality) for hit in hits}) == 1
        assert all(a.chunk.span <= b.chunk.span for a, b in pairwise(hits))
        best = max(hit.confidence for hit in hits)
        assert one.run.best.confidence == best
        assert all(hit.confidence >= best * 0.6 for hit in hits)
        for place, hit in enumerate(hits[1:], 1):
            before = max(other.chunk.span.end for other in hits[:place])
            assert hit.chunk.span.start - before <= SECOND_US


@given(questions())
def test_no_run_gives_way_but_to_what_stands_there(
    question: tuple[list[Hit], list[Want]],
) -> None:
    """Where nothing is required; what says nothing gives way to anything."""
    found = made(*question)
    for video_id, sought, modality in product(VIDEOS, range(3), MODALITIES):
        kind = (video_id, sought, modality)
        alike = [hit for hit in question[0] if kind_of(hit) == kind]
        there = [one.run for one in found if one.video.id == video_id]
        for run in moments._runs(alike, VIDEOS[video_id]):
            says_nothing = run.best.confidence < moments._LEAST_EVIDENCE
            is_covered = any(overlap_much(run.span, other.span) for other in there)
            assert says_nothing or run in there or is_covered


def kind_of(hit: Hit) -> tuple[int, int, str]:
    return hit.chunk.video_id, hit.sought, hit.chunk.modality


@given(questions())
def test_alone_the_surest_is_never_outdone(question: tuple[list[Hit], list[Want]]) -> None:
    hits = [hit for hit in question[0] if hit.sought == 0]
    every = [hit for hit in hits if hit.chunk.span.start < VIDEOS[hit.chunk.video_id].duration_us]
    found = made(hits, [Want()])
    assert bool(found) == bool(every)
    if every:
        assert found[0].score >= max(hit.confidence for hit in every) - ROUNDING


@given(questions(), st.integers(0, 2))
def test_what_is_required_is_in_every_answer(
    question: tuple[list[Hit], list[Want]], place: int
) -> None:
    hits, wants = question
    place %= len(wants)
    wants[place] = Want(wants[place].weight, is_required=True)
    for one in made(hits, wants):
        assert place in {hit.sought for hit in one.evidence}


@given(questions(), sure, sure)
def test_asking_for_more_certainty_gives_fewer_of_the_same(
    question: tuple[list[Hit], list[Want]], one: float, other: float
) -> None:
    strict = made(*question, least=max(one, other))
    lenient = made(*question, least=min(one, other))
    assert strict == lenient[: len(strict)]
    assert all(candidate.score >= max(one, other) for candidate in strict)


@given(questions(), st.randoms(use_true_random=False))
def test_the_order_of_the_hits_says_nothing(
    question: tuple[list[Hit], list[Want]], shuffle: Random
) -> None:
    hits, wants = question
    turned = list(hits)
    shuffle.shuffle(turned)
    distinct = {(hit.confidence, hit.chunk.span) for hit in hits}
    if len(distinct) == len(hits) == len({hit.confidence for hit in hits}):
        assert made(turned, wants) == made(hits, wants)


# One after the other -------------------------------------------------------------------


@settings(max_examples=60)
@given(st.lists(hit_lists(most=8), min_size=1, max_size=4), st.integers(0, 40), sure)
def test_chains_are_in_order_soon_enough_and_as_sure_as_their_links(
    given_steps: list[list[Hit]], within_s: int, least: float
) -> None:
    within_us = within_s * SECOND_US
    steps = [made(hits, [Want()] * 3) for hits in given_steps]
    chains = in_order(steps, within_us=within_us, least=least)
    assert all(a.score >= b.score for a, b in pairwise(chains))
    for chain in chains:
        links = chain.chain or (chain,)
        assert len(links) == len(steps)
        assert all(link in step for link, step in zip(links, steps, strict=True))
        assert math.isclose(chain.score, math.prod(link.score for link in links))
        assert len(links) == 1 or chain.score >= least
        assert {link.video for link in links} == {chain.video}
        for before, after in pairwise(link.run.span for link in links):
            assert before.start < after.start
            assert before.end < after.end
            assert after.start - before.end <= within_us
            assert not overlap_much(before, after)
        assert chain.run.span.start == links[0].run.span.start
        assert chain.run.span.end == max(link.run.span.end for link in links)


@settings(max_examples=60)
@given(hit_lists(most=8), hit_lists(most=8))
def test_no_pair_in_order_is_left_out(first: list[Hit], second: list[Hit]) -> None:
    steps = [made(hits, [Want()] * 3) for hits in (first, second)]
    pairs = [
        (one, other)
        for one in steps[0]
        for other in steps[1]
        if one.video == other.video and one.run.span.end <= other.run.span.start
        if one.run.span.start < other.run.span.start and one.run.span.end < other.run.span.end
    ]
    chains = {chain.chain for chain in in_order(steps, within_us=99 * SECOND_US, least=0.0)}
    assert all(pair in chains for pair in pairs)


# Choosing -----------------------------------------------------------------------------


@settings(max_examples=60)
@given(questions(), st.integers(0, 6), st.one_of(st.none(), st.integers(1, 3)))
def test_what_is_chosen_is_ranked_apart_and_no_more_than_asked(
    question: tuple[list[Hit], list[Want]], count: int, per_video: int | None
) -> None:
    found = made(*question)
    chosen = choose(found, settle, alike, count=count, per_video=per_video)
    assert [moment.rank for moment in chosen] == list(range(1, len(chosen) + 1))
    assert all(a.score >= b.score for a, b in pairwise(chosen))
    assert len(chosen) <= count
    for one, other in combinations(chosen, 2):
        assert not alike(one, other)
        if one.video.id == other.video.id:
            assert not overlap_much(one.span, other.span)
    for video_id in VIDEOS:
        of_it = [moment for moment in chosen if moment.video.id == video_id]
        assert per_video is None or len(of_it) <= per_video
    if found and count:
        assert chosen[0].score == found[0].score


@settings(max_examples=60)
@given(questions(), st.integers(0, 6))
def test_asking_for_fewer_gives_the_first_of_them(
    question: tuple[list[Hit], list[Want]], count: int
) -> None:
    found = made(*question)
    everything = choose(found, settle, alike, count=1000)
    assert choose(found, settle, alike, count=count) == everything[:count]


@settings(max_examples=60)
@given(questions())
def test_what_is_left_out_lies_over_what_is_chosen_or_is_its_twin(
    question: tuple[list[Hit], list[Want]],
) -> None:
    found = made(*question)
    chosen = choose(found, settle, alike, count=1000)
    for one in found:
        moment = settle(one)
        assert any(
            alike(moment, other)
            or (
                moment.video.id == other.video.id
                and (
                    overlap_much(moment.span, other.span) or overlap_much(one.run.span, other.span)
                )
            )
            for other in chosen
        )


@settings(max_examples=60)
@given(questions())
def test_a_moment_lies_in_its_video_and_can_be_watched(
    question: tuple[list[Hit], list[Want]],
) -> None:
    for one in made(*question):
        moment = settle(one)
        whole = moment.video.duration_us
        assert 0 <= moment.span.start < moment.span.end <= whole
        assert moment.span.duration >= min(Lengths().shortest_us, whole)
