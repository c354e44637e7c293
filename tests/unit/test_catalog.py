from __future__ import annotations

import gc
import os
import sqlite3
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from vidcut import catalog, schema
from vidcut.errors import LibraryError, LibraryNewerError, LibraryNotFoundError
from vidcut.records import (
    Draft,
    Media,
    PictureTrack,
    SoundTrack,
    Space,
    Span,
    SubtitleTrack,
    Word,
)
from vidcut.terms import terms as terms_of
from vidcut.terms import text_terms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidcut.catalog import Catalog

SPACE = Space("fake", 2, "1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.sqlite"


@pytest.fixture
def opened(path: Path) -> Iterator[Catalog]:
    made = catalog.create(path)
    made.add_video("a.mp4", (1, 2), b"hash")
    yield made
    made.close()


def add(opened: Catalog, text: str, *, modality: str = "asr", video_id: int = 1) -> int:
    terms = " ".join(text_terms(text))
    return opened.add_chunk(video_id, modality, Draft(Span(0, 5), text), terms)


def find(opened: Catalog, words: str, **limits: object) -> list[int]:
    terms = terms_of(words)
    modality, videos = limits.get("modality", "asr"), limits.get("videos")
    return [row for row, _ in opened.texts.find(terms, modality, 10, videos)]  # type: ignore[arg-type]  # limits are what a test says


# Opening ------------------------------------------------------------------------------


@pytest.mark.parametrize("access", ["read", "write"])
class TestOpening:
    def test_nothing_there(self, path: Path, access: str) -> None:
        with pytest.raises(LibraryNotFoundError, match="vidcut index"):
            catalog.open_(path, writable=access == "write")

    @pytest.mark.parametrize("content", [b"", b"no database", b"\0" * 8192, b"SQLite format 3\0"])
    def test_no_catalog(self, path: Path, access: str, content: bytes) -> None:
        path.write_bytes(content)
        with pytest.raises(LibraryError, match=r"catalog\.sqlite"):
            catalog.open_(path, writable=access == "write")
        assert path.read_bytes() == content

    def test_somebody_elses_database(self, path: Path, access: str) -> None:
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE photos (id)")
        other.close()
        with pytest.raises(LibraryError, match="is no vidcut library"):
            catalog.open_(path, writable=access == "write")

    def test_a_newer_catalog(self, path: Path, access: str) -> None:
        newer = schema.create(path)
        newer.pragma("user_version", 99)
        newer.close()
        with pytest.raises(LibraryNewerError, match=r"version 99.*upgrade"):
            catalog.open_(path, writable=access == "write")

    def test_a_catalog_cut_short(self, path: Path, access: str) -> None:
        opened = catalog.create(path)
        for number in range(200):
            opened.add_video(f"{number}.mp4", (1, 2), b"hash" * 50)
        opened.close()
        os.truncate(path, path.stat().st_size // 2)
        with pytest.raises(LibraryError, match="malformed"):
            read_all(catalog.open_(path, writable=access == "write"))

    def test_a_catalog_without_its_tables(self, path: Path, access: str) -> None:
        robbed = schema.create(path)
        robbed.execute("DROP TABLE videos")
        robbed.close()
        with pytest.raises(LibraryError, match="no such table"):
            read_all(catalog.open_(path, writable=access == "write"))


def read_all(opened: Catalog) -> None:
    try:
        opened.videos()
        opened.videos_of_content(b"")
    finally:
        opened.close()


def test_a_catalog_cannot_be_made_where_no_folder_is(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="unable to open"):
        catalog.create(tmp_path / "nowhere" / "catalog.sqlite")


def test_a_full_disk_loses_nothing_and_says_so(opened: Catalog) -> None:
    with opened.writing():
        add(opened, "kept")
    pages = opened._db.execute("PRAGMA page_count").fetchone()[0]
    opened._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LibraryError, match="make room"):
        add_many(opened)
    assert opened.counts() == {"asr": 1}
    opened._db.execute("PRAGMA max_page_count = 1000000")
    with opened.writing():
        add(opened, "kept too")


def add_many(opened: Catalog) -> None:
    with opened.writing():
        for _ in range(1000):
            add(opened, "lost " * 200)


def test_a_reader_does_not_wait_for_the_writer(opened: Catalog, path: Path) -> None:
    with opened.writing():
        add(opened, "new")
        reader = catalog.open_(path, writable=False)
        assert reader.counts() == {}
    assert reader.counts() == {"asr": 1}
    with pytest.raises(LibraryError, match="readonly"):
        reader.set_state(1, "ok")
    reader.close()


# Rows ---------------------------------------------------------------------------------


def test_a_transaction_is_all_or_nothing(opened: Catalog) -> None:
    with pytest.raises(KeyboardInterrupt):
        add_and_be_interrupted(opened)
    assert opened.counts() == {}


def add_and_be_interrupted(opened: Catalog) -> None:
    with opened.writing():
        add(opened, "one")
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    "media",
    [
        Media("mov", 5, None, SoundTrack("aac", 44_100, 2)),
        Media(
            "mkv", 5, PictureTrack("h264", 2, 3, None, 90), None, (SubtitleTrack(3, "srt", "zh"),)
        ),
        Media("mkv", 5, PictureTrack("h264", 2, 3, Fraction(30_000, 1001)), None),
    ],
)
def test_what_a_file_holds_comes_back_as_it_was(opened: Catalog, media: Media) -> None:
    opened.describe(1, media)
    video = opened.video(1)
    assert (video.media, video.duration_us) == (media, 5)
    opened.describe(1, None)
    assert opened.video(1).media is None


