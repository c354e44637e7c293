"""Jobs as they go on, told to whoever looks: server-sent events."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from vidcut.web.jobs import Job, Jobs

_MOST_LISTENERS = 16
_QUIET_S = 15.0
"""After so long without news a line says that the connection lives."""
_REST_S = 0.2
"""Of what changes faster, the last is told."""


class _Listener:
    """Somebody who looks on: what has changed since it was last told."""

    def __init__(self) -> None:
        self.changed: dict[str, Job] = {}
        self.news = asyncio.Event()


class Events:
    """Tells every listener of every job that changes."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners: set[_Listener] = set()
        self._is_closed = False

    def changed(self, job: Job) -> None:
        """A job is other than before; from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread, job)

    def close(self) -> None:
        """Say goodbye to all, in the loop's thread: an open stream would hold up the end."""
        self._is_closed = True
        for listener in self._listeners:
            listener.news.set()

    def _spread(self, job: Job) -> None:
        for listener in self._listeners:
            listener.changed[job.id] = job
            listener.news.set()

    async def stream(self, jobs: Jobs) -> AsyncIterator[str]:
        """All jobs that there are, then each as it changes, for as long as someone listens."""
        listener = _Listener()
        listener.changed = {job.id: job for job in jobs.all()}
        self._listeners.add(listener)
        try:
            yield ": here\n\n"
            while not self._is_closed:
                changed, listener.changed = listener.changed, {}
                listener.news.clear()
                for job in changed.values():
                    yield f"data: {json.dumps(job.told())}\n\n"
                await asyncio.sleep(_REST_S)
                try:
                    await asyncio.wait_for(listener.news.wait(), _QUIET_S)
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            self._listeners.discard(listener)

    @property
    def is_full(self) -> bool:
        """Whether nobody else can be told."""
        return len(self._listeners) >= _MOST_LISTENERS


async def events(request: Request) -> Response:
    """``GET /api/jobs/events``."""
    told: Events = request.app.state.events
    if told.is_full:
        raise HTTPException(503, "too many pages look on; close one")
    stream = told.stream(request.app.state.jobs)
    return StreamingResponse(stream, media_type="text/event-stream")
