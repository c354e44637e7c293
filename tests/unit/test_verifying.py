"""Each kind of damage is found, told and mended; what cannot be mended is made anew."""

from __future__ import annotations

import os
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vidcut import durable, journal, library, plugins, repairing, schema, seal, verifying
from vidcut.audit import Kind
from vidcut.errors import (
    LibraryBusyError,
    LibraryNewerError,
    LibraryNotFoundError,
    OutputError,
)
from vidcut.footage import content_hash
from vidcut.ledger import Use
from vidcut.records import Draft, Media, Space, Span, Word

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vidcut.audit import Finding

PAGE = 4096
SPACE = Space("fake", 64, "1")
MODALITIES = ("asr", "frame")
VIDEOS, EACH = 6, 30


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of six videos, and the videos."""
    home = tmp_path_factory.mktemp("whole")
    chance = np.random.default_rng(0)
    with library.open_to_write(home / ".vidcut", flat(), create=True) as holdings:
        catalog = holdings.catalog
        for number in range(VIDEOS):
            file = home / f"{number}.mp4"
            file.write_bytes(b"%d" % number * 100)
            found = file.stat()
            with catalog.writing():
                video = catalog.add_video(
                    file.name, (found.st_size, found.st_mtime_ns), content_hash(file)
                )
                catalog.describe(video, Media("mp4", 60_000_000, None, None))
                catalog.add_cuts(video, [1_000_000, 2_000_000])
                for modality in MODALITIES:
                    drafts = [draft(number, at, chance) for at in range(EACH)]
                    holdings.keep(video, modality, SPACE, drafts)
                    catalog.advance(video, modality, "r1", done_us=60_000_000, finished=True)
                catalog.set_state(video, "ok")
        with catalog.writing():
            catalog.uses.add(1, Use(Span(0, 5), "reel.mp4", "2026-01-01"))
        holdings.refresh_snapshots(MODALITIES)
    return home


def draft(number: int, at: int, chance: np.random.Generator) -> Draft:
    vector = chance.standard_normal(SPACE.dim).astype(np.float32)
    span = Span(at * 2_000_000, at * 2_000_000 + 1_500_000)
    words = (Word(span, f"word{number}x{at}"),)
    text = f"word{number}x{at} and something else that is said here"
    return Draft(span, text, vector / np.linalg.norm(vector), None, words)


def flat() -> Any:
    return plugins.load("stores", "flat")


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(whole, copy)
    return copy


def catalog_of(home: Path) -> Path:
    return home / ".vidcut" / "catalog.sqlite"


def check(home: Path, *, read_media: bool = False) -> list[Finding]:
    return list(verifying.verify(home / ".vidcut", flat(), read_media=read_media))


def kinds(home: Path) -> set[Kind]:
    return {finding.kind for finding in check(home)}


def mend(home: Path) -> list[str]:
    found = check(home)
    assert found
    return list(repairing.repair(home / ".vidcut", flat(), found))


def written(home: Path, *statements: str) -> None:
    """Change the catalog as vidcut could but does not: pages and seal are right."""
    opened = schema.open_(catalog_of(home), writable=True)
    opened.pragma("foreign_keys", "OFF")
    for statement in statements:
        opened.execute(statement)
    opened.close()


def state(home: Path) -> dict[str, Any]:
    """Of each video: what of it is there."""
    opened = library.open_(home / ".vidcut", flat())
    found = {
        video.path: {
            "progress": sorted(opened.catalog.progress(video.id)),
            "chunks": [(c.modality, c.span, c.text) for c in opened.catalog.chunks_of(video.id)],
        }
        for video in opened.catalog.videos()
    }
    opened.close()
    return found


def unfinished(home: Path) -> list[str]:
    opened = library.open_(home / ".vidcut", flat())
    found = [video.path for video in opened.catalog.videos() if video.is_unfinished]
    opened.close()
    return found


def test_a_whole_library(home: Path) -> None:
    assert check(home, read_media=True) == []


WRONG = {
    "a vector": ("UPDATE vectors SET vector = zeroblob(128) WHERE chunk_id = 7", Kind.VECTOR),
    "a short vector": ("UPDATE vectors SET vector = x'00' WHERE chunk_id = 7", Kind.VECTOR),
    "words": ("UPDATE chunks SET words = '[[1' WHERE id = 7", Kind.CHUNK),
    "a span": ("UPDATE chunks SET words = '[[5, 1, 2]]' WHERE id = 7", Kind.CHUNK),
    "another text": ("UPDATE chunks SET text = 'other' WHERE id = 7", Kind.TEXT),
    "other terms": ("UPDATE texts SET terms = 'other' WHERE rowid = 7", Kind.TEXT),
    "no terms": ("DELETE FROM texts WHERE rowid = 7", Kind.TEXT),
    "terms of none": ("INSERT INTO texts (rowid, terms) VALUES (9999, 'x')", Kind.TEXT),
    "no mark": ("DELETE FROM progress WHERE video_id = 1 AND modality = 'asr'", Kind.PROGRESS),
    "an early mark": (
        "UPDATE progress SET done_us = 5, finished = 0 WHERE video_id = 1 AND modality = 'asr'",
        Kind.PROGRESS,
    ),
    "media": ("UPDATE videos SET media = '{}' WHERE id = 1", Kind.VIDEO),
    "a lost video": ("DELETE FROM videos WHERE id = 1", Kind.REFERENCE),
    "a lost space": ("DELETE FROM spaces", Kind.REFERENCE),
    "a lost id": ("DELETE FROM settings WHERE name = 'library_id'", Kind.SETTING),
    "no counter": ("UPDATE settings SET value = 'x' WHERE name = 'deletions'", Kind.SETTING),
    "a loss": ("INSERT INTO settings VALUES ('lost_us.1.asr', 'x')", Kind.SETTING),
    "a lost chunk": ("UPDATE settings SET value = '5' WHERE name = 'deletions'", Kind.COUNT),
    "the index": ("PRAGMA writable_schema=1; DELETE FROM texts_data WHERE id > 10", Kind.TEXT),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_in_it_is_found_and_mended(home: Path, what: str) -> None:
    statement, kind = WRONG[what]
    written(home, statement)
    assert kind in kinds(home)
    assert mend(home)
    assert [finding for finding in check(home) if finding.kind is not Kind.MEDIA] == []


@pytest.mark.parametrize("what", ["a vector", "words", "no mark"])
def test_what_cannot_be_mended_is_forgotten_to_be_made_anew(home: Path, what: str) -> None:
    before = state(home)
    written(home, WRONG[what][0])
    said = mend(home)
    assert said == ["0.mp4: asr will be made anew by the next 'vidcut index'"]
    after = state(home)
    assert after["0.mp4"]["progress"] == ["frame"]
    assert unfinished(home) == ["0.mp4"]
    assert {modality for modality, *_ in after["0.mp4"]["chunks"]} == {"frame"}
    assert {**after, "0.mp4": None} == {**before, "0.mp4": None}


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def pages(home: Path) -> int:
    return catalog_of(home).stat().st_size // PAGE


def test_a_damaged_page_is_found_by_its_number(home: Path) -> None:
    flip(catalog_of(home), 5 * PAGE + 100)
    (found,) = check(home)
    assert found.kind is Kind.CATALOG
    assert found.fact == "page 6 is not as it was written: its checksum is wrong"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99])
def test_of_a_catalog_with_a_damaged_page_the_rest_is_saved(home: Path, share: float) -> None:
    before = state(home)
    page = int(share * pages(home))
    flip(catalog_of(home), page * PAGE + PAGE // 2)
    damaged = catalog_of(home).read_bytes()
    mend(home)
    assert check(home) == []
    assert (home / ".vidcut" / "catalog.damaged-1.sqlite").read_bytes() == damaged
    after = state(home)
    for path, video in after.items():
        for modality in video["progress"]:  # what counts as made is whole
            made = [chunk for chunk in video["chunks"] if chunk[0] == modality]
            assert made == [c for c in before[path]["chunks"] if c[0] == modality]
        assert {chunk[0] for chunk in video["chunks"]} <= set(video["progress"])


def root(home: Path, name: str) -> int:
    """The first page of a table or an index, counted from 1."""
    opened = schema.open_(catalog_of(home), writable=False)
    query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
    (page,) = opened.execute(query, (name,)).fetchone()
    opened.close()
    return int(page)


@pytest.mark.parametrize(
    "name", ["chunks_by_time", "spaces", "sqlite_autoindex_spaces_1", "videos_by_hash"]
)
def test_what_stands_elsewhere_too_costs_nothing(home: Path, name: str) -> None:
    before = state(home)
    flip(catalog_of(home), (root(home, name) - 1) * PAGE + PAGE // 2)
    mend(home)
    assert check(home) == []
    assert state(home) == before


def test_what_a_new_catalog_lacks_is_told_and_left_to_the_next_index(home: Path) -> None:
    flip(catalog_of(home), (root(home, "progress") - 1) * PAGE + PAGE // 2)
    said = mend(home)
    assert said[0] == (
        "a new catalog was made of what could be read: 2 settings, 6 videos, 1 spaces, 12 cuts,"
        " 1 uses"
    )
    assert said[2:] == ["6 videos are not whole in it; the next 'vidcut index' makes that good"]
    assert unfinished(home) == [f"{number}.mp4" for number in range(VIDEOS)]


LEDGER = "of the ledger of used footage"
NEVER = "what they told of counts as never used, until '--mark-used' marks it again"
MODEL_GONE = (
    "which model read the pictures is known no more: give the next 'vidcut index' its"
    " --visual-model again, else all pictures may be read anew"
)


def leaf(home: Path, table: str) -> tuple[int, int]:
    """A page that holds rows of a table, counted from 1, and how many."""
    opened = schema.open_(catalog_of(home), writable=False)
    query = "SELECT pageno, ncell FROM dbstat WHERE name = ? AND pagetype = 'leaf'"
    page, count = opened.execute(query, (table,)).fetchone()
    opened.close()
    return page, count


def many_uses(home: Path) -> None:
    with library.open_to_write(home / ".vidcut", flat()) as holdings, holdings.catalog.writing():
        for at in range(600):
            holdings.catalog.uses.add(2, Use(Span(at, at + 9), "a.mp4", "2026-01-01"))


def test_how_much_of_the_ledger_is_lost_is_told(home: Path) -> None:
    many_uses(home)
    page, count = leaf(home, "uses")
    flip(catalog_of(home), page * PAGE - PAGE // 2)
    said = mend(home)
    assert f"{count} rows {LEDGER} were lost; {NEVER}" in said
    assert f"{601 - count} uses" in said[0]
    assert check(home) == []


def test_a_ledger_that_is_not_the_one_last_written_may_lack_rows(home: Path) -> None:
    page, _ = leaf(home, "uses")
    earlier = catalog_of(home).read_bytes()[(page - 1) * PAGE : page * PAGE]
    written(home, "INSERT INTO uses VALUES (2, 0, 5, 'reel.mp4', '2026')")
    data = bytearray(catalog_of(home).read_bytes())
    data[(page - 1) * PAGE : page * PAGE] = earlier
    catalog_of(home).write_bytes(data)
    assert f"an unknown number of rows {LEDGER} may be lost; {NEVER}" in mend(home)


def test_what_is_lost_of_the_ledger_with_its_video_is_told(home: Path) -> None:
    written(home, "DELETE FROM videos WHERE id = 1")
    flip(catalog_of(home), (root(home, "chunks_by_time") - 1) * PAGE + PAGE // 2)
    assert f"1 row {LEDGER} was lost; {NEVER}" in mend(home)


def test_videos_that_are_lost_are_told(home: Path) -> None:
    flip(catalog_of(home), root(home, "videos") * PAGE - PAGE // 2)
    said = mend(home)
    assert f"{VIDEOS} videos were lost; 'vidcut index' on their folders finds them again" in said


def test_nothing_is_said_of_a_ledger_that_is_whole(home: Path) -> None:
    flip(catalog_of(home), (root(home, "chunks_by_time") - 1) * PAGE + PAGE // 2)
    assert len(mend(home)) == 2


@pytest.mark.parametrize(
    ("encoder", "model", "means"),
    [
        ("labels", "labels", "all that counts was made anew"),
        ("open_clip", None, MODEL_GONE),
    ],
)
def test_settings_that_are_lost_are_told(
    home: Path, encoder: str, model: str | None, means: str
) -> None:
    its = (
        "UPDATE spaces SET encoder = 'NAME'",
        "UPDATE settings SET value = json_array('NAME', 64, '1') WHERE name LIKE 'space.%'",
        "INSERT INTO settings VALUES ('visual_model', 'NAME')",
    )
    written(home, *(statement.replace("NAME", encoder) for statement in its))
    before = state(home)
    flip(catalog_of(home), root(home, "settings") * PAGE - PAGE // 2)
    assert f"5 settings of the library were lost; {means}" in mend(home)
    assert check(home) == []
    assert state(home) == before  # no chunk is forgotten for a counter that is gone
    opened = library.open_(home / ".vidcut", flat())
    assert opened.catalog.setting("visual_model") == model
    opened.close()


def test_of_a_file_with_no_tables_nothing_is_said_to_be_whole(home: Path) -> None:
    seal.of(catalog_of(home)).unlink()
    os.truncate(catalog_of(home), 0)
    assert any(LEDGER in line for line in mend(home))


def test_columns_that_are_empty_are_the_catalogs_damage(home: Path) -> None:
    holes = (
        "PRAGMA writable_schema = 1",
        "UPDATE sqlite_master SET sql = replace(sql, 'start_us INTEGER NOT NULL', 'start_us')",
    )
    written(home, *holes)
    written(home, "UPDATE chunks SET start_us = NULL WHERE id = 7")
    back = "UPDATE sqlite_master SET sql = replace(sql, 'start_us,', 'start_us INTEGER NOT NULL,')"
    written(home, holes[0], f"{back} WHERE name = 'chunks'")
    assert kinds(home) == {Kind.CATALOG}
    mend(home)
    assert check(home) == []


def test_pages_that_changed_places(home: Path) -> None:
    data = bytearray(catalog_of(home).read_bytes())
    one, other = 6 * PAGE, 9 * PAGE
    data[one : one + PAGE], data[other : other + PAGE] = (
        data[other : other + PAGE],
        data[one : one + PAGE],
    )
    catalog_of(home).write_bytes(data)
    assert kinds(home) == {Kind.CATALOG}
    mend(home)
    assert check(home) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: os.truncate(path, 0),
        lambda path: os.truncate(path, 5000),
        lambda path: path.write_bytes(os.urandom(50_000)),
        lambda path: path.write_bytes(path.read_bytes()[: 10 * PAGE]),
    ],
)
def test_a_catalog_of_which_nothing_can_be_read(home: Path, damage: Callable[[Path], Any]) -> None:
    damage(catalog_of(home))
    content = catalog_of(home).read_bytes()
    assert kinds(home) == {Kind.CATALOG}
    mend(home)
    assert check(home) == []
    kept = home / ".vidcut" / "catalog.damaged-1.sqlite"
    assert (kept.read_bytes() if content else b"") == content


@pytest.mark.parametrize("is_sealed", [True, False])
def test_of_a_catalog_that_was_cut_short_the_rest_is_saved(home: Path, *, is_sealed: bool) -> None:
    before = state(home)
    if not is_sealed:
        seal.of(catalog_of(home)).unlink()
    os.truncate(catalog_of(home), pages(home) // 2 * PAGE + 77)
    content = catalog_of(home).read_bytes()
    said = mend(home)
    assert f"{VIDEOS} videos" in said[0]
    assert check(home) == []
    assert state(home).keys() == before.keys()
    assert (home / ".vidcut" / "catalog.damaged-1.sqlite").read_bytes() == content


def test_without_room_nothing_is_changed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    flip(catalog_of(home), 5 * PAGE + 100)
    before = catalog_of(home).read_bytes()
    found = check(home)
    monkeypatch.setattr(durable, "sync", full)
    with pytest.raises(OutputError, match=r"No space left on device.*make room"):
        list(repairing.repair(home / ".vidcut", flat(), found))
    monkeypatch.undo()
    assert catalog_of(home).read_bytes() == before
    mend(home)
    assert check(home) == []


def test_a_damaged_one_is_never_written_over(home: Path) -> None:
    for number in (1, 2):
        flip(catalog_of(home), 5 * PAGE + 100)
        mend(home)
        assert (home / ".vidcut" / f"catalog.damaged-{number}.sqlite").exists()
    assert check(home) == []


def test_a_damaged_log(home: Path, tmp_path: Path) -> None:
    path = catalog_of(home)
    opened = library.open_to_write(home / ".vidcut", flat())
    with opened as holdings:
        for number in range(3):
            with holdings.catalog.writing():
                holdings.catalog.set_state(number + 1, "partial", f"why {number}")
        shutil.copytree(home / ".vidcut", tmp_path / "killed")
    killed = tmp_path / "killed"
    shutil.rmtree(home / ".vidcut")
    killed.rename(home / ".vidcut")
    flip(journal.of(path), 32 + 24 + 500)
    assert kinds(home) == {Kind.CATALOG}
    mend(home)
    assert check(home) == []
    assert len(state(home)) == VIDEOS
    assert (home / ".vidcut" / "catalog.damaged-1.sqlite-wal").exists()


def test_a_log_that_is_not_its_own(home: Path) -> None:
    before = state(home)
    log = journal.of(catalog_of(home))
    log.write_bytes(os.urandom(9000))
    assert kinds(home) == {Kind.CATALOG}
    mend(home)
    assert check(home) == []
    assert state(home) == before
    assert not log.exists() or not log.stat().st_size
    assert (home / ".vidcut" / "catalog.damaged-1.sqlite-wal").stat().st_size == 9000


def test_a_damaged_seal(home: Path) -> None:
    flip(seal.of(catalog_of(home)), 70)
    (found,) = check(home)
    assert (found.kind, found.where) == (Kind.SEAL, str(seal.of(catalog_of(home))))
    assert found.fact == "it is damaged"
    assert mend(home) == ["the catalog's seal was made anew"]
    assert check(home) == []
    assert seal.of(catalog_of(home)).exists()


def of_snapshot(home: Path) -> Path:
    return next((home / ".vidcut" / "vectors").iterdir())


@pytest.mark.parametrize(
    ("place", "kind"),
    [(lambda home: seal.of(catalog_of(home)), Kind.SEAL), (of_snapshot, Kind.SNAPSHOT)],
)
def test_a_folder_in_a_files_place(home: Path, place: Callable[[Path], Path], kind: Kind) -> None:
    path = place(home)
    path.unlink()
    path.mkdir()
    (path / "mine").touch()
    assert kinds(home) == {kind}
    assert state(home)  # what can be read still is
    with pytest.raises(OutputError, match="in the way and cannot be removed"):
        mend(home)
    (path / "mine").unlink()
    assert len(mend(home)) == 1
    assert check(home) == []


def test_no_line_names_its_place_or_its_remedy_twice(home: Path) -> None:
    for damage in (WRONG["media"][0], WRONG["words"][0]):
        written(home, damage)
    others = [(seal.of(catalog_of(home)), 3), (catalog_of(home), 0)]
    told = check(home)
    for path, size in others:
        os.truncate(path, size)
        told += check(home)
    assert {Kind.VIDEO, Kind.CHUNK, Kind.SEAL, Kind.CATALOG} <= {one.kind for one in told}
    for one in told:
        assert one.where not in one.fact
        assert "--repair" not in one.fact


def test_snapshots(home: Path) -> None:
    folder = home / ".vidcut" / "vectors"
    one, other = sorted(folder.iterdir())
    flip(one, 200)
    stale = other.with_name(f"frame.{'0' * 16}.0.000000000005.flat")
    shutil.copy(other, stale)
    assert [(f.kind, f.where) for f in check(home)] == [
        (Kind.SNAPSHOT, str(one)),
        (Kind.SNAPSHOT, str(stale)),
    ]
    mend(home)
    assert check(home) == []
    assert sorted(folder.iterdir()) == [one, other]


def test_a_snapshot_that_is_right_by_itself_alone(home: Path) -> None:
    """Its digest is right, and it is not what the catalog holds."""
    folder = home / ".vidcut" / "vectors"
    one, other = sorted(folder.iterdir())
    shutil.copy(other, one)
    assert [finding.where for finding in check(home)] == [str(one)]


def test_leftovers(home: Path) -> None:
    left = [home / ".vidcut" / ".catalog.sqlite.new.part", home / ".vidcut/vectors/.asr.1.part"]
    for path in left:
        path.write_bytes(b"half")
    (home / ".vidcut" / "notes.txt").write_text("mine")
    assert {finding.where for finding in check(home)} == {str(path) for path in left}
    mend(home)
    assert check(home) == []
    assert (home / ".vidcut" / "notes.txt").read_text() == "mine"


def test_media_that_changed_or_are_gone(home: Path) -> None:
    (home / "0.mp4").unlink()
    (home / "1.mp4").write_bytes(b"longer than it was" * 50)
    found = check(home)
    assert [(f.kind, f.where, f.fact) for f in found] == [
        (Kind.MEDIA, "0.mp4", "it is there no more"),
        (Kind.MEDIA, "1.mp4", "it was changed since it was indexed"),
    ]


def test_media_that_rotted_are_found_by_reading_them(home: Path) -> None:
    times = (home / "2.mp4").stat()
    flip(home / "2.mp4", 50)
    os.utime(home / "2.mp4", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert check(home) == []
    (found,) = check(home, read_media=True)
    assert found.where == "2.mp4"
    assert "its disk may be failing" in found.fact


def test_nobody_else_writes_meanwhile(home: Path) -> None:
    with library.open_to_write(home / ".vidcut", flat()), pytest.raises(LibraryBusyError):
        check(home)


def test_no_library_and_a_newer_one(home: Path) -> None:
    with pytest.raises(LibraryNotFoundError):
        check(home / "nowhere")
    written(home, "PRAGMA user_version = 99")
    with pytest.raises(LibraryNewerError):
        check(home)


def test_an_older_library_is_looked_through(home: Path) -> None:
    path = catalog_of(home)
    plain = path.with_name("plain")
    old = sqlite3.connect(plain)
    old.executescript(schema._SCHEMA + schema._MIGRATIONS[1])
    old.executescript("DELETE FROM settings; PRAGMA user_version = 2")
    old.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    old.execute("ATTACH ? AS new", (str(path),))
    for table in ("settings", "videos", "spaces", "chunks", "vectors", "progress", "cuts"):
        old.execute(f"INSERT INTO {table} SELECT * FROM new.{table}")  # noqa: S608
    old.execute("INSERT INTO texts (rowid, terms) SELECT rowid, terms FROM new.texts")
    old.commit()
    old.close()
    seal.of(path).unlink()
    plain.replace(path)
    assert path.read_bytes()[20] == 0
    assert check(home) == []
