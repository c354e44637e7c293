"""A catalog that an older vidcut made: read as it is, brought up to date by who writes."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vidcut import catalog, journal, schema
from vidcut.errors import LibraryBusyError, LibraryError, OutputError
from vidcut.ledger import Use
from vidcut.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidcut.catalog import Catalog

EVERYTHING = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2"
KNOWN = """
    PRAGMA journal_mode = WAL;
    PRAGMA user_version = 1;
    INSERT INTO videos (path, size, mtime_ns, hash, duration_us, state)
        VALUES (CAST('a.mp4' AS BLOB), 1, 1, x'01', 9000000, 'ok');
    INSERT INTO settings VALUES ('library_id', 'mine'), ('space.asr', '["fake", 2, "1"]');
    INSERT INTO chunks (video_id, modality, start_us, end_us, text)
        VALUES (1, 'asr', 1000000, 3000000, 'hello there');
    INSERT INTO texts (rowid, terms) VALUES (1, 'hello there');
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A catalog of version 1 with a video in it."""
    made = tmp_path / ".vidcut" / "catalog.sqlite"
    made.parent.mkdir()
    plain = sqlite3.connect(made)
    plain.executescript(schema._SCHEMA)
    plain.executescript(KNOWN)
    plain.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    plain.close()
    return made


def version(path: Path) -> int:
    plain = sqlite3.connect(path)
    try:
        return int(plain.execute("PRAGMA user_version").fetchone()[0])
    finally:
        plain.close()


def tables(path: Path) -> list[tuple[str, ...]]:
    plain = sqlite3.connect(path)
    try:
        return plain.execute(EVERYTHING).fetchall()
    finally:
        plain.close()


def names(opened: Catalog) -> list[str]:
    return [video.path for video in opened.videos()]


def files(path: Path) -> set[str]:
    return {file.name for file in path.parent.iterdir() if not file.name.endswith(("-wal", "-shm"))}


def test_a_reader_takes_an_older_catalog_as_it_is(path: Path) -> None:
    opened = catalog.open_(path, writable=False)
    assert names(opened) == ["a.mp4"]
    assert opened.uses.of(1) == []
    assert opened.uses.spans() == {}
    opened.close()
    assert version(path) == 1
    assert files(path) == {"catalog.sqlite"}


READER = """
import sys, vidcut
from vidcut.ledger import Used
with vidcut.Library(sys.argv[1], store="flat") as opened:
    for used in Used:
        print(used, [one.video.path for one in opened.search('"hello there"', used=used)])
    print([(one.video.path, one.evidence) for one in opened.unused()])
    print(opened.uses(opened.find("a.mp4")))
"""


def test_an_older_library_on_a_read_only_disk_is_searched(path: Path) -> None:
    command = [sys.executable, "-c", READER, str(path.parent)]
    if os.geteuid() == 0:  # to root everything is writable, unless it lets go of that
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("needs setpriv where the tests are run by root")
        command = [setpriv, "--bounding-set=-dac_override,-dac_read_search", *command]
    path.parent.chmod(0o555)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        path.parent.chmod(0o755)
    assert done.stdout.splitlines() == [
        "also ['a.mp4']",
        "excluded ['a.mp4']",
        "only []",
        "[('a.mp4', (('asr', 'hello there'),))]",
        "[]",
    ]
    assert version(path) == 1
    assert files(path) == {"catalog.sqlite"}


def test_a_writer_brings_it_up_to_date_and_keeps_a_copy(path: Path, tmp_path: Path) -> None:
    before = tables(path)
    catalog.open_(path, writable=True).close()
    assert version(path) == schema.SCHEMA_VERSION
    backup = schema.backup_of(path, 1)
    assert files(path) == {"catalog.sqlite", "catalog.sqlite-seal", "catalog.v1.sqlite"}
    assert version(backup) == 1
    assert tables(backup) == before
    kept = catalog.open_(backup, writable=False)
    assert names(kept) == ["a.mp4"]
    kept.close()
    new = tmp_path / "new.sqlite"
    catalog.create(new).close()
    assert tables(path) == tables(new)


def test_what_it_knew_is_still_there(path: Path) -> None:
    opened = catalog.open_(path, writable=True)
    assert names(opened) == ["a.mp4"]
    assert opened.setting("library_id") == "mine"
    with opened.writing():
        assert opened.uses.add(1, Use(Span(1, 2), "reel.mp4", "2026-01-01"))
    assert opened.uses.spans() == {1: [Span(1, 2)]}
    opened.close()


OTHER = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("UPDATE videos SET path = CAST('b.mp4' AS BLOB)")
print("written", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the catalog open, and wrote to its log."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", OTHER, str(path)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        yield process
        process.kill()


def test_while_it_is_read_it_is_left_as_it_is(path: Path, other: subprocess.Popen[str]) -> None:
    with pytest.raises(LibraryBusyError, match="in use by another process"):
        catalog.open_(path, writable=True)
    other.kill()
    other.wait()
    assert version(path) == 1
    assert not schema.backup_of(path, 1).exists()


def test_the_copy_has_what_only_the_log_had(path: Path, other: subprocess.Popen[str]) -> None:
    other.kill()
    other.wait()
    assert journal.of(path).stat().st_size
    catalog.open_(path, writable=True).close()
    kept = catalog.open_(schema.backup_of(path, 1), writable=False)
    assert names(kept) == ["b.mp4"]
    kept.close()


def test_a_catalog_that_is_up_to_date_is_not_copied(path: Path) -> None:
    catalog.open_(path, writable=True).close()
    backup = schema.backup_of(path, 1)
    backup.unlink()
    catalog.open_(path, writable=True).close()
    assert not backup.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from vidcut import database, schema

class Deadly(database.Connection):
    def __init__(self, *given):
        super().__init__(*given)
        kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
        self._db.create_scalar_function("kill", kill, 0)

schema.Connection = Deadly
schema._MIGRATIONS[1] += sys.argv[2]
schema.open_(Path(sys.argv[1]), writable=True)
"""
"""Brings a catalog up to date and is killed after the new tables were made."""


