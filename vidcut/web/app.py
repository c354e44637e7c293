"""The server's routes, and what stands behind all of them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from vidcut import wiring
from vidcut.errors import LibraryError, MediaError, MissingError, OutputError, VidcutError
from vidcut.web import events, looking, media, orders, pages, pictures, script_view, searching
from vidcut.web.desks import Desk
from vidcut.web.events import Events
from vidcut.web.guard import Guard, Key
from vidcut.web.jobs import BusyError, Jobs
from vidcut.web.media import Theatre
from vidcut.web.pictures import Studio
from vidcut.web.shelf import Shelf
from vidcut.web.told import Told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from vidcut import Library

_log = logging.getLogger(__name__)

_NOBODY = 499
"""What nginx writes of a client that went; nobody reads it."""
_STATUS = (
    (BusyError, 409),
    (OutputError, 409),
    (LibraryError, 503),
    (MissingError, 503),
    (MediaError, 422),
    (VidcutError, 400),
)


def build(
    library: Library,
    key: Key,
    host: str,
    ending: list[Callable[[], None]],
    *,
    page: Path = pages.FOLDER,
) -> ASGIApp:
    """The application for one library.

    Args:
        library: opened by nobody else.
        key: who may come in.
        host: the address that is listened at.
        ending: gets what is to be called when the server begins to end, in its loop.
        page: the folder of the page's files.
    """

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncIterator[None]:
        eyes = wiring.reader(library.settings.reader, threads=1)
        state = app.state
        state.pages = pages.table(page)
        state.finder, state.browser = Desk(library, "find"), Desk(library.beside(), "browse")
        state.planner = Desk(library.beside(), "plan")
        state.events = Events()
        state.jobs = Jobs(state.events.changed)
        ending.append(state.events.close)
        warming = asyncio.ensure_future(state.finder.ask(searching.warm))
        state.studio = Studio(eyes, Shelf(library.folder / "cache" / "pictures"))
        state.theatre = Theatre()
        try:
            yield
        finally:
            warming.cancel()
            await asyncio.to_thread(state.jobs.close)
            state.theatre.close()
            state.studio.close()
            eyes.close()
            for desk in (state.planner, state.browser, state.finder):
                desk.close()

    app = Starlette(
        routes=_routes(),
        lifespan=living,
        exception_handlers={
            VidcutError: _refused,
            HTTPException: _told,
            ClientDisconnect: _left,
            Exception: _unforeseen,
        },
    )
    return Guard(app, key, host)


class _Number(Convertor[int]):
    """A number in a path: of a video, or of a file."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        """SQLite keeps 64 bits, and Python reads no number of thousands of digits."""
        return int(value)

    def to_string(self, value: int) -> str:
        """As starlette asks."""
        return str(value)


def _routes() -> list[Route]:
    register_url_convertor("number", _Number())
    one = "/media/{video:number}"
    return [
        Route("/", pages.index),
        Route("/page/{name}", pages.file),
        Route("/api/about", looking.about),
        Route("/api/search", searching.search),
        Route("/api/videos", looking.videos),
        Route("/api/videos/{video:number}", looking.video),
        Route("/api/videos/{video:number}/curve", searching.curve),
        Route("/api/snap", looking.snap),
        Route("/api/jobs", orders.every, methods=["GET"]),
        Route("/api/jobs", orders.start, methods=["POST"]),
        Route("/api/jobs/events", events.events),
        Route("/api/jobs/{job}", orders.one, methods=["GET"]),
        Route("/api/jobs/{job}", orders.cancel, methods=["DELETE"]),
        Route("/api/jobs/{job}/files/{number:number}", orders.file),
        Route("/api/command", orders.command, methods=["POST"]),
        Route("/api/script/plan", script_view.plan, methods=["POST"]),
        Route(one, media.whole_file),
        Route(f"{one}/play", media.play),
        Route(f"{one}/frame", pictures.frame),
        Route(f"{one}/sprite", pictures.sprite),
    ]


def _refused(_request: Request, error: Exception) -> Response:
    """What vidcut raised on purpose, in the words of the shell."""
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    return Told({"error": str(error)}, status)


def _told(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    return Told({"error": error.detail}, error.status_code, headers=error.headers)


def _left(_request: Request, _error: Exception) -> Response:
    return Response(status_code=_NOBODY)


def _unforeseen(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed: %r", request.method, request.url.path, error)
    return Told({"error": "the server has failed here; its log tells more"}, 500)
