"""What is done to a library while it is killed: a folder that is ready, and an act.

An act can be done again after it was cut short, and ends where it would have ended.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import vidcut
from tests.reliability import films
from vidcut import schema, seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FIRST_VERSION_TABLES = (
    "settings", "videos", "progress", "cuts", "spaces", "chunks", "vectors", "texts"
)  # fmt: skip


def names() -> tuple[str, ...]:
    """All scenes."""
    return tuple(_PREPARE)


def prepare(scene: str, folder: Path) -> None:
    """Make the folder as it is before the act."""
    folder.mkdir()
    _PREPARE[scene](folder)


def act(scene: str, folder: Path, told: Callable[[str], None]) -> None:
    """Do it; ``told`` hears of each window that was read."""
    if scene == "forget":
        with vidcut.Library(folder) as library:
            library.forget([v for v in library.videos() if v.path == "walk.mp4"])
        return
    films.index(folder, told=told)


def _first(folder: Path) -> None:
    films.write(folder / "walk.mp4", 130, tint=3)
    films.write(folder / "talk.m4a", 80, tint=7, pictures=False)
    films.write(folder / "said.mp4", 40, tint=2)
    (folder / "said.srt").write_text("subtitle 1 here\nsubtitle 2 there\n", "utf-8")


def _again(folder: Path) -> None:
    """One film is new, one has changed, one was moved, one is gone."""
    _first(folder)
    films.index(folder)
    films.write(folder / "new.mp4", 65, tint=5)
    films.write(folder / "walk.mp4", 125, tint=4)
    (folder / "moved").mkdir()
    (folder / "talk.m4a").rename(folder / "moved" / "talk.m4a")
    (folder / "said.mp4").unlink()


def _forget(folder: Path) -> None:
    _first(folder)
    films.index(folder)


def _older(folder: Path) -> None:
    """A library of the first version, and a film that it does not know."""
    _first(folder)
    films.index(folder)
    films.write(folder / "new.mp4", 65, tint=5)
    catalog = folder / ".vidcut" / "catalog.sqlite"
    present = catalog.rename(catalog.with_name("present.sqlite"))
    seal.of(catalog).unlink()  # which the first version did not know
    older = sqlite3.connect(catalog, isolation_level=None)
    older.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {schema._SCHEMA}")
    older.execute("DELETE FROM settings")
    older.execute("ATTACH ? AS present", (str(present),))
    for table in _FIRST_VERSION_TABLES:
        columns = [row[1] for row in older.execute(f"PRAGMA main.table_info({table})")]
        listed = ", ".join(["rowid", *columns] if table == "texts" else columns)
        older.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM present.{table}")  # noqa: S608
    older.executescript(
        f"PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = 1;"
    )
    older.close()
    for left in folder.glob(".vidcut/present.sqlite*"):
        left.unlink()


_PREPARE: dict[str, Callable[[Path], None]] = {
    "first": _first,
    "again": _again,
    "forget": _forget,
    "older": _older,
}
