"""What is done with clips once they are made: told of in a manifest, given to a command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vidcut import processes
from vidcut.cutting import command_of, manifest
from vidcut.drafts import draft
from vidcut.records import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from vidcut.records import Clip


def write_manifest(clips: Iterable[tuple[Clip, str]], folder: Path) -> Path:
    """Write ``manifest.json``: each clip beside the query that found it.

    Raises:
        OutputError: it cannot be written.
    """
    output = folder / "manifest.json"
    with draft(output, overwrite=True) as part:
        part.write_text(manifest(clips, folder), encoding="utf-8")
    return output


def follow(command: str, clip: Clip, *, out: int | None = None) -> Failure | None:
    """Run a command with a clip's path; what failed where it does not end with 0.

    What it prints goes to the file descriptor ``out``, or nowhere.

    Raises:
        UsageError: the command names no program.
    """
    words = command_of(command, os.path.abspath(clip.path))  # noqa: PTH100
    try:
        done = processes.run(words, out=out)
    except OSError as error:
        return Failure(clip.path, f"--exec {words[0]} does not run: {error.strerror}")
    if done.returncode == 0:
        return None
    said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    told = f"ended with {done.returncode}" + (f": {said}" if said else "")
    return Failure(clip.path, f"--exec {words[0]} {told}; run it by hand to see why")
