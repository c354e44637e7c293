"""Laws of what is found: names that globs mean, and vidcut's own clips, which are never footage."""

from __future__ import annotations

import glob
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from vidcut import footage
from vidcut.cutting import NAME_BYTES, CutPlan, distinct, file_name
from vidcut.records import Span

names = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=20)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
signs = st.text(st.sampled_from("ab/*?[]!-.A"), max_size=12)


@given(paths, st.lists(signs, max_size=4))
def test_a_path_matches_where_it_or_its_name_matches_one_glob(path: str, globs: list[str]) -> None:
    one_by_one = any(footage.name_matches(path, (one,)) for one in globs)
    assert footage.name_matches(path, globs) == footage.name_matches(path, globs[::-1])
    assert footage.name_matches(path, globs) == one_by_one
    name = path.rpartition("/")[2]
    for one in globs:
        if footage.name_matches(name, (one,)):
            assert footage.name_matches(path, (one,))
        if "/" not in one and "*" not in one and "[" not in one and "?" not in one:
            assert footage.name_matches(path, (one,)) == (one == name)


@given(paths, paths)
def test_an_escaped_path_means_itself_alone(path: str, other: str) -> None:
    assert footage.name_matches(path, (glob.escape(path),))
    meant = other == path or other.rpartition("/")[2] == path
    assert footage.name_matches(other, (glob.escape(path),)) == meant
    assert footage.name_matches(path, ("*",))
    assert footage.name_matches(f"{path}/{other}", (glob.escape(path) + "/*",))


@given(
    st.integers(1, 9_999),
    st.one_of(st.text(max_size=300), st.text("火a. ", min_size=60, max_size=260)),
    st.integers(0, 10**12),
    st.integers(1, 10**9),
    st.sampled_from([".mp4", ".m4a", ".mkv", ".mka"]),
)
def test_a_clip_is_known_by_its_name_however_long_and_often(
    rank: int, stem: str, start: int, length: int, suffix: str
) -> None:
    name = file_name(rank, stem, Span(start, start + length), suffix=suffix)
    plan = CutPlan(Path("/v.mp4"), Span(0, 1), Path("/out", name))
    for one in distinct([plan] * 12):
        assert footage._CLIP_NAME.fullmatch(one.output.name)
        assert len(one.output.name.encode()) <= NAME_BYTES
