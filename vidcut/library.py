"""What a library holds: the catalog, the truth, and the vectors' snapshots, its cache."""

from __future__ import annotations

import logging
import os
import uuid
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidcut import catalog, durable, places, terms, writer
from vidcut.errors import (
    LibraryNotFoundError,
    OutputError,
    UsageError,
)
from vidcut.footage import LIBRARY_FOLDER
from vidcut.snapshots import Snapshots
from vidcut.wordings import Wordings
from vidcut.writer import only_writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from numpy.typing import NDArray

    from vidcut.nearby import Longest
    from vidcut.records import Draft, Space, Vector, Video

CATALOG = "catalog.sqlite"
_log = logging.getLogger(__name__)


def locate(start: Path) -> Path:
    """The ``.vidcut`` of the folder or of the nearest one above that has one."""
    for folder in (start, *start.parents):
        if (folder / LIBRARY_FOLDER / CATALOG).is_file():
            return folder / LIBRARY_FOLDER
    fact = f"no library in {start} or above it"
    raise LibraryNotFoundError(f"{fact}; 'vidcut index FOLDER' makes one, --library names one")


def open_(folder: Path, store: ModuleType) -> Holdings:
    """Open a library to read from it."""
    return Holdings(folder, catalog.open_(folder / CATALOG, writable=False), store)


def demand_writable(folder: Path) -> None:
    """Raise where the library cannot be opened to write, but for another writer's sake.

    Raises:
        LibraryError: it is not as vidcut made it.
        OutputError: it cannot be written to.
    """
    path = folder / CATALOG
    durable.demand_plain(path)
    writer.demand_writable(folder)
    with durable.writing_in(folder):
        os.close(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC))


@contextmanager
def open_to_write(folder: Path, store: ModuleType, *, create: bool = False) -> Iterator[Holdings]:
    """Open a library as its only writer, making it first where asked and not there.

    Raises:
        LibraryBusyError: another process is writing to it.
        LibraryNotFoundError: it is not there and was not to be made.
        OutputError: it cannot be made here.
    """
    if create:
        _make(folder)
    elif not folder.is_dir():
        raise LibraryNotFoundError(f"{folder} is no library; 'vidcut index FOLDER' makes one")
    with only_writer(folder):
        _warn_of_network(folder)
        path = folder / CATALOG
        if create and not path.exists():
            _begin(path)
        holdings = Holdings(folder, catalog.open_(path, writable=True), store)
        try:
            yield holdings
        finally:
            holdings.close()


@dataclass(frozen=True, slots=True)
class Known:
    """What searches need again and again of the videos that answer."""

    videos: dict[int, Video] = field(default_factory=dict)
    cuts: dict[int, list[int]] = field(default_factory=dict)
    longest: Longest = field(default_factory=dict)


