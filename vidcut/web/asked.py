"""What a request asks for, read with suspicion: numbers in their bounds, bodies of a size."""

from __future__ import annotations

import asyncio
import json
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from vidcut.errors import UsageError
from vidcut.records import SECOND_US, Span

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from starlette.requests import Request

T = TypeVar("T")

_MOST_BODY_BYTES = 1 << 20
_MOST_S = 1e7
"""Longer than any video: 115 days."""
_MOST_ID = 1 << 62
_NS = 1_000_000_000


class Asked:
    """The parameters of a request's query.

    Raises:
        UsageError: by each method, where a parameter is not what it is to be.
    """

    def __init__(self, request: Request) -> None:
        self._given = request.query_params

    def text(self, name: str) -> str:
        """A text; empty where it is not given."""
        return str(self._given.get(name, ""))

    def texts(self, name: str) -> tuple[str, ...]:
        """Texts, given one by one or between commas."""
        every = (part for one in self._given.getlist(name) for part in one.split(","))
        return tuple(part for part in every if part)

    def count(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to ``most``."""
        return whole(self._given.get(name, str(default)), name, 1, most)

    def counted(self, name: str, most: int) -> int | None:
        """Likewise; None where it is not given."""
        return self.count(name, 1, most) if self.text(name) else None

    def time_us(self, name: str) -> int | None:
        """A time, given in seconds; None where it is not given."""
        return time_us(self.text(name), name) if self.text(name) else None

    def ids(self, name: str) -> tuple[int, ...]:
        """Ids of videos."""
        return tuple(whole(one, name, 0, _MOST_ID) for one in self.texts(name))

    def day_ns(self, name: str, *, after: bool = False) -> int | None:
        """A date's begin (``after``: its end) in nanoseconds since 1970; None where not given."""
        if not (text := self.text(name)):
            return None
        try:
            day = datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(days=after)
        except (ValueError, OverflowError) as error:
            raise UsageError(f"{name}={text} is no date; give one like 2026-01-31") from error
        return int(day.timestamp()) * _NS

    def places(self, name: str) -> list[tuple[int, Span]]:
        """Stretches of videos, each given as ``ID@START-END``."""
        found = []
        for text in self._given.getlist(name):
            video, _, span = text.partition("@")
            start, _, end = span.partition("-")
            stretch = _span(time_us(start, name), time_us(end, name), name)
            found.append((whole(video, name, 0, _MOST_ID), stretch))
        return found


def whole(value: object, name: str, least: int, most: int) -> int:
    """A whole number within bounds; raises `UsageError`."""
    text = str(value)
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else least - 1  # noqa: PLR2004  (no number of use has so many digits)
    if not least <= number <= most:
        raise UsageError(f"{name}: give a whole number from {least} to {most}")
    return number


def time_us(value: object, name: str) -> int:
    """Seconds as microseconds; raises `UsageError`."""
    try:
        seconds = float(value) if isinstance(value, (str, int, float)) else math.nan
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _MOST_S:
        raise UsageError(f"{name}: give seconds, from 0 up")
    return round(seconds * SECOND_US)


def place(value: object, name: str) -> tuple[int, Span]:
    """A stretch of a video, given as ``{"video": ID, "start": S, "end": S}``."""
    facts = value if isinstance(value, dict) else {}
    video = whole(facts.get("video"), f"{name}.video", 0, _MOST_ID)
    start_us = time_us(facts.get("start"), f"{name}.start")
    return video, _span(start_us, time_us(facts.get("end"), f"{name}.end"), name)


def _span(start_us: int, end_us: int, name: str) -> Span:
    if start_us >= end_us:
        raise UsageError(f"{name}: give a start, and an end after it")
    return Span(start_us, end_us)


async def body_of(request: Request) -> Mapping[str, Any]:
    """The JSON object that a request brings.

    Raises:
        HTTPException: it is too large, or no JSON object, or does not say that it is.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "send JSON, as application/json")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BODY_BYTES:
            raise HTTPException(413, f"too much; send at most {_MOST_BODY_BYTES >> 20} MiB")
    try:
        facts = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"this is no JSON ({error})") from error
    if not isinstance(facts, dict):
        raise HTTPException(400, "send a JSON object")
    return facts


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What the work comes to; cancelled when whoever asked goes, as at the next key.

    Raises:
        ClientDisconnect: nobody is there any more.
    """
    doing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise ClientDisconnect
        return doing.result()
    finally:
        leaving.cancel()
        doing.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
