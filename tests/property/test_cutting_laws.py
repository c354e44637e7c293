from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vidcut.cutting import NAME_BYTES, CutPlan, Margin, distinct, file_name, named, plan, slug
from vidcut.errors import UsageError
from vidcut.records import Boundary, Moment, Span, Video
from vidcut.times import format_time, parse_time

if TYPE_CHECKING:
    from vidcut.cutting import Fact

times = st.integers(0, 10**11)
anything = st.text(st.characters(), max_size=300)


@given(times)
def test_a_formatted_time_is_read_back_to_its_millisecond(time_us: int) -> None:
    assert parse_time(format_time(time_us)) == time_us // 1000 * 1000


@given(st.integers(0, 10**6), st.integers(0, 999_999))
def test_seconds_are_read_exactly(seconds: int, fraction_us: int) -> None:
    assert parse_time(f"{seconds}.{fraction_us:06}") == seconds * 1_000_000 + fraction_us


@given(st.text(max_size=20))
def test_a_text_is_a_time_or_a_usage_error(text: str) -> None:
    try:
        time_us = parse_time(text)
    except UsageError as error:
        assert repr(text) in str(error)  # noqa: PT017 - both outcomes are lawful
    else:
        assert time_us >= 0


@given(times, times)
def test_formatted_times_sort_as_times_do(one: int, other: int) -> None:
    assume(max(one, other) < 100 * 3600 * 10**6)
    if one // 1000 < other // 1000:
        assert format_time(one) < format_time(other)


@given(st.integers(0, 999), anything, times, times)
def test_a_file_name_is_safe_everywhere(rank: int, stem: str, start: int, length: int) -> None:
    name = file_name(rank, stem, Span(start, start + length), suffix=".mp4")
    assert 0 < len(name.encode()) <= NAME_BYTES
    assert not set(name) & set('<>:"/\\|?*')
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name)
    assert not set(name) & set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert name[0] not in "-. "
    assert name.endswith(".mp4")
    assert Path("folder", name).parent == Path("folder")


@given(anything)
def test_a_slug_is_one_safe_folder_name(query: str) -> None:
    name = slug(query)
    assert 0 < len(name.encode()) <= NAME_BYTES
    assert Path(name).name == name
    assert name[0] not in "-. "
    assert name[-1] not in "-. "
    assert slug(name) in {name, f"{name}_", name.rstrip("_")}


@given(st.lists(st.sampled_from(["a.mp4", "A.mp4", "a_2.mp4", "é.mp4", "e\u0301.mp4", "ß.mp4"])))
def test_names_of_a_batch_differ_whatever_their_case(names: list[str]) -> None:
    plans = [CutPlan(Path("/v.mp4"), Span(0, 1), Path("/out", name)) for name in names]
    result = distinct(plans)
    folded = {
        unicodedata.normalize("NFC", unicodedata.normalize("NFC", p.output.name).casefold())
        for p in result
    }
    assert len(folded) == len(names)
    assert [p.source for p in result] == [p.source for p in plans]
    assert all(p.output.parent == Path("/out") for p in result)


@given(
    st.integers(1, 10**10),
    times,
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
)
def test_a_plan_lies_inside_its_video(
    duration_us: int, start: int, length: int, before: int, after: int
) -> None:
    video = Video(1, "v.mp4", 0, duration_us, None, "ok")
    moment = Moment(1, video, Boundary(start, "shot"), Boundary(start + length, "shot"), 1.0)
    margin = Margin(before, after)

    def planned() -> Span:
        return plan(moment, source=Path("/v.mp4"), folder=Path("/out"), margin=margin).span

    if max(0, start - before) >= min(duration_us, start + length + after):
        with pytest.raises(UsageError):
            planned()
        return
    span = planned()
    assert 0 <= span.start < span.end <= duration_us
    assert span.start <= max(0, start - before)
    assert span.end == min(duration_us, start + length + after)


@given(st.text(st.characters(), max_size=40), anything, anything)
def test_a_template_stays_in_its_folder_or_is_refused(template: str, stem: str, query: str) -> None:
    facts: dict[str, Fact] = {"stem": stem, "query": query, "rank": 1, "start": 0.5, "score": 0.5}
    try:
        path = named(template + "{stem}{query}", facts, ".mp4")
    except UsageError:
        return
    assert not path.is_absolute()
    assert ".." not in path.parts
    assert all(0 < len(part.encode()) <= NAME_BYTES for part in path.parts)
    assert not set("".join(path.parts)) & set('<>:"\\|?*\0\n\x1b')
