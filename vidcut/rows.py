"""Rows of the catalog's tables to records."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vidcut.errors import LibraryError
from vidcut.records import (
    Chunk,
    Media,
    PictureTrack,
    SoundTrack,
    Span,
    SubtitleTrack,
    Video,
    Word,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

AMONG = "(SELECT value FROM json_each(?))"
"""Any of a list, given as JSON."""
VIDEO = "SELECT id, path, size, duration_us, media, state, failure FROM videos"
"""The columns that `video` takes."""
CHUNK = "SELECT id, video_id, modality, start_us, end_us, text, language, words FROM chunks"
"""The columns that `chunk` takes."""


def video(row: tuple[Any, ...]) -> Video:
    """A row of `VIDEO`."""
    video_id, path, size, duration_us, media, state, failure = row
    with as_written():
        facts = _media(media) if media else None
    return Video(video_id, os.fsdecode(path), size, duration_us, facts, state, failure)


def chunk(row: tuple[Any, ...]) -> Chunk:
    """A row of `CHUNK`."""
    chunk_id, video_id, modality, start_us, end_us, text, language, words = row
    with as_written():
        spoken = tuple(Word(Span(s, e), w) for s, e, w in json.loads(words)) if words else ()
        return Chunk(chunk_id, video_id, modality, Span(start_us, end_us), text, language, spoken)


@contextmanager
def as_written() -> Iterator[None]:
    """What is no longer as vidcut wrote it makes the catalog a damaged one."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        fact = f"the catalog holds what vidcut did not write ({error!r})"
        raise LibraryError(f"{fact}; 'vidcut verify --repair' mends it") from error


@lru_cache(maxsize=10_000)
def _media(text: str) -> Media:
    facts = json.loads(text)
    picture, sound = facts["picture"], facts["sound"]
    if picture and picture["rate"]:
        picture["rate"] = Fraction(picture["rate"])
    return Media(
        facts["container"],
        facts["duration_us"],
        PictureTrack(**picture) if picture else None,
        SoundTrack(**sound) if sound else None,
        tuple(SubtitleTrack(**track) for track in facts["subtitles"]),
        facts.get("timecode"),
    )