class Holdings:
    """An open library: the catalog, and the vectors that go with it."""

    def __init__(self, folder: Path, opened: catalog.Catalog, store: ModuleType) -> None:
        self.folder = folder
        self.catalog = opened
        self._all_answers: tuple[tuple[int, int], bool] | None = None
        self._known: tuple[tuple[int, int], Known] | None = None
        self.vectors = Snapshots(folder / "vectors", opened, store)
        self.texts = Wordings(folder / "texts", opened)

    def close(self) -> None:
        """Let go of the files."""
        self.vectors.close()
        self.texts.close()
        self.catalog.close()

    # Paths -----------------------------------------------------------------------------

    def relative(self, path: Path) -> str:
        """As the catalog names a file: seen from the library's own folder, with slashes."""
        return Path(os.path.relpath(path, self._root)).as_posix()

    def relative_real(self, path: Path) -> str:
        """Likewise, with no link to a folder on the way to the file or to the library."""
        folder = os.path.relpath(os.path.realpath(path.parent), os.path.realpath(self._root))
        return Path(folder, path.name).as_posix()

    def absolute(self, video: Video) -> Path:
        """Where a video's file lies."""
        return Path(os.path.normpath(self._root / video.path))

    def find(self, name: str) -> Video:
        """The one video of this path, or whose path ends so.

        Raises:
            UsageError: there is none, or more than one.
        """
        exact = self.catalog.video_at(self.relative(Path(name)))
        if exact is not None:
            return exact
        videos = self.catalog.videos()
        found = [v for v in videos if f"/{v.path}".endswith("/" + name.lstrip("/"))]
        if len(found) == 1:
            return found[0]
        if not found:
            raise UsageError(f"the library has no video {name}; 'vidcut ls' lists them")
        raise UsageError(f"{len(found)} videos end in {name}; give more of the path")

    def are_all_answers(self) -> bool:
        """Whether no video is missing, and no content there twice; looked up once."""
        version = self.catalog.version()
        if self._all_answers is None or self._all_answers[0] != version:
            all_are = not self.catalog.has_missing() and not self.catalog.copies()
            self._all_answers = version, all_are
        return self._all_answers[1]

    def known(self) -> Known:
        """Where is kept what was read of videos, until the catalog changes."""
        version = self.catalog.version()
        if self._known is None or self._known[0] != version:
            self._known = version, Known()
        return self._known[1]

    @property
    def _root(self) -> Path:
        return self.folder.absolute().parent

    # Writing ---------------------------------------------------------------------------

    def keep(self, video_id: int, modality: str, space: Space, drafts: Sequence[Draft]) -> None:
        """Make chunks of drafts, within the caller's transaction."""
        space_id = self.catalog.space_id(space)
        if self.catalog.modality_space(modality) != space:
            self.catalog.keep_modality_space(modality, space)
        for draft in drafts:
            found_by = terms.found_by(draft.text)
            chunk_id = self.catalog.add_chunk(video_id, modality, draft, found_by)
            if draft.vector is not None:
                vector = draft.vector.astype("<f2").tobytes()
                self.catalog.add_vector(chunk_id, space_id, vector)

    def forget(self, videos: Sequence[Video]) -> None:
        """Take out videos and all that was made of them, one after the other."""
        self.forget_other_pasts()
        for video in videos:
            with self.catalog.writing():
                self.catalog.forget_video(video.id)

    def forget_other_pasts(self) -> None:
        """Remove snapshots of chunks that an older catalog, put back, knows nothing of."""
        self.vectors.forget_other_pasts()
        self.texts.forget_other_pasts()

    def refresh_snapshots(self, modalities: Sequence[str]) -> None:
        """Write snapshots of each modality's vectors, and of all texts, where they are behind."""
        for modality in modalities:
            self.vectors.refresh(modality)
        self.texts.refresh()

    # Finding ---------------------------------------------------------------------------

    def nearest(
        self, modality: str, space: Space, vector: Vector, count: int, videos: Sequence[int] | None
    ) -> list[tuple[int, float]]:
        """Chunks by cosine with a vector, best first; ``videos`` limits them to some."""
        among = None
        if videos is not None:
            among = np.array(self.catalog.chunk_ids(modality, videos), dtype=np.int64)
        ids, cosines = self.vectors.search(modality, space, vector, count, among)
        return list(zip(ids.tolist(), cosines.tolist(), strict=True))

    def cosines(
        self, modality: str, space: Space, vector: Vector, ids: Sequence[int]
    ) -> NDArray[np.float32]:
        """Cosines with a vector of these chunks, which are all there; in their order."""
        wanted = np.array(ids, dtype=np.int64)
        found, cosines = self.vectors.search(modality, space, vector, len(ids), wanted)
        order = np.argsort(found, kind="stable")
        return cosines[order][np.searchsorted(found[order], wanted)]


def _make(folder: Path) -> None:
    """The folder and those above it; a power cut takes none of their names away again."""
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)  # it holds what is said in private footage
        for place in reversed(new):
            durable.sync(place.parent)
    except OSError as error:
        remedy = "--library DIR makes it elsewhere"
        raise OutputError(f"{folder} cannot be made ({error.strerror}); {remedy}") from error


def _begin(path: Path) -> None:
    """Make an empty catalog, whole or not at all."""
    aside = path.with_name(f".{path.name}.part")
    with durable.writing_in(path.parent), durable.nothing_left(path.parent, f".{path.name}.*"):
        # A log left by a catalog that was removed would be replayed into the new one.
        for left in path.parent.glob(f"{path.name}-*"):
            left.unlink()
        with closing(catalog.create(aside)) as new, new.writing():
            new.keep_setting("library_id", uuid.uuid4().hex)
        if aside.with_name(f"{aside.name}-wal").exists():  # of this, SQLite says nothing
            fact = f"{path} cannot be written whole"
            raise OutputError(f"{fact}; make room there or see whether the disk is sound")
        aside.replace(path)
        durable.sync(path.parent)


def _warn_of_network(folder: Path) -> None:
    kind = places.network(folder)
    if kind is not None:
        fact = "%s lies on a network file system (%s), where one process at a time can use it"
        _log.warning(f"{fact}; --library DIR keeps it on a disk of this machine", folder, kind)