def test_killed_in_the_middle_the_old_one_is_left(path: Path) -> None:
    big = """
        CREATE TABLE big (a);
        PRAGMA cache_size = 1;  -- what is made goes to the file, not to memory
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
        INSERT INTO big SELECT randomblob(4000) FROM n;
        SELECT kill();
    """
    done = subprocess.run([sys.executable, "-c", KILLED, path, big], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    aside = path.with_name(f".{path.name}.new.part")
    assert aside.exists()
    opened = catalog.open_(path, writable=False)
    assert names(opened) == ["a.mp4"]
    assert opened.uses.spans() == {}
    opened.close()
    assert version(path) == 1
    assert version(schema.backup_of(path, 1)) == 1
    catalog.open_(path, writable=True).close()
    assert version(path) == schema.SCHEMA_VERSION
    assert files(path) == {"catalog.sqlite", "catalog.sqlite-seal", "catalog.v1.sqlite"}


def test_a_step_that_fails_leaves_the_old_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = schema._MIGRATIONS[1]
    monkeypatch.setitem(schema._MIGRATIONS, 1, f"{steps} DROP TABLE none;")
    with pytest.raises(LibraryError, match="cannot be used"):
        catalog.open_(path, writable=True)
    monkeypatch.undo()
    assert version(path) == 1
    assert not [row for row in tables(path) if row[1] == "uses"]


def test_without_room_for_the_copy_nothing_is_changed(path: Path) -> None:
    backup = schema.backup_of(path, 1)
    aside = backup.with_name(f".{backup.name}.part")
    aside.mkdir()  # what stands there cannot be written over
    (aside / "file").touch()
    with pytest.raises(OutputError, match=r"catalog\.v1\.sqlite.*make room"):
        catalog.open_(path, writable=True)
    assert version(path) == 1
    assert not backup.exists()


def test_what_a_killed_copy_left_is_replaced(path: Path) -> None:
    backup = schema.backup_of(path, 1)
    aside = backup.with_name(f".{backup.name}.part")
    aside.write_bytes(b"half a copy")
    catalog.open_(path, writable=True).close()
    assert version(backup) == 1
    assert not aside.exists()


def test_a_catalog_of_no_version_is_none(path: Path) -> None:
    plain = sqlite3.connect(path)
    plain.execute("PRAGMA user_version = 0")
    plain.close()
    content = path.read_bytes()
    for writable in (False, True):
        with pytest.raises(LibraryError, match="is no vidcut library"):
            catalog.open_(path, writable=writable)
    assert path.read_bytes() == content


def test_the_first_schema_is_as_it_was_released() -> None:
    """Whoever edits it makes libraries that no migration knows."""
    digest = hashlib.sha256(schema._SCHEMA.encode()).hexdigest()
    assert digest.startswith("1e7d9021e8567499")