@pytest.mark.parametrize("name", [b"caf\xe9.mp4", "中文/影片.mp4".encode(), b"new\nline.mp4"])
def test_any_file_name_comes_back_as_it_was(opened: Catalog, name: bytes) -> None:
    path = os.fsdecode(name)
    video_id = opened.add_video(path, (1, 2), b"")
    video = opened.video_at(path)
    assert video is not None
    assert (video.id, video.path) == (video_id, path)


def test_a_chunk_comes_back_as_it_was(opened: Catalog) -> None:
    words = (Word(Span(0, 2), "hot"), Word(Span(2, 4), " pot"))
    draft = Draft(Span(0, 4), "hot pot", language="en", words=words)
    chunk_id = opened.add_chunk(1, "asr", draft, "hot pot")
    (chunk,) = opened.chunks([chunk_id, 999]).values()
    assert (chunk.span, chunk.text, chunk.language, chunk.words) == (
        *(draft.span, draft.text, draft.language, draft.words),
    )
    assert opened.chunks_of(1, "asr") == [chunk]
    assert opened.chunks_of(1, "ocr") == []


def test_text_that_is_no_text_is_stored_escaped(opened: Catalog) -> None:
    opened.set_state(1, "failed", "caf\udce9.mp4: is no film")
    assert opened.video(1).failure == "caf\\udce9.mp4: is no film"


def test_forgetting_a_modality_leaves_the_others(opened: Catalog) -> None:
    for modality in ("asr", "ocr"):
        add(opened, "hot", modality=modality)
        opened.advance(1, modality, "r", done_us=1, finished=True)
    opened.add_cuts(1, [5, 3])
    opened.forget_chunks(1, "asr")
    assert opened.counts() == {"ocr": 1}
    assert set(opened.progress(1)) == {"ocr"}
    assert opened.cuts(1) == [3, 5]
    assert find(opened, "hot") == []
    assert find(opened, "hot", modality="ocr") == [2]
    assert opened.setting("deletions") == "1"
    opened.forget_chunks(1)
    assert (opened.counts(), opened.progress(1), opened.cuts(1)) == ({}, {}, [])


def test_what_is_looked_at_anew_has_no_cuts_but_those_that_are_found_now(opened: Catalog) -> None:
    add(opened, "hot")
    opened.add_cuts(1, [3, 5, 9, 10])
    opened.add_cuts(1, [6], within=Span(5, 10))
    assert opened.cuts(1) == [3, 6, 10]


def test_forgetting_a_video_leaves_nothing_of_it(opened: Catalog) -> None:
    chunk_id = add(opened, "hot")
    opened.add_vector(chunk_id, opened.space_id(SPACE), b"\0" * 4)
    opened.advance(1, "asr", "r", done_us=1, finished=True)
    opened.add_cuts(1, [5])
    opened.forget_video(1)
    for table in ("videos", "chunks", "vectors", "cuts", "progress", "texts"):
        assert opened._db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table  # noqa: S608
    again = opened.add_video("a.mp4", (1, 2), b"hash")
    assert opened.add_chunk(again, "asr", Draft(Span(0, 1)), "") > chunk_id


