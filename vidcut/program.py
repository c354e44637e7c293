"""The ffmpeg of this machine: where it is, what it can, how it is run."""

from __future__ import annotations

import os
import re
import shutil
import signal
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ffmpeg

from vidcut import codecs, processes
from vidcut.arguments import Making, trial
from vidcut.drafts import full
from vidcut.errors import MediaError, MissingError, OutputError
from vidcut.processes import Pouring

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable

    from vidcut.codecs import Writer
    from vidcut.finish import Finish
    from vidcut.packets import Look
    from vidcut.processes import Done

_NO_ROOM = re.compile(
    r": (No space left on device|Disk quota exceeded|File too large)\.?\s*$", re.MULTILINE
)
_READ_ONLY = re.compile(r": (Read-only file system)\.?\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tool:
    """An ffmpeg: its executable, its version and where it was found."""

    path: Path
    version: str
    origin: str
    """``VIDCUT_FFMPEG``, ``PATH`` or ``imageio-ffmpeg``."""
    halt: threading.Event | None = field(default=None, compare=False, repr=False)
    """Set by another thread, it ends what runs."""
    threads: int = field(default=0, compare=False, repr=False)
    """For decoding and encoding; 0 for as many as there are cores."""


def find() -> Tool:
    """The ffmpeg to use: ``VIDCUT_FFMPEG``, else the system's, else imageio-ffmpeg's.

    Raises:
        MissingError: there is none, or the one that was named does not run.
    """
    named = os.environ.get("VIDCUT_FFMPEG")
    if named:
        return _tool(Path(os.path.abspath(shutil.which(named) or named)), "VIDCUT_FFMPEG")  # noqa: PTH100
    system = shutil.which("ffmpeg")
    if system:
        return _tool(Path(os.path.abspath(system)), "PATH")  # noqa: PTH100
    return _tool(_shipped(), "imageio-ffmpeg")


def _tool(path: Path, origin: str) -> Tool:
    try:
        said = processes.run([str(path), "-hide_banner", "-version"]).stdout.decode(
            errors="replace"
        )
    except OSError as error:
        raise MissingError(f"{path} ({origin}) does not run: {error}; {_REMEDY}") from error
    match = re.match(r"ffmpeg version (\S+)", said)
    if match is None:
        raise MissingError(f"{path} ({origin}) is no ffmpeg; {_REMEDY}")
    return Tool(path, match[1], origin)


_REMEDY = "install ffmpeg, or 'pip install imageio-ffmpeg', or set VIDCUT_FFMPEG to one"


def _shipped() -> Path:
    try:
        import imageio_ffmpeg  # noqa: PLC0415 - only where the system has none

        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise MissingError(f"no ffmpeg on the PATH, and none shipped; {_REMEDY}") from error


# Which encoder -------------------------------------------------------------------------


def making_of(tool: Tool, look: Look, finish: Finish) -> Making:
    """How this picture is encoded here: the first encoder that suits it and works.

    Raises:
        UsageError: there is no encoder of the name that the finish asks for.
        MissingError: the encoder that was named does not work here.
    """
    deep = look.traits is not None and look.traits.is_deep
    wanted = codecs.writers(finish.encoder, deep=deep)
    named = finish.encoder not in {None, codecs.AUTO}
    # Nobody has to wait for a trial of what every ffmpeg has; where it has not, that is told.
    tried = wanted if named else wanted[:-1]
    works = next((one for one in tried if not why_not(tool, one)), None)
    if works is None and named:
        fact = f"the encoder {finish.encoder} does not work here: {why_not(tool, wanted[-1])}"
        raise MissingError(f"{fact}; leave --encoder out, or give --encoder auto")
    return Making(works or wanted[-1], is_new(tool), finish, threads=tool.threads)


def why_not(tool: Tool, writer: Writer) -> str:
    """Why an encoder does not work here, by a trial of a few frames; empty where it does."""
    return _trial(replace(tool, halt=None), writer.name, writer.pixels)


@cache
def _trial(tool: Tool, name: str, pixels: str) -> str:
    asked = codecs.writer(name, deep=pixels in codecs.DEEP_PIXELS)
    done = processes.run(_command(tool, trial(asked), *asked.device, level="error"))
    return last_line(done.stderr.decode(errors="replace")) if done.returncode else ""


# Running -------------------------------------------------------------------------------


def is_new(tool: Tool) -> bool:
    """Whether it has ``-fps_mode``."""
    # It came with 5.1, and -vsync, which it replaces, is gone from the newest; builds from git
    # are called "N-12345-g…" and are new.
    match = re.match(r"n?(\d+)\.(\d+)", tool.version)
    return match is None or (int(match[1]), int(match[2])) >= (5, 1)


def write(
    tool: Tool,
    output: Any,
    source: Path,
    making: Making | None = None,
    folder: Path | None = None,
) -> str:
    """Run in a folder and give back what ffmpeg complained of; errors as for `made`."""
    return made(tool, output, source, making, folder).stderr.decode(errors="replace")


def made(
    tool: Tool,
    output: Any,
    source: Path,
    making: Making | None = None,
    folder: Path | None = None,
) -> Done:
    """Run in a folder, to write a file.

    Raises:
        MediaError: ffmpeg gave up.
        OutputError: there is no room, or it may not be written.
        MissingError: this ffmpeg lacks an encoder or a filter.
    """
    device = making.writer.device if making else ()
    done = run(tool, output, *device, "-copyts", "-y", level="error", folder=folder)
    demand_written(done, f"the clip of {source}")
    if done.returncode == 0:
        return done
    log = done.stderr.decode(errors="replace")
    last = last_line(log)
    if "Unknown encoder" in log:
        raise MissingError(f"{tool.path} has no H.264 or AAC encoder; {_REMEDY}")
    if "No such filter: 'ass'" in log:
        fact = f"{tool.path} was built without libass, which draws subtitles"
        raise MissingError(f"{fact}; write them beside the clip with --subtitles srt, or {_REMEDY}")
    raise MediaError(f"{source} cannot be cut: {last}; 'vidcut info' tells what it is")


def demand_written(done: Done, what: str) -> None:
    """Raise where there was no room for what ffmpeg wrote; it may end with 0 all the same.

    Raises:
        OutputError: there was none, or it may not be written.
    """
    if done.returncode == -signal.SIGXFSZ:
        raise full(what, "File too large")
    log = done.stderr.decode(errors="replace")
    # At a line's end, for a file may have such a name.
    if (no_room := _NO_ROOM.search(log)) is not None:
        raise full(what, no_room[1])
    if (refusal := _READ_ONLY.search(log)) is not None:
        raise OutputError(f"{what} cannot be written: {refusal[1]}; choose another place")


def run(tool: Tool, output: Any, *options: str, level: str, folder: Path | None = None) -> Done:
    """Run this ffmpeg to its end."""
    command = _command(tool, output, *options, level=level)
    return processes.run(command, halt=tool.halt, folder=folder)


def pour(tool: Tool, output: Any, *options: str) -> Pouring:
    """Start this ffmpeg on what is written to ``pipe:1``, to be read while it is made."""
    return Pouring(_command(tool, output, *options, level="error"))


def _command(tool: Tool, output: Any, *options: str, level: str) -> list[str | bytes]:
    head = [str(tool.path), "-nostdin", "-hide_banner", "-v", level, *options]
    command: list[str] = ffmpeg.compile(output, cmd=head)
    return [word.encode("latin-1") if word.startswith("file:") else word for word in command]


def last_line(log: str) -> str:
    """The last thing that ffmpeg said."""
    lines: Iterable[str] = (line.strip() for line in log.splitlines())
    return next((line for line in reversed(list(lines)) if line), "ffmpeg said nothing")
