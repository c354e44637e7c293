"""A folder of very many films, and a library that knows all of them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from tests.reliability import films
from vidcut import indexing, library, wiring
from vidcut.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

_IN_A_FOLDER = 1000
_SECONDS = 10


def prepare(folder: Path, count: int) -> None:
    """Films of different content, a thousand to a folder, entered as an index run enters them.

    One transaction holds all of them: they are not what is measured.
    """
    tools, reader = films.tools(), films.Reader()
    root = folder / "films"
    with library.open_to_write(
        folder / ".vidcut", wiring.store(Settings()), create=True
    ) as holdings:
        catalog = holdings.catalog
        with catalog.writing():
            for number in range(count):
                path = root / f"{number // _IN_A_FOLDER:03}" / f"{number:06}.m4a"
                if number % _IN_A_FOLDER == 0:
                    path.parent.mkdir(parents=True)
                facts = {"seconds": _SECONDS, "tint": 1 + number % 9, "pictures": False}
                written = json.dumps({**facts, "number": number}).encode()
                path.write_bytes(written)
                stat, content = path.stat(), hashlib.blake2b(written, digest_size=16).digest()
                stamp = (stat.st_size, stat.st_mtime_ns)
                video_id = catalog.add_video(holdings.relative(path), stamp, content)
                media = reader.probe(path)
                catalog.describe(video_id, media)
                for task in indexing.wanted(path, media, tools):
                    name, done_us = task.modality.name, media.duration_us
                    catalog.advance(video_id, name, task.recipe, done_us=done_us, finished=True)
                catalog.set_state(video_id, "ok")
