"""The ledger of a library: write down what was used, find what never was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut import ledger
from vidcut.ledger import Use
from vidcut.records import Video

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from vidcut.ledger import Unused
    from vidcut.library import Holdings
    from vidcut.records import Span

    Item: TypeAlias = tuple[Video | str | os.PathLike[str], Span]
    Film: TypeAlias = tuple[str, Iterable[Item]]
    """A film or timeline, as a person knows it, and what is in it."""


def mark(holdings: Holdings, films: Iterable[Film]) -> int:
    """Write down, all of it or nothing, what went into films; how much of it is new.

    Args:
        holdings: a library that is open to write.
        films: of each its name, and the videos or paths of files in it with a span of each.
            Files that the library does not know, and empty spans, are passed over.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    added = 0
    with holdings.catalog.writing():
        for what, items in films:
            for source, span in items:
                video = source if isinstance(source, Video) else at(holdings, source)
                if video is not None and span.duration:
                    added += holdings.catalog.uses.add(video.id, Use(span, what, now))
    return added


def strangers(holdings: Holdings, paths: Iterable[str]) -> list[str]:
    """The files that the library does not know, each once."""
    return [path for path in dict.fromkeys(paths) if at(holdings, path) is None]


def at(holdings: Holdings, path: str | os.PathLike[str]) -> Video | None:
    """The library's video whose file lies at a path; None for a file that it does not know.

    A path that leads there by links to folders is known too.
    """
    known = holdings.catalog.video_at
    return known(holdings.relative(Path(path))) or known(holdings.relative_real(Path(path)))


def unused(holdings: Holdings) -> Iterator[Unused]:
    """What went nowhere yet, by path and time: each content once, and no file that is gone.

    A file of which no length is known, as where it could not be read, offers nothing to use.
    """
    catalog = holdings.catalog
    used = catalog.uses.spans()
    videos = {v.id: v for v in catalog.videos() if v.state != "missing" and v.duration_us}
    for copies in catalog.copies():
        for copy in [video_id for video_id in copies if video_id in videos][1:]:
            del videos[copy]
    for video in videos.values():
        chunks = catalog.chunks_of(video.id, words=False)
        yield from ledger.unused(video, used.get(video.id, ()), chunks)
