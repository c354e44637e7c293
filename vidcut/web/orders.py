"""What the page orders: jobs made of its moments, their files, and the shell's words for them."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from vidcut import cutting, plugins, wiring, writer
from vidcut import library as holding
from vidcut.drafts import check_folder, refused
from vidcut.errors import UsageError
from vidcut.web import commands
from vidcut.web.asked import body_of, place
from vidcut.web.jobs import INDEX, KINDS, Job, Jobs
from vidcut.web.looking import TRANSITIONS, known
from vidcut.web.told import Told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from vidcut import Library
    from vidcut.records import Span
    from vidcut.web.desks import Desk

_MOST_MOMENTS = 1000
_MOST_TITLE = 200
_CLIPS = "clips"
_SHOWN = {".mp4": "video/mp4", ".m4a": "audio/mp4"}
"""What may be looked at in the page; all else is for the disk alone."""


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch of a file; or, without a path, of nothing."""

    path: str | None
    start_us: int
    end_us: int
    title: str = ""


# Jobs ---------------------------------------------------------------------------------


async def start(request: Request) -> Response:
    """``POST /api/jobs``: begin one; 201 with what is known of it."""
    body = await body_of(request)
    kind, jobs = body.get("kind"), _jobs(request)
    if kind not in KINDS:
        raise UsageError(f"kind: give one of {', '.join(KINDS)}")
    title = _text(body, "name", _text(body, "query", str(kind)))
    desk: Desk = request.app.state.browser
    if kind == INDEX:
        await _bring_up_to_date(request)
        errand = await desk.ask(lambda library: _index_errand(library, body))
    else:
        items = await items_of(request, body)
        options = {**_switches(body), **_format(body, kind), "items": list(map(asdict, items))}
        folder = await desk.ask(lambda library: _folder(library, title))
        errand = {**options, "name": title, "folder": str(folder)}
    return Told({"job": jobs.start(kind, title, errand).told()}, 201)


async def every(request: Request) -> Response:
    """``GET /api/jobs``."""
    return Told({"jobs": [job.told() for job in _jobs(request).all()]})


async def one(request: Request) -> Response:
    """``GET /api/jobs/ID``."""
    return Told({"job": _job(request).told()})


async def cancel(request: Request) -> Response:
    """``DELETE /api/jobs/ID``: end it; what it has made stays."""
    job = _job(request)
    _jobs(request).cancel(job)
    return Told({"job": job.told()})


async def file(request: Request) -> Response:
    """``GET /api/jobs/ID/files/N``: a file that a job has made, to keep or to look at."""
    job, number = _job(request), request.path_params["number"]
    if number >= len(job.files):
        raise HTTPException(404, "the job has made no such file")
    path = job.files[number]
    try:
        facts = path.lstat()
    except OSError as error:
        raise HTTPException(410, f"{path.name} is gone") from error
    if not stat.S_ISREG(facts.st_mode):
        raise HTTPException(410, f"{path.name} is no file any more")
    is_shown = request.query_params.get("inline") == "1" and path.suffix in _SHOWN
    return FileResponse(
        path,
        media_type=_SHOWN[path.suffix] if is_shown else "application/octet-stream",
        filename=path.name.encode("utf-8", "replace").decode(),
        stat_result=facts,
        content_disposition_type="inline" if is_shown else "attachment",
    )


async def command(request: Request) -> Response:
    """``POST /api/command``: what does the same at the shell."""
    body = await body_of(request)
    items = await items_of(request, body)
    switches = _switches(body)
    kind = body.get("kind")
    if kind == "export":
        said = commands.export(items, str(_format(body, kind)["format"]))
    elif kind in {"reel", "script"}:
        said = commands.reel(items, vertical=switches["vertical"], fade=switches["fade"])
    elif kind == "cut":
        said = commands.cut(items, copy=switches["copy"], vertical=switches["vertical"])
    else:
        raise UsageError("kind: give cut, reel or export")
    return Told({"command": said})


# What it is made of -------------------------------------------------------------------


async def items_of(request: Request, body: Mapping[str, Any]) -> list[Item]:
    """The stretches that a body names: ``moments``, or the ``slots`` of a script.

    Raises:
        UsageError: there are none, or too many, or one lies outside of its video.
        HTTPException: 404, 410: there is no such video, or no such file.
    """
    wanted = _wanted(body)
    desk: Desk = request.app.state.browser

    def found(library: Library) -> list[Item]:
        return [
            _item(library, where, title) if where else Item(None, 0, length_us, title)
            for where, title, length_us in wanted
        ]

    return await desk.ask(found)


def _wanted(body: Mapping[str, Any]) -> list[tuple[tuple[int, Span] | None, str, int]]:
    """Of each item its place, its title and, where it has no place, its length."""
    named = "slots" if body.get("kind") == "script" else "moments"
    given = body.get(named)
    if not isinstance(given, list) or not 1 <= len(given) <= _MOST_MOMENTS:
        raise UsageError(f"{named}: give a list of 1 to {_MOST_MOMENTS}")
    if named == "moments":
        title = _text(body, "query", "")
        return [(place(one, f"moments[{n}]"), title, 0) for n, one in enumerate(given)]
    slots = []
    for number, one in enumerate(given):
        if not isinstance(one, dict):
            raise UsageError(f"slots[{number}]: give an object")
        moment, name = one.get("moment"), f"slots[{number}].moment"
        length_us = _length_us(one.get("length"), f"slots[{number}].length")
        where = place(moment, name) if moment is not None else None
        slots.append((where, _text(one, "text", ""), length_us))
    if not any(where for where, _, _ in slots):
        raise UsageError("no line of the script shows anything; choose a moment for one")
    return slots


