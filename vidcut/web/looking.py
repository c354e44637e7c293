"""What the library holds: itself, its videos, each of them, and where a moment may end."""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

import vidcut
from vidcut import plugins
from vidcut.web.answers import detail_json, seconds, video_json
from vidcut.web.asked import Asked, whole
from vidcut.web.told import Told

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from vidcut import Library, Video
    from vidcut.web.desks import Desk

_AT_ONCE = 500
_LEAST_SILENCE_US = 300_000
"""A pause in which one can cut: what goes with a sentence at most (`vidcut.boundaries`)."""
MODALITIES = ("frame", "asr", "ocr")
TRANSITIONS = ("none", "fade")


async def about(request: Request) -> Response:
    """``GET /api/about``: the library, and what can be done here."""

    def told(library: Library) -> dict[str, Any]:
        counts = library.holdings.catalog.counts()
        return {
            "version": vidcut.__version__,
            "library": str(library.folder),
            "videos": len(library.videos()),
            "chunks": {name: counts.get(name, 0) for name in MODALITIES},
            "offline_model": library.visual_model == "labels",
            "models": library.models(),
            "extras": {"vertical": True, "music": importlib.util.find_spec("librosa") is not None},
            "exports": plugins.names("exporters"),
            "transitions": TRANSITIONS,
        }

    return Told(await _browser(request).ask(told))


async def videos(request: Request) -> Response:
    """``GET /api/videos``: some of the videos in order of path, and where the next begin."""
    cursor = whole(Asked(request).text("cursor") or 0, "cursor", 0, 1 << 40)

    def listed(library: Library) -> dict[str, Any]:
        known, catalog = library.videos(), library.holdings.catalog
        counts, modified = catalog.counts_by_video(), catalog.modified_ns()
        shown = known[cursor : cursor + _AT_ONCE]
        return {
            "videos": [
                video_json(one, chunks=counts.get(one.id, 0), modified_ns=modified[one.id])
                for one in shown
            ],
            "next": cursor + _AT_ONCE if cursor + _AT_ONCE < len(known) else None,
            "total": len(known),
        }

    return Told(await _browser(request).ask(listed))


async def video(request: Request) -> Response:
    """``GET /api/videos/ID``: one video, its shots and texts."""
    video_id = request.path_params["video"]

    def detailed(library: Library) -> dict[str, Any]:
        one, catalog = known(library, video_id), library.holdings.catalog
        chunks = catalog.chunks_of(one.id, words=False)
        _, modified_ns = catalog.stamp(one.id)
        return {
            **video_json(one, chunks=len(chunks), modified_ns=modified_ns),
            **detail_json(library.shots(one), chunks),
        }

    return Told(await _browser(request).ask(detailed))


async def snap(request: Request) -> Response:
    """``GET /api/snap``: the times that a moment's ends are drawn to."""
    video_id = whole(Asked(request).text("video"), "video", 0, 1 << 62)

    def edges(library: Library) -> dict[str, list[float]]:
        one, catalog = known(library, video_id), library.holdings.catalog
        said = [chunk.span for chunk in catalog.chunks_of(one.id, "asr", words=False)]
        pauses = [
            (a.end, b.start) for a, b in pairwise(said) if b.start - a.end > _LEAST_SILENCE_US
        ]
        return {
            "shots": [seconds(cut) for cut in catalog.cuts(one.id)],
            "sentences": sorted({seconds(edge) for one in said for edge in (one.start, one.end)}),
            "silences": [seconds((end + start) // 2) for end, start in pauses],
        }

    return Told(await _browser(request).ask(edges))


def known(library: Library, video_id: int) -> Video:
    """The library's video of an id.

    Raises:
        HTTPException: 404, it has none.
    """
    found = library.holdings.catalog.video_of(video_id)
    if found is None:
        raise HTTPException(404, f"the library has no video {video_id}")
    return found


def _browser(request: Request) -> Desk:
    desk: Desk = request.app.state.browser
    return desk
