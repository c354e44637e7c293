"""Listen, and end: the socket, the address that is printed, the last seconds."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import webbrowser
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from vidcut.errors import UsageError
from vidcut.web import app
from vidcut.web.guard import LOOPBACK, Key
from vidcut.web.told import Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from vidcut import Library

_log = logging.getLogger(__name__)

_BACKLOG = 128
_MOST_AT_ONCE = 64
"""Connections: a browser opens six, and a few may look on."""
_LAST_WORD_S = 1
"""How long an answer that is under way may still take when the server is ended."""
_STUCK_S = 1.0
_PATIENCE_S = 10.0
"""How long a connection may take to ask: sockets that say nothing would keep others out."""


def serve(
    library: Library, *, host: str, port: int, opens: bool, tell: Callable[[str], None]
) -> None:
    """Serve a library until SIGINT or SIGTERM.

    Args:
        library: opened by nobody else.
        host: the address to listen at.
        port: 0 for any that is free.
        opens: whether a browser is opened.
        tell: called with the address, once it is listened at.

    Raises:
        UsageError: it cannot be listened at.
    """
    listening = _listening(host, port)
    key = Key(listening.getsockname()[1])
    if host not in LOOPBACK and host != "::1":
        _log.warning("%s: whoever can reach it and has the address sees all, unencrypted", host)
    ending: list[Callable[[], None]] = []
    server = _Server(
        uvicorn.Config(
            app.build(library, key, host, ending),
            access_log=False,
            http=_Impatient,
            lifespan="on",
            log_config=None,
            loop="asyncio",
            server_header=False,
            timeout_graceful_shutdown=_LAST_WORD_S,
            ws="none",
        ),
        ending,
    )
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  (asked for by name)
    base = f"http://{f'[{shown}]' if ':' in shown else shown}:{key.port}/?token="
    try:
        tell(base + key.token)
        if opens:
            webbrowser.open(base + key.ticket())
        asyncio.run(server.serve([listening]))
    except KeyboardInterrupt:
        pass  # the way to end it: uvicorn has ended, and hands the signal on
    finally:
        listening.close()
    _leave_if_stuck()


class _Server(uvicorn.Server):
    """One that says when it begins to end: streams that go on for ever would hold it up."""

    def __init__(self, config: uvicorn.Config, ending: list[Callable[[], None]]) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, once the streams know."""
        for end in self._ending:
            end()
        await super().shutdown(sockets)


class _Impatient(H11Protocol):
    """HTTP that lets go of whoever is connected and does not ask, or never ends to."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """As uvicorn does, with a time to ask in."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """As uvicorn does; what is asked in full is waited for no more."""
        is_full = len(self.connections) > _MOST_AT_ONCE
        self.app = _full if is_full else self.config.loaded_app
        super().data_received(data)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """As uvicorn does."""
        super().connection_lost(exc)
        self._cease()

    def _expect(self) -> None:
        asked: RequestResponseCycle | None = self.cycle  # None until there is one
        if asked is not None and not asked.response_complete:
            self._cease()
        elif self._waiting is None:
            self._waiting = self.loop.call_later(_PATIENCE_S, self.transport.close)

    def _cease(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


async def _full(scope: Scope, receive: Receive, send: Send) -> None:
    """What is answered where too many are connected: uvicorn's own words would be no JSON."""
    told = Told({"error": "too many are connected; close a page"}, 503, {"connection": "close"})
    await told(scope, receive, send)


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        fact = f"{host}:{port} cannot be listened at ({error.strerror})"
        raise UsageError(f"{fact}; give another --port, or 0 for one that is free") from error
    return listening


def _leave_if_stuck() -> None:
    """End now where a thread is still at work in a native library, which nothing can stop."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(_STUCK_S)
            if thread.is_alive():
                os._exit(0)
