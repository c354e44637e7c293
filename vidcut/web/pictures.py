"""Small pictures of videos: one of a time, or many of a stretch side by side."""

from __future__ import annotations

import asyncio
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image
from starlette.responses import Response

from vidcut.errors import MediaError
from vidcut.records import Span
from vidcut.web.asked import Asked, unless_gone
from vidcut.web.media import seen_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from starlette.requests import Request

    from vidcut.protocols import Viewer
    from vidcut.records import Picture
    from vidcut.web.shelf import Shelf

_WIDTHS_PX = (160, 320, 640, 1280)
"""The sizes that are made: any other would be one more on the shelf."""
_QUALITY = 72
"""Of JPEG, as `vidcut.thumbnails`."""
_MOST_PICTURES, _PICTURES = 20, 10
_AT_ONCE = 2
_CACHE = "private, max-age=3600, immutable"
"""A file that is replaced may show what it did for an hour; it is indexed anew before."""
_MIME = "image/jpeg"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Pictures of one video's file, to be one JPEG."""

    path: Path
    times_us: Sequence[int]
    longest_px: int
    key: str
    """What they are on the shelf by: the same file and times, the same pictures."""


class Studio:
    """Makes pictures, in decoders that may crash; a few at a time."""

    def __init__(self, viewer: Viewer, shelf: Shelf) -> None:
        self._viewer = viewer
        self._shelf = shelf
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pictures")

    async def made(self, wanted: _Wanted) -> bytes:
        """The JPEG; raises `MediaError` where none of them decodes."""
        return await asyncio.wrap_future(self._threads.submit(self._made, wanted))

    def close(self) -> None:
        """Make no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _made(self, wanted: _Wanted) -> bytes:
        kept = self._shelf.get(wanted.key)
        if kept is None:
            kept = _jpeg(_side_by_side(list(self._taken(wanted))))
            self._shelf.put(wanted.key, kept)
        return kept

    def _taken(self, wanted: _Wanted) -> list[Picture]:
        """A picture of each time; where one does not decode, the one before it stands in."""
        found: list[Picture | None] = []
        failure: MediaError | None = None
        for time_us in wanted.times_us:
            try:
                found.append(
                    self._viewer.picture(wanted.path, time_us, longest_px=wanted.longest_px)
                )
            except MediaError as error:
                failure = error
                found.append(found[-1] if found else None)
        first = next((one for one in found if one is not None), None)
        if first is None:
            raise failure or MediaError("there is nothing to show")
        return [first if one is None else one for one in found]


async def frame(request: Request) -> Response:
    """``GET /media/ID/frame``: what a video shows at a time."""
    asked = Asked(request)
    return await _answer(request, [asked.time_us("at") or 0], _width_px(asked, 320))


async def sprite(request: Request) -> Response:
    """``GET /media/ID/sprite``: pictures of a stretch, side by side."""
    asked = Asked(request)
    count = asked.count("count", _PICTURES, _MOST_PICTURES)
    start_us = asked.time_us("start") or 0
    end_us = asked.time_us("end")
    span = Span(start_us, max(start_us + 1, end_us or start_us + 1))
    times_us = [span.start + span.duration * (2 * n + 1) // (2 * count) for n in range(count)]
    return await _answer(request, times_us, _width_px(asked, 160))


async def _answer(request: Request, times_us: Sequence[int], longest_px: int) -> Response:
    file = await seen_file(request)
    key = f"{file.content} {longest_px} {list(times_us)}"
    etag = f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": _CACHE}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    studio: Studio = request.app.state.studio
    wanted = _Wanted(file.path, times_us, longest_px, key)
    content = await unless_gone(request, studio.made(wanted))
    return Response(content, headers=headers, media_type=_MIME)


def _width_px(asked: Asked, default: int) -> int:
    wished = asked.count("width", default, _WIDTHS_PX[-1])
    return next(width for width in _WIDTHS_PX if width >= wished)


def _side_by_side(pictures: Sequence[Picture]) -> Image.Image:
    """All of them as high and wide as the first."""
    images = [Image.fromarray(one) for one in pictures]
    width, height = images[0].size
    if len(images) == 1:
        return images[0]
    sheet = Image.new("RGB", (width * len(images), height))
    for place, image in enumerate(images):
        fitted = image if image.size == (width, height) else image.resize((width, height))
        sheet.paste(fitted, (place * width, 0))
    return sheet


def _jpeg(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()
