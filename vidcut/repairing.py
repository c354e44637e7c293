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
            rescued = rescue.rescue(path)
            told = ", ".join(f"{count} {table}" for table, count in rescued.saved.items() if count)
            yield f"a new catalog was made of what could be read: {told or 'nothing'}"
            yield f"the damaged one is kept as {rescued.kept}"
            yield from _lost(rescued)
        if Kind.SEAL in kinds:
            durable.clear(seal.of(path))
        connection = schema.open_(path, writable=True)
        holdings = Holdings(folder, Catalog(connection), store)
        try:
            if kinds & _FILE:
                yield from _unfinished(holdings.catalog)
            yield from _mend(connection, holdings, findings)
            _remove_leftovers(folder)
            holdings.vectors.rebuild()
            holdings.texts.rebuild()
            if Kind.SNAPSHOT in kinds:
                yield "the snapshots of vectors and texts were made anew"
        finally:
            holdings.close()
        if Kind.SEAL in kinds:  # which closing makes
            is_made = seal.of(path).exists()
            yield f"the catalog's seal was {'made anew' if is_made else 'removed'}"


def _lost(rescued: rescue.Rescued) -> Iterator[str]:
    """What no index run brings back by itself, and what that means."""
    videos, uses, settings = (rescued.lost[table] for table in ("videos", "uses", "settings"))
    if videos != 0:
        again = "'vidcut index' on their folders finds them again"
        yield f"{_many(videos, 'video')} {_were(videos)}; {again}"
    if uses != 0:
        counts = "what they told of counts as never used, until '--mark-used' marks it again"
        yield f"{_many(uses, 'row')} of the ledger of used footage {_were(uses)}; {counts}"
    if settings != 0:
        model = "which model read the pictures is known no more: give the next 'vidcut index' its"
        means = f"{model} --visual-model again, else all pictures may be read anew"
        means = "all that counts was made anew" if rescued.has_model else means
        yield f"{_many(settings, 'setting')} of the library {_were(settings)}; {means}"


def _many(count: int | None, what: str) -> str:
    if count is None:
        return f"an unknown number of {what}s"
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def _were(count: int | None) -> str:
    if count is None:
        return "may be lost"
    return "was lost" if count == 1 else "were lost"


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
        for path in (*folder.iterdir(), *folder.glob("vectors/*"), *folder.glob("texts/*")):
            if is_leftover(path) and path.is_file():
                path.unlink()
        durable.sync(folder)
