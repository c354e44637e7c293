"""Mending a library: what is derived is made anew, what is not is forgotten, to be made again.

Nothing is destroyed: a catalog that has to be made anew is kept beside the new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidcut import durable, rescue, schema, seal
from vidcut.audit import Kind
from vidcut.catalog import Catalog
from vidcut.library import CATALOG, Holdings
from vidcut.verifying import is_leftover
from vidcut.writer import only_writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import ModuleType

    from vidcut.audit import Finding
    from vidcut.database import Connection

_UNSURE = (Kind.CHUNK, Kind.VECTOR, Kind.PROGRESS)
_FILE = frozenset((Kind.CATALOG, Kind.COUNT, Kind.SETTING))
"""After these a new catalog is made."""
_NEVER_NS = -1
"""A time at which no file was ever modified: the next index run looks at it."""


def repair(folder: Path, store: ModuleType, findings: Sequence[Finding]) -> Iterator[str]:
    """Mend what was found, and say by and by what was done.

    Raises:
        LibraryBusyError: another process is writing to the library.
        OutputError: there is no room to mend it.
    """
    path = folder / CATALOG
    kinds = {finding.kind for finding in findings}
    with only_writer(folder):
        if kinds & _FILE:
            kept, saved = rescue.rescue(path)
            told = ", ".join(f"{count} {table}" for table, count in saved.items() if count)
            yield f"a new catalog was made of what could be read: {told or 'nothing'}"
            yield f"the damaged one is kept as {kept}"
        if Kind.SEAL in kinds:
            seal.of(path).unlink(missing_ok=True)
        connection = schema.open_(path, writable=True)
        holdings = Holdings(folder, Catalog(connection), store)
        try:
            if kinds & _FILE:
                yield from _unfinished(holdings.catalog)
            yield from _mend(connection, holdings, findings)
            _remove_leftovers(folder)
            holdings.vectors.rebuild()
            if Kind.SNAPSHOT in kinds:
                yield "the vectors' snapshots were made anew"
        finally:
            holdings.close()


def _unfinished(catalog: Catalog) -> Iterator[str]:
    count = sum(video.is_unfinished for video in catalog.videos())
    if count:
        rest = "1 video is" if count == 1 else f"{count} videos are"
        yield f"{rest} not whole in it; the next 'vidcut index' makes that good"


def _mend(connection: Connection, holdings: Holdings, findings: Sequence[Finding]) -> Iterator[str]:
    catalog = holdings.catalog
    kinds = {finding.kind for finding in findings}
    with catalog.writing():
        if Kind.REFERENCE in kinds:
            _remove_orphans(connection)
            yield "rows that belonged to none were removed"
        if Kind.TEXT in kinds:
            _rebuild_texts(connection)
            yield "the full text was made anew"
        for finding in findings:
            if finding.kind is Kind.VIDEO and finding.video_id is not None:
                _look_again(connection, finding.video_id)
                yield f"{finding.where} will be looked at again by the next 'vidcut index'"
        unsure = {
            (finding.video_id, finding.modality): finding.where.rpartition(",")[0]
            for finding in findings
            if finding.kind in _UNSURE and finding.video_id is not None
        }
        for (video_id, modality), where in unsure.items():
            catalog.forget_chunks(int(video_id or 0), modality)
            connection.execute(rescue.UNFINISHED, (video_id,))
            yield f"{where}: {modality} will be made anew by the next 'vidcut index'"


def _remove_orphans(connection: Connection) -> None:
    """With the chunks whose vectors are in no space: a chunk without its vector is not whole."""
    connection.execute(
        "DELETE FROM chunks WHERE id IN (SELECT chunk_id FROM vectors"
        " WHERE space_id NOT IN (SELECT id FROM spaces))"
    )
    rescue.remove_orphans(connection)


def _look_again(connection: Connection, video_id: int) -> None:
    statement = "UPDATE videos SET mtime_ns = ?, media = NULL WHERE id = ?"
    connection.execute(statement, (_NEVER_NS, video_id))


def _rebuild_texts(connection: Connection) -> None:
    """Of the chunks themselves: the index goes with the texts that it is of."""
    connection.execute(schema.TEXTS_ANEW)
    rescue.find_texts(connection)


def _remove_leftovers(folder: Path) -> None:
    with durable.writing_in(folder):
        for path in (*folder.iterdir(), *folder.glob("vectors/*")):
            if is_leftover(path) and path.is_file():
                path.unlink()
        durable.sync(folder)
