"""Videos to be played: the file itself by ranges, or made over while it is watched."""

from __future__ import annotations

import asyncio
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response, StreamingResponse

from vidcut import program, streaming
from vidcut.web.answers import mime_of
from vidcut.web.asked import Asked
from vidcut.web.looking import known

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from starlette.requests import Request

    from vidcut import Library, Video
    from vidcut.processes import Pouring
    from vidcut.web.desks import Desk

_UNKNOWN = "application/octet-stream"
_AT_ONCE = 3
"""An ffmpeg that makes a video over takes all the cores that it gets."""
_PART_BYTES = 1 << 16
_BEGINNING = re.compile("bytes=0-([0-9]{1,6})")
_MOST_PROBED_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class File:
    """A video's file, as it lies there."""

    video: Video
    path: Path
    facts: os.stat_result

    @property
    def content(self) -> str:
        """What stands for what it holds."""
        return f"{self.video.id} {self.facts.st_size} {self.facts.st_mtime_ns}"


async def whole_file(request: Request) -> Response:
    """``GET /media/ID``: the file, or ranges of it."""
    file = await file_of(request)
    media_type = mime_of(file.video) or _UNKNOWN
    headers = {"cache-control": "private, no-cache"}
    return FileResponse(file.path, headers=headers, media_type=media_type, stat_result=file.facts)


class Theatre:
    """The videos that are being made over for somebody who watches."""

    def __init__(self) -> None:
        self._tool: program.Tool | None = None
        self._running: set[Pouring] = set()
        self._watching = 0
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="play")

    async def demand_seat(self) -> None:
        """Raise where nothing can be played now.

        Raises:
            HTTPException: 503, as many as may be are running.
            MissingError: there is no ffmpeg.
        """
        if self._watching >= _AT_ONCE:
            raise HTTPException(503, "too many videos are being made over; close one")
        if self._tool is None:
            self._tool = await asyncio.to_thread(program.find)

    async def play(self, path: Path, start_us: int) -> AsyncGenerator[bytes]:
        """The film from a time on; whoever stops listening ends it."""
        assert self._tool is not None  # noqa: S101 - a seat was demanded
        self._watching += 1
        loop = asyncio.get_running_loop()
        pouring = streaming.watched(self._tool, path, start_us)
        self._running.add(pouring)
        try:
            while part := await loop.run_in_executor(self._threads, pouring.read, _PART_BYTES):
                yield part
        finally:
            self._watching -= 1
            self._running.discard(pouring)
            pouring.end()  # now: the thread that may be reading gets nothing more
            self._threads.submit(pouring.release)

    def close(self) -> None:
        """End them all."""
        for pouring in self._running:
            pouring.end()
        self._threads.shutdown(wait=False)


async def play(request: Request) -> Response:
    """``GET /media/ID/play``: a film that every browser plays, from a time on.

    Nobody knows its length before it is made. A range of its beginning, as Safari asks for
    before it plays, is answered; any other is the whole, as HTTP allows.
    """
    start_us = Asked(request).time_us("start") or 0
    file = await file_of(request)
    headers = {"accept-ranges": "bytes"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=streaming.MIME)
    theatre: Theatre = request.app.state.theatre
    await theatre.demand_seat()
    film = theatre.play(file.path, start_us)
    wanted = _BEGINNING.fullmatch(request.headers.get("range", ""))
    if wanted is None or int(wanted[1]) >= _MOST_PROBED_BYTES:
        return StreamingResponse(film, headers=headers, media_type=streaming.MIME)
    content = await _first(film, int(wanted[1]) + 1)
    headers["content-range"] = f"bytes 0-{len(content) - 1}/*"
    return Response(content, 206, headers, streaming.MIME)


async def _first(film: AsyncGenerator[bytes], count: int) -> bytes:
    """The film's first bytes; no more of it is made.

    Raises:
        HTTPException: 422, there are none.
    """
    held = b""
    async with aclosing(film):
        async for part in film:
            held += part
            if len(held) >= count:
                break
    if not held:
        raise HTTPException(422, "the video does not decode from there on")
    return held[:count]


async def file_of(request: Request) -> File:
    """The file of the video that a request names by id.

    Raises:
        HTTPException: 404, the library has no such video; 410, its file is gone.
    """
    desk: Desk = request.app.state.browser
    video_id: int = request.path_params["video"]

    def found(library: Library) -> tuple[Video, Path]:
        video = known(library, video_id)
        return video, library.path(video)

    video, path = await desk.ask(found)
    try:
        facts = path.stat()
    except OSError as error:
        gone = f"{path.name} is gone; where it was moved, 'vidcut index FOLDER' recognises it"
        raise HTTPException(410, gone) from error
    if not stat.S_ISREG(facts.st_mode):
        raise HTTPException(410, f"{path.name} is no file any more")
    return File(video, path, facts)


async def seen_file(request: Request) -> File:
    """Likewise, of a video with pictures; raises as well 404 where it has none."""
    file = await file_of(request)
    if file.video.media is None or file.video.media.picture is None:
        raise HTTPException(404, f"{file.path.name} has no pictures")
    return file