def _length_us(value: object, name: str) -> int:
    if not isinstance(value, (int, float)) or not 0 < value <= 3600:  # noqa: PLR2004  (an hour)
        raise UsageError(f"{name}: give seconds, more than 0 and at most an hour")
    return round(value * 1_000_000)


def _item(library: Library, where: tuple[int, Span], title: str) -> Item:
    video_id, span = where
    video = known(library, video_id)
    path = library.path(video)
    if not path.is_file():
        raise HTTPException(410, f"{path.name} is gone; 'vidcut index' recognises what was moved")
    if span.start >= video.duration_us:
        lasts = f"{path.name} lasts {video.duration_us / 1e6:.3f} s"
        raise UsageError(f"{lasts}; give a stretch of that")
    return Item(str(path), span.start, min(span.end, video.duration_us), title)


def _switches(body: Mapping[str, Any]) -> dict[str, bool]:
    """What is asked of clips and films besides."""
    transition = body.get("transition", "none")
    if transition not in TRANSITIONS:
        raise UsageError(f"transition: give one of {', '.join(TRANSITIONS)}")
    found = {name: body.get(name, False) for name in ("copy", "vertical")}
    for name, value in found.items():
        if not isinstance(value, bool):
            raise UsageError(f"{name}: give true or false")
    if found["copy"] and found["vertical"]:
        raise UsageError("a copied picture is not changed; leave copy or vertical out")
    return {**found, "fade": transition == "fade"}


def _format(body: Mapping[str, Any], kind: str) -> dict[str, str]:
    if kind != "export":
        return {}
    names = plugins.names("exporters")
    if body.get("format") not in names:
        raise UsageError(f"format: give one of {', '.join(names)}")
    return {"format": str(body["format"])}


def _text(body: Mapping[str, Any], name: str, default: str) -> str:
    value = body.get(name) or default
    if not isinstance(value, str):
        raise UsageError(f"{name}: give a text")
    return value[:_MOST_TITLE]


def _folder(library: Library, title: str) -> Path:
    """A new folder for a job's files, beside the library."""
    clips = library.folder.parent / _CLIPS
    check_folder(clips)
    named = f"{cutting.slug(title)}-{time.strftime('%Y%m%d-%H%M%S')}"
    try:
        for number in range(1000):
            folder = clips / (f"{named}-{number}" if number else named)
            if not folder.exists():
                folder.mkdir(parents=True)
                return folder
    except OSError as error:
        raise refused(clips, error) from error
    raise UsageError(f"{clips} is full of folders of that name; give another")


async def _bring_up_to_date(request: Request) -> None:
    """Make an older library what it is to be, before it is written to: the desks let go of it.

    Raises:
        LibraryBusyError: another process has it open.
    """
    state = request.app.state
    desk: Desk = state.browser
    if not await desk.ask(lambda library: library.holdings.catalog.is_older()):
        return
    folder, store = await desk.ask(lambda it: (it.folder, wiring.store(it.settings)))

    def renew() -> None:
        with holding.open_to_write(folder, store):
            pass  # opening does it

    async with AsyncExitStack() as resting:
        for one_desk in (state.finder, state.browser, state.planner):
            await resting.enter_async_context(one_desk.resting())
        await asyncio.to_thread(renew)


def _index_errand(library: Library, body: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be indexed: a folder, or all that the library knows.

    Raises:
        UsageError: there is no such folder.
        LibraryBusyError: another process is writing to the library.
    """
    named = _text(body, "folder", "")
    if named:
        folder = Path(os.path.expanduser(named))  # noqa: PTH111  (of nobody's home, Path raises)
        if not folder.is_absolute() or not folder.exists():
            raise UsageError(f"{named} is not there; give the whole path of a folder that is")
        paths = [str(folder)]
    else:
        paths = _roots(library)
    with writer.only_writer(library.folder):
        pass  # told now, not when the job has loaded its models
    chosen = library.settings
    return {
        "library": str(library.folder),
        "paths": paths,
        "retry": body.get("retry") is True,
        "overrides": {"device": chosen.device, "offline": chosen.offline},
    }


def _roots(library: Library) -> list[str]:
    """The folders that hold the library's videos, none of which lies in another."""
    folders = {PurePath(library.path(video)).parent for video in library.videos()}
    outer = [one for one in folders if not folders.intersection(one.parents)]
    found = [str(one) for one in sorted(outer) if Path(one).is_dir()]
    if not found:
        fact = "the library's folders are gone" if folders else "the library holds nothing yet"
        raise UsageError(f"{fact}; add a folder")
    return found


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


def _job(request: Request) -> Job:
    job = _jobs(request).find(request.path_params["job"])
    if job is None:
        raise HTTPException(404, "there is no such job")
    return job
