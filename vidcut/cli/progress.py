"""An index run on stderr: a live line on a terminal, plain lines elsewhere, a summary."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text

from vidcut.cli import profiling, render
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidcut.records import Failure
    from vidcut.register import Progress, Tally
    from vidcut.stopwatch import Profile

_PLAIN_EVERY_S = 10.0
_NAME_CHARS = 40


@contextmanager
def bar(*, quiet: bool) -> Iterator[Bar]:
    """What an index run tells of itself, for as long as it lasts."""
    if quiet or not sys.stderr.isatty():
        yield Bar(None, quiet=quiet)
        return
    console = Console(stderr=True, highlight=False)
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield Bar(live, quiet=quiet)


class Bar:
    """Told by the run; shows."""

    def __init__(self, live: Live | None, *, quiet: bool) -> None:
        self._live = live
        self._quiet = quiet
        self._begun = self._shown = time.monotonic()

    def failure(self, failure: Failure) -> None:
        """One line for a file that failed, even when quiet."""
        render.fail_file(failure)

    def progress(self, progress: Progress) -> None:
        """Show how far the run is."""
        now = time.monotonic()
        line = _line(progress, now - self._begun)
        if self._live is not None:
            self._live.update(Text(line, no_wrap=True, overflow="ellipsis"))
        elif not self._quiet and now - self._shown >= _PLAIN_EVERY_S:
            self._shown = now
            render.say(line)


def summary(
    tally: Tally,
    elapsed_s: float,
    visual_model: str | None,
    *,
    json: bool,
    quiet: bool,
    profile: Profile | None = None,
) -> None:
    """What the run did: as a result where JSON is wanted, else for the person.

    The profile was asked for, so that it is shown even when quiet.
    """
    media_s = tally.duration_us / SECOND_US
    rate = media_s / elapsed_s if elapsed_s else 0.0
    if json:
        render.emit_json(
            {
                "videos": tally.videos,
                "unchanged": tally.unchanged,
                "moved": tally.moved,
                "missing": tally.missing,
                "left_behind": tally.left_behind,
                "hours": round(media_s / 3600, 4),
                "chunks": dict(sorted(tally.chunks.items())),
                "invented": tally.invented,
                "seconds": round(elapsed_s, 3),
                "x_realtime": round(rate, 2),
                "visual_model": visual_model,
                "failures": [{"path": f.path, "reason": f.reason} for f in tally.failures],
                **({"profile": profiling.as_json(profile, media_s)} if profile else {}),
            }
        )
    if profile is not None:
        profiling.show(profile, media_s)
    if quiet:
        return
    if tally.videos:
        chunks = ", ".join(f"{count} {name}" for name, count in sorted(tally.chunks.items()))
        render.say(
            f"indexed {_many(tally.videos, 'video')}, {_length(media_s)}, in"
            f" {_length(elapsed_s)} ({rate:.1f}x realtime): {chunks or 'no'} chunks"
        )
    render.say(_rest(tally))
    if tally.invented:
        verb = "was" if tally.invented == 1 else "were"
        render.say(
            f"{_many(tally.invented, 'sentence')} that {verb} most likely never said"
            f" {verb} left out; -v names them"
        )
    if tally.left_behind:
        render.say(
            f"{_many(tally.left_behind, 'video')} of the library were read by another model and"
            " are not found by it; 'vidcut index' their folders too"
        )
    if visual_model == "labels" and tally.videos:
        render.say(
            "pictures were read by the offline model (labels): it knows things, not people or"
            " actions; --visual-model balanced reads them with open_clip"
        )


def _rest(tally: Tally) -> str:
    parts = [f"{tally.unchanged} unchanged"]
    parts += [f"{tally.moved} moved"] if tally.moved else []
    parts += [f"{tally.missing} missing (vidcut rm --missing)"] if tally.missing else []
    parts += [f"{len(tally.failures)} failed (vidcut ls --failed)"] if tally.failures else []
    if tally.found_nothing:
        return "found no video or audio file; name files or folders that hold some"
    return ", ".join(parts)


def _line(progress: Progress, elapsed_s: float) -> str:
    media_s = progress.media_us / SECOND_US
    rate = media_s / elapsed_s if elapsed_s else 0.0
    left = ""
    if progress.share > 0.01:  # noqa: PLR2004  (before that a guess is no guess)
        left = f", {_length(elapsed_s * (1 - progress.share) / progress.share)} left"
    name = render.printable(progress.path)
    if len(name) > _NAME_CHARS:
        name = "…" + name[-_NAME_CHARS + 1 :]
    done = f"{progress.files_done}/{progress.files} files"
    return f"{done}, {progress.share:.0%}, {rate:.1f}x realtime{left}  {name}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _length(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004  (a minute)
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