@pytest.mark.parametrize("damage", [b"\0\0\0\x01", b"\0\0", b""])
def test_a_damaged_vector_is_noticed(opened: Catalog, damage: bytes) -> None:
    for _ in range(2):
        opened.add_vector(add(opened, "hot"), opened.space_id(SPACE), b"\0" * 4)
    assert opened.vectors_after("asr", SPACE, 0) == ([1, 2], b"\0" * 8)
    assert opened.vectors_after("asr", SPACE, 1) == ([2], b"\0" * 4)
    opened._db.execute("UPDATE vectors SET vector = ? WHERE chunk_id = 2", (damage,))
    with pytest.raises(LibraryError, match="vector of chunk 2 is damaged"):
        opened.vectors_after("asr", SPACE, 0)


# What stands around a place -----------------------------------------------------------


def place(
    opened: Catalog, start: int, end: int, *, modality: str = "frame", space: Space | None = SPACE
) -> int:
    """A chunk without a text; its vector says where it begins."""
    chunk_id = opened.add_chunk(1, modality, Draft(Span(start, end)), "")
    if space is not None:
        opened.add_vector(chunk_id, opened.space_id(space), start.to_bytes(4, "little"))
    return chunk_id


def test_only_what_overlaps_a_stretch_lies_near_it_in_order_of_time(opened: Catalog) -> None:
    for start, end in ((20, 30), (0, 10), (10, 20), (30, 40)):
        place(opened, start, end)
    place(opened, 12, 14, modality="asr")
    other = opened.add_video("b.mp4", (1, 2), b"other")
    opened.add_chunk(other, "frame", Draft(Span(10, 20)), "")
    near = Span(10, 30)
    assert opened.nearby.spans(1, "frame", near) == [Span(10, 20), Span(20, 30)]
    assert opened.nearby.spans(1, "asr", near) == [Span(12, 14)]
    assert opened.nearby.spans(1, "frame", Span(9, 31)) == [
        *(Span(0, 10), Span(10, 20), Span(20, 30), Span(30, 40)),
    ]
    assert opened.nearby.spans(1, "ocr", near) == []
    found = opened.nearby.vectors(1, "frame", SPACE, near)
    assert found == [(Span(10, 20), b"\x0a\0\0\0"), (Span(20, 30), b"\x14\0\0\0")]


def test_vectors_of_another_space_are_not_near(opened: Catalog) -> None:
    newer = Space("fake", 2, "2")
    old, new = place(opened, 0, 10), place(opened, 10, 20, space=newer)
    bare = place(opened, 20, 30, space=None)
    assert [span for span, _ in opened.nearby.vectors(1, "frame", newer, Span(0, 99))] == [
        Span(10, 20)
    ]
    assert opened.vector(new, newer) == b"\x0a\0\0\0"
    assert [opened.vector(chunk_id, newer) for chunk_id in (old, bare, 999)] == [None] * 3
    opened.forget_chunks(1, "frame")
    assert opened.vector(new, newer) is None


def test_videos_of_one_content_are_copies(opened: Catalog) -> None:
    assert opened.copies() == []
    paths = {"c.mp4": b"two", "b.mp4": b"hash", "d.mp4": b"two", "0.mp4": b"two", "e.mp4": b"e"}
    ids = {path: opened.add_video(path, (1, 2), content) for path, content in paths.items()}
    assert opened.copies() == [
        [1, ids["b.mp4"]],
        [ids["0.mp4"], ids["c.mp4"], ids["d.mp4"]],
    ]


# Full text ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        *('"', "*", '"hot*', "hot*", "NEAR(hot pot)", "hot AND", "OR", "col:hot", "((hot", "hot)"),
        *("- hot", "^hot", "{hot}", "hot'pot", "🍲", "hot\0pot", "\ud83d hot"),
    ],
)
def test_full_text_takes_whatever_is_asked(opened: Catalog, words: str) -> None:
    number = add(opened, words)
    terms = terms_of(words)
    assert find(opened, words) == ([number] if terms else [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我们去吃火鍋", "火锅"),
        ("我们去吃火锅", "火鍋"),
        ("一只橘猫", "猫"),
        ("猫粮", "猫"),
        ("买了iPhone手机", "iphone"),
        ("ＨＤ画质", "hd"),
        ("Don’t stop", "DON'T"),
        ("กินข้าวแล้ว", "ข้าว"),
        ("हिन्दी", "हिन्दी"),
        ("안녕하세요", "하세"),
    ],
)
def test_a_text_is_found_by_what_reads_alike(opened: Catalog, text: str, words: str) -> None:
    number = add(opened, text)
    add(opened, "something else 其他")
    assert find(opened, words) == [number]
    terms = terms_of(words)
    total, counts = opened.texts.counts(terms)
    assert (total, counts) == (2, dict.fromkeys(terms, 1))


