"""Labelled queries: what is asked, and what a person says answers it (pure).

One JSON object a line, times in seconds; an empty ``relevant`` says that nothing answers it::

    {"id": "q1", "query": "hot pot", "lang": "en", "modality": "asr",
     "relevant": [{"video": "videos/a.mp4", "start": 1.5, "end": 4}]}

``id``, ``lang`` and ``modality`` may be left out.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from vidcut.errors import UsageError
from vidcut.records import SECOND_US, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LATEST_S = 1e9
"""No video lasts thirty years: a later time is a slip."""
_SHOWN_CHARS = 40


class Half(StrEnum):
    """What constants are chosen on, and what only judges them."""

    TUNED = "tuned"
    HELD_OUT = "held-out"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A query and what answers it."""

    id: str
    """Its line's number where nobody says."""
    query: str
    language: str
    """Empty where nobody says."""
    modality: str
    """Where the answer lies; where nobody says, ``none`` without an answer, else ``any``."""
    relevant: tuple[tuple[str, Span], ...]
    """The path of a video, and where in it."""

    @property
    def half(self) -> Half:
        """By the SHA-256 of the id: the same everywhere, and whatever else is asked."""
        first = hashlib.sha256(self.id.encode("utf-8", "surrogatepass")).digest()[0]
        return Half.HELD_OUT if first % 2 else Half.TUNED


def read(lines: Iterable[str]) -> list[Labelled]:
    """The labelled queries, in order; blank lines are passed over.

    Raises:
        UsageError: a line is not as it should be, an id stands twice, or there is no query.
    """
    found: dict[str, Labelled] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            labelled = _labelled(json.loads(line), number)
        except (ValueError, RecursionError) as error:  # ValueError: also what is not JSON
            raise UsageError(f"line {number} of the queries is not JSON ({error})") from error
        except _LineError as error:
            raise UsageError(f"line {number} of the queries: {error}") from error
        if labelled.id in found:
            raise UsageError(f"line {number} of the queries: the id {labelled.id} is taken already")
        found[labelled.id] = labelled
    if not found:
        raise UsageError("there is no query to judge by; give one JSON object a line")
    return list(found.values())


def locate(queries: Iterable[Labelled], paths: Iterable[str]) -> list[Labelled]:
    """The queries with their videos by the library's paths.

    A video is the one of the same name, and of several the one with the most of the folders
    above it in common.

    Raises:
        UsageError: the library has no such video, or several that agree as well.
    """
    of_name: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        of_name[PurePath(path).name].append(path)

    def located(labelled: Labelled) -> Labelled:
        relevant = [
            (_place(video, of_name[PurePath(video).name], labelled.id), span)
            for video, span in labelled.relevant
        ]
        return replace(labelled, relevant=tuple(relevant))

    return [located(labelled) for labelled in queries]


def _place(video: str, candidates: Sequence[str], asker: str) -> str:
    if not candidates:
        remedy = "index it, or leave the query out; 'vidcut ls' lists the videos"
        raise UsageError(f"the library has no video {video} (query {asker}); {remedy}")
    agreeing = {path: _agreement(video, path) for path in candidates}
    best = max(agreeing.values())
    places = [path for path, agreement in agreeing.items() if agreement == best]
    if len(places) > 1:
        fact = f"{video} (query {asker}) may be {' or '.join(places)}"
        raise UsageError(f"{fact}; give more of its path")
    return places[0]


def _agreement(one: str, other: str) -> tuple[int, bool]:
    """How many names from the end are the same, and whether all are."""
    reversed_one, reversed_other = PurePath(one).parts[::-1], PurePath(other).parts[::-1]
    same = 0
    for part, counterpart in zip(reversed_one, reversed_other, strict=False):
        if part != counterpart:
            break
        same += 1
    return same, reversed_one == reversed_other


# What a line says ---------------------------------------------------------------------


class _LineError(Exception):
    """What is wrong with a line."""


def _labelled(entry: Any, number: int) -> Labelled:
    if not isinstance(entry, dict):
        raise _LineError("it is to be an object with query and relevant")
    relevant = entry.get("relevant")
    if not isinstance(relevant, list):
        raise _LineError("relevant is to be a list, empty where nothing answers the query")
    return Labelled(
        id=_text(entry, "id", str(number)),
        query=_text(entry, "query"),
        language=_text(entry, "lang", ""),
        modality=_text(entry, "modality", "any" if relevant else "none"),
        relevant=tuple(_relevant(answer) for answer in relevant),
    )


def _relevant(answer: Any) -> tuple[str, Span]:
    if not isinstance(answer, dict):
        raise _LineError("relevant is to list objects with video, start and end")
    video, start, end = _text(answer, "video"), _time_us(answer, "start"), _time_us(answer, "end")
    if end <= start:
        raise _LineError(f"what is relevant in {video} does not end after it starts")
    return video, Span(start, end)


def _text(entry: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = entry.get(name, default)
    if isinstance(value, str) and (value.strip() or value == default):
        return value
    raise _LineError(f"{name} is to be a text{_instead(entry, name)}")


def _time_us(answer: Mapping[str, Any], name: str) -> int:
    value = answer.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LATEST_S:
        return round(value * SECOND_US)
    raise _LineError(f"{name} is to be a time in seconds{_instead(answer, name)}")


def _instead(entry: Mapping[str, Any], name: str) -> str:
    return f", not {repr(entry[name])[:_SHOWN_CHARS]}" if name in entry else "; it is missing"
