"""A plan: as a film's pieces, as a page, as JSON and back."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from typing import Any

import pytest

from vidcut import manifest, roughcut, storyboard
from vidcut.errors import UsageError
from vidcut.records import SECOND_US, Gap, Media, PictureTrack, Span, Take, Video
from vidcut.roughcut import Evidence, Gaps, Plan, Planned, Proposal, Status
from vidcut.story import Slot

EVIL = '<script>alert(1)</script>" onload="x" & \u202e\x1b[31m'
MEDIA = Media("mp4", 60 * SECOND_US, PictureTrack("h264", 640, 480, Fraction(25)), None)
S = SECOND_US


def proposal(start: float, end: float, *, video: int = 1, path: str = "a.mp4") -> Proposal:
    span = Span(round(start * S), round(end * S))
    evidence = (Evidence("asr", "hot pot", 0.9, span), Evidence("frame", "", 0.5, span))
    known = Video(video, path, 1, 60 * S, MEDIA, "ok")
    return Proposal(known, f"/films/{path}", span, span, 0.75, evidence)


def slot(number: int, seconds: float, *, start: float | None = None, text: str = "吃火锅") -> Slot:
    start_us = None if start is None else round(start * S)
    return Slot(number, text, text, round(seconds * S), "一", start_us)


FREE = Plan(
    "story",
    (
        Planned(
            slot(1, 2), Status.FOUND, proposal(0, 2), (proposal(9, 11, video=2, path="b.mp4"),)
        ),
        Planned(slot(2, 3), Status.GAP),
        Planned(slot(3, 2), Status.LOCKED, proposal(5, 9)),
    ),
)
TIMED = Plan(
    "cues",
    (
        Planned(slot(1, 2, start=1), Status.FOUND, proposal(0, 1.5)),
        Planned(slot(2, 3, start=5), Status.GAP),
        Planned(slot(3, 2, start=8), Status.KEPT, proposal(5, 7)),
    ),
)


# Pieces -------------------------------------------------------------------------------


def told(plan: Plan, gaps: Gaps) -> list[tuple[float, int | None, str, float]]:
    return [
        (
            piece.at_us / S,
            piece.slot,
            type(piece.item).__name__,
            (piece.item.span.duration if isinstance(piece.item, Take) else piece.item.duration_us)
            / S,
        )
        for piece in roughcut.pieces(plan, gaps)
    ]


def test_gaps_are_black_as_long_as_their_text_or_skipped() -> None:
    assert told(FREE, Gaps.BLACK) == [(0, 1, "Take", 2), (2, 2, "Gap", 3), (5, 3, "Take", 4)]
    assert told(FREE, Gaps.SKIP) == [(0, 1, "Take", 2), (2, 3, "Take", 4)]
    assert roughcut.starts_us(FREE, Gaps.SKIP) == {1: 0, 3: 2 * S}


def test_a_film_with_times_keeps_them() -> None:
    assert told(TIMED, Gaps.BLACK) == [
        (0, None, "Gap", 1),
        (1, 1, "Take", 1.5),
        (2.5, 1, "Gap", 0.5),
        (3, None, "Gap", 2),
        (5, 2, "Gap", 3),
        (8, 3, "Take", 2),
    ]


def test_the_plan_ends_as_an_edit() -> None:
    edit = roughcut.edit(FREE, Gaps.BLACK)
    assert (edit.name, edit.rate) == ("story", Fraction(25))
    assert (edit.width, edit.height) == (640, 480)
    first, gap, _ = edit.items
    assert isinstance(first, Take)
    assert (first.source, first.title, first.note) == (
        "/films/a.mp4",
        "吃火锅",
        "said: hot pot; seen",
    )
    assert gap == Gap(3 * S, "吃火锅")


# The page -----------------------------------------------------------------------------


class _Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def pages(plan: Plan, picture: str | None = "data:image/jpeg;base64,AA==") -> str:
    return storyboard.page(plan, roughcut.starts_us(plan, Gaps.SKIP), lambda _: picture)


def test_a_page_shows_every_slot_with_its_time_score_words_and_alternates() -> None:
    page = _Page(pages(FREE))
    assert sum(tag == "section" for tag, _ in page.tags) == 3
    for words in (
        "吃火锅",
        "said: hot pot",
        "0.75",
        "a.mp4",
        "b.mp4",
        "00:05.0–00:09.0",
        "at 00:02.0",
    ):
        assert words in page.words
    assert "nothing fits 2" in page.words
    assert "not in the film" in page.words
    assert [tag for tag, _ in page.tags].count("img") == 3


def test_nothing_of_a_script_or_of_footage_is_taken_for_markup() -> None:
    evil = replace(
        proposal(0, 2, path=f"{EVIL}.mp4"), evidence=(Evidence("ocr", EVIL, 1, Span(0, 1)),)
    )
    planned = Planned(replace(slot(1, 2, text=EVIL), chapter=EVIL), Status.FOUND, evil, (evil,))
    plain = Plan(
        "story",
        (
            Planned(
                slot(1, 2),
                Status.FOUND,
                replace(proposal(0, 2), evidence=proposal(0, 2).evidence[:1]),
                (proposal(0, 2),),
            ),
        ),
    )
    page = pages(Plan(EVIL, (planned,)))
    parsed, harmless = _Page(page), _Page(pages(plain))
    assert [tag for tag, _ in parsed.tags] == [tag for tag, _ in harmless.tags]
    assert not any(name.startswith("on") for _, names in parsed.tags for name in names)
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert "<script>alert(1)</script>" in parsed.words


def test_a_page_loads_and_runs_nothing() -> None:
    page = pages(FREE)
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|<script|url\(|@import", page)


def test_a_page_without_pictures_is_whole() -> None:
    assert "<img" not in pages(FREE, None)


def test_file_names_that_are_no_text_can_be_written() -> None:
    odd = Plan("x", (Planned(slot(1, 2), Status.FOUND, proposal(0, 2, path="a\udcff.mp4")),))
    pages(odd).encode("utf-8")
    manifest.written(odd, {}).encode("utf-8")


# JSON ---------------------------------------------------------------------------------


def find(path: str) -> tuple[Video, str] | None:
    numbers = {"a.mp4": 1, "b.mp4": 2}
    if path not in numbers:
        return None
    return Video(numbers[path], path, 1, 60 * S, MEDIA, "ok"), f"/films/{path}"


@pytest.mark.parametrize("plan", [FREE, TIMED], ids=["free", "timed"])
def test_what_is_written_is_read_back(plan: Plan) -> None:
    data = manifest.written(plan, roughcut.starts_us(plan, Gaps.BLACK)).encode()
    assert manifest.is_manifest(data)
    assert manifest.read(data, find) == plan.planned


def test_footage_that_is_gone_is_not_read_back() -> None:
    data = manifest.written(FREE, {}).encode()
    first, _, third = manifest.read(data, lambda path: find(path) if path == "b.mp4" else None)
    assert first.proposal is None
    assert len(first.alternates) == 1
    assert third.proposal is None


def test_a_slot_is_written_as_search_writes_a_moment() -> None:
    written = manifest.slot_json(FREE.planned[0], 0)
    moment = {"path": "/films/a.mp4", "start": 0.0, "end": 2.0, "query": "吃火锅", "score": 0.75}
    assert moment.items() <= written.items()
    assert written["evidence"][0]["text"] == "hot pot"
    assert manifest.slot_json(FREE.planned[1], None)["path"] is None


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"kind": "other"}', b"[" * 99999])
def test_other_files_are_no_manifests(data: bytes) -> None:
    assert not manifest.is_manifest(data)
    with pytest.raises(UsageError):
        manifest.read(data, find)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text", 5), ("duration", "long"), ("duration", float("nan")), ("duration", -1),
        ("status", "odd"), ("start", 1e300), ("end", -1), ("evidence", [5]), ("alternates", None),
        ("video", None), ("slot", "x"), ("begins", []),
        ("slot", float("inf")), ("score", 10**400), ("score", "nan"),
    ],
)  # fmt: skip
def test_a_manifest_that_was_changed_for_the_worse_is_refused(key: str, value: Any) -> None:
    document = json.loads(manifest.written(FREE, {}))
    document["slots"][0][key] = value
    with pytest.raises(UsageError):
        manifest.read(json.dumps(document).encode(), find)