def test_full_text_is_limited_to_a_modality_and_to_videos(opened: Catalog) -> None:
    second = opened.add_video("b.mp4", (1, 2), b"")
    first_chunk, second_chunk = add(opened, "hot"), add(opened, "hot", video_id=second)
    add(opened, "hot", modality="ocr")
    assert find(opened, "hot") == [first_chunk, second_chunk]
    assert find(opened, "hot", videos=[second]) == [second_chunk]
    assert find(opened, "hot", videos=[]) == []
    assert opened.texts.find([], "asr", 9, None) == []
    assert opened.texts.find(["hot"], "asr", 1, None) == [(first_chunk, "hot")]


def test_terms_asked_for_together_stand_in_one_text(opened: Catalog) -> None:
    both = add(opened, "the pot is hot")
    add(opened, "hot")
    add(opened, "pot")
    assert opened.texts.find(["hot", "pot"], "asr", 1, None) == [(both, "the pot is hot")]
    assert opened.texts.find(["hot", "pot"], "asr", 9, None, together=True) == [
        (both, "the pot is hot")
    ]
    assert opened.texts.find(["hot", "cold"], "asr", 9, None, together=True) == []
    assert opened.texts.find([], "asr", 9, None, together=True) == []
    odd = add(opened, "and or not")
    assert opened.texts.find(["or", "and", "not"], "asr", 9, [1], together=True) == [
        (odd, "and or not")
    ]


def test_the_file_says_whose_it_is(opened: Catalog, path: Path) -> None:
    assert opened.video(1).state == "partial"
    assert path.read_bytes()[68:72] == schema.APPLICATION_ID.to_bytes(4, "big")


def test_an_unknown_video_is_an_error(opened: Catalog) -> None:
    with pytest.raises(LibraryError, match="no video 7"):
        opened.video(7)


@pytest.mark.parametrize("damage", ["", "null", "[1", '{"container": 1}', "[[1, 2]]"])
def test_facts_that_vidcut_did_not_write_are_noticed(opened: Catalog, damage: str) -> None:
    opened._db.execute("UPDATE videos SET media = ?", (damage or "x",))
    add(opened, "hello")
    opened._db.execute("UPDATE chunks SET words = ?", (damage or "x",))
    with pytest.raises(LibraryError, match="did not write"):
        opened.videos()
    with pytest.raises(LibraryError, match="did not write"):
        opened.chunks_of(1)


def test_videos_that_another_model_read_are_counted(opened: Catalog) -> None:
    other = opened.add_video("b.mp4", (1, 2), b"other")
    for video_id, space in ((1, SPACE), (other, SPACE)):
        chunk_id = add(opened, "words", video_id=video_id)
        opened.add_vector(chunk_id, opened.space_id(space), b"\0\0\0\0")
    opened.keep_modality_space("asr", SPACE)
    assert opened.videos_left_behind("asr") == 0
    newer = Space("fake", 2, "2")
    opened.keep_modality_space("asr", newer)
    opened.forget_chunks(other, "asr")
    opened.add_vector(add(opened, "words", video_id=other), opened.space_id(newer), b"\0\0\0\0")
    assert opened.videos_left_behind("asr") == 1
    assert opened.videos_left_behind("frame") == 0


def test_a_reader_that_nobody_closed_ends_quietly(path: Path) -> None:
    catalog.create(path).close()
    catalog.open_(path, writable=True).close()
    reader = catalog.open_(path, writable=False)
    assert reader.videos() == []
    writer = catalog.open_(path, writable=True)
    with writer.writing():
        writer.add_video("a.mp4", (1, 2), b"x")
    assert len(reader.videos()) == 1
    writer.close()
    del reader  # the last to let go of the log: an error here would come out of anywhere
    gc.collect()
