r"""JSON as it goes to the page: names that are no UTF-8 keep their bytes, as `\udcff`."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import Message, Send

_PLAIN = "text/plain"
_FIRST_ERROR = 400


class Told(JSONResponse):
    """A JSON answer in ASCII, which `JSON.parse` reads whatever is in it."""

    def render(self, content: Any) -> bytes:
        """As starlette asks."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


def in_json(send: Send) -> Send:
    """Send on; an error that others wrote as plain text, as of bad ranges, becomes one of ours."""
    held: Message | None = None

    async def sent(message: Message) -> None:
        nonlocal held
        if message["type"] == "http.response.start" and _is_plain_error(message):
            held = message
        elif held is not None:
            said = message.get("body", b"").decode("utf-8", "replace")
            error = said.rstrip(".") or HTTPStatus(held["status"]).phrase.lower()
            told = Told({"error": error}, held["status"])
            headers = MutableHeaders(scope=held)
            for name in ("content-type", "content-length"):
                headers[name] = told.headers[name]
            start, held = held, None
            await send(start)
            await send({**message, "body": told.body})
        else:
            await send(message)

    return sent


def _is_plain_error(message: Message) -> bool:
    kind = MutableHeaders(scope=message).get("content-type", "")
    return message["status"] >= _FIRST_ERROR and kind.startswith(_PLAIN)
