"""The page's own files: those that lie in its folder, by their names."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

FOLDER = Path(__file__).with_name("page")
INDEX = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}


def table(folder: Path) -> dict[str, Path]:
    """The files that may be asked for: name → where it lies. A request names, never a path."""
    return {path.name: path for path in sorted(folder.glob("*")) if path.suffix in _TYPES}


async def index(request: Request) -> Response:
    """``GET /``."""
    return _file(request, INDEX)


async def file(request: Request) -> Response:
    """``GET /page/NAME``."""
    return _file(request, request.path_params["name"])


def _file(request: Request, name: str) -> Response:
    pages: Mapping[str, Path] = request.app.state.pages
    if name not in pages:
        raise HTTPException(404, "there is no such page")
    content = pages[name].read_bytes()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": "no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=_TYPES[pages[name].suffix])
