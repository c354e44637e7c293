"""What a person or a script gets to see: text made safe, JSON, tables, progress.

Results go to stdout, all else to stderr. Names and words from media are hostile: control,
bidi and escape characters are made visible before anything is printed, and no markup is
ever interpreted.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from vidcut.cli.exits import Exit
from vidcut.errors import OutputError
from vidcut.escaping import json_text, readable, visible
from vidcut.records import SECOND_US
from vidcut.terms import matches
from vidcut.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vidcut.records import Boundary, Clip, Failure, Hit, Moment

Cell: TypeAlias = "str | Sequence[tuple[str, str]]"
"""A table's: a text, or its parts, each with the style that it has on a terminal."""

_SHORT_CELLS = 12
"""A timecode; columns that are no wider are never broken."""
_LEAST_CELLS = 16
"""What a broken column needs to be read."""
_WORDS_CHARS = 160
_MOST_LABELS = 3
_MARK = "bold yellow"
_ASIDE = "dim"


class _Visible(logging.Formatter):
    """Log records name files and words of media, too; a traceback keeps its lines."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(visible, super().format(record).split("\n")))


def printable(text: str) -> str:
    """The text with whatever could steer a terminal made visible, on one line."""
    return visible(text)


def words(text: str) -> str:
    """What is said, written or asked for, likewise; where it breaks into lines is a blank."""
    return readable(text)


def log_level(*, verbose: bool) -> None:
    """Show warnings on stderr, or everything that vidcut says of its inner life."""
    level = logging.DEBUG if verbose else logging.WARNING
    handler = logging.StreamHandler()
    handler.setFormatter(_Visible("vidcut: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("vidcut").setLevel(level)


def emit(text: str, end: str = "\n") -> None:
    """Write a result to stdout, as the bytes that its characters stand for.

    Raises:
        OutputError: stdout takes no more.
    """
    try:
        sys.stdout.buffer.write((text + end).encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever reads has enough (vidcut ls | head -1), which is no error
        drop_output()
        sys.exit(Exit.UNREAD)
    except OSError as error:
        drop_output()
        fact = f"the results cannot be written ({error.strerror})"
        raise OutputError(f"{fact}; make room, or send them elsewhere") from error


def emit_path(path: str, end: str = "\n") -> None:
    """Write a file's name: exactly, but on a terminal, where it is to be read, visibly."""
    emit(visible(path) if sys.stdout.isatty() and end == "\n" else path, end)


def drop_output() -> None:
    """Send what is still to come on stdout nowhere: Python would stumble over it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def emit_json(value: Mapping[str, Any]) -> None:
    """Write one JSON object as a line."""
    emit(json_text(value))


def say(text: str) -> None:
    """Tell the person at the terminal, on stderr."""
    with suppress(OSError):  # nobody listens
        sys.stderr.buffer.write((printable(text) + "\n").encode("utf-8", "backslashreplace"))
        sys.stderr.buffer.flush()


def fail(text: str) -> None:
    """Tell of an error, in one line."""
    say(f"vidcut: {text}")


def fail_file(failure: Failure) -> None:
    """Tell of a file that failed; a reason that names it stands for itself."""
    named = (
        failure.reason if failure.path in failure.reason else f"{failure.path}: {failure.reason}"
    )
    fail(named)


def emit_table(title: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a table: drawn on a terminal, tab-separated in a pipe."""
    if not sys.stdout.isatty():
        for row in rows:
            emit("\t".join("".join(text for text, _ in _parts(cell)) for cell in row))
        return
    from rich.console import Console  # noqa: PLC0415  (nothing else draws)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    texts = [[Text.assemble(*_parts(cell)) for cell in row] for row in rows]
    whole = [Text(name) for name in title], *texts
    cells = [max(text.cell_len for text in column) for column in zip(*whole, strict=True)]
    console = Console(highlight=False)
    if sum(min(wide, _LEAST_CELLS) + 2 for wide in cells) > console.width:
        for text in texts:  # too narrow for columns
            console.print(Text("  ").join(text), soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name, wide in zip(title, cells, strict=True):
        table.add_column(name, overflow="fold", no_wrap=wide <= _SHORT_CELLS)
    for text in texts:
        table.add_row(*text)
    console.print(table)


def _parts(cell: Cell) -> Sequence[tuple[str, str]]:
    return ((cell, ""),) if isinstance(cell, str) else cell


# Moments ------------------------------------------------------------------------------


def moment_json(
    moment: Moment,
    *,
    path: str,
    stamp: tuple[int, int],
    clip: Clip | None,
    moved: bool,
    models: Mapping[str, str],
) -> dict[str, Any]:
    """A moment as a JSON object; times in seconds. ``moved``: how far the ends are is known."""
    return {
        "rank": moment.rank,
        "video": moment.video.path,
        "path": path,
        "indexed": stamp_json(stamp),
        "start": seconds(moment.start.time_us),
        "end": seconds(moment.end.time_us),
        "score": round(moment.score, 4),
        "evidence": [
            {
                "modality": hit.chunk.modality,
                "text": hit.chunk.text,
                "score": round(hit.confidence, 4),
                "start": seconds(hit.chunk.span.start),
                "end": seconds(hit.chunk.span.end),
                "language": hit.chunk.language,
                "model": models.get(hit.chunk.modality),
            }
            for hit in moment.evidence
        ],
        "start_reason": moment.start.reason,
        "end_reason": moment.end.reason,
        "clip": clip.path if clip else None,
        "moved_start": seconds(clip.moved_start_us) if clip and moved else None,
        "moved_end": seconds(clip.moved_end_us) if clip and moved else None,
        "mode": clip.mode if clip else None,
        "note": clip.note if clip else None,
    }


def stamp_json(stamp: tuple[int, int]) -> dict[str, int | str]:
    """What a file was when it was indexed; nanoseconds as text, for JSON's numbers round them."""
    return {"bytes": stamp[0], "mtime_ns": str(stamp[1])}


def moment_row(moment: Moment, terms: tuple[str, ...]) -> list[Cell]:
    """A moment as a row: rank, video, start, end, score, why."""
    is_drawn = sys.stdout.isatty()
    between = "\n" if is_drawn else "; "
    why: list[tuple[str, str]] = []
    for hit in moment.evidence:
        why += [*_why(hit, terms if is_drawn else ()), (between, "")]
    why.append((f"from {moment.start.reason} to {moment.end.reason}", _ASIDE))
    return [
        str(moment.rank),
        printable(moment.video.path),
        _edge(moment.start),
        _edge(moment.end),
        f"{moment.score:.2f}",
        why,
    ]


def moved(clip: Clip) -> str:
    """How far a stream copy's ends lie from those asked for."""
    early, late = clip.moved_start_us / SECOND_US, clip.moved_end_us / SECOND_US
    return f"starts {early:.3f} s early and ends {late:.3f} s late"


def seconds(time_us: int) -> float:
    """Microseconds as seconds, exact to the microsecond."""
    return round(time_us / SECOND_US, 6)


def _edge(boundary: Boundary) -> str:
    return format_time(boundary.time_us)


def _why(hit: Hit, terms: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    text = words(hit.chunk.text or "")
    if hit.chunk.modality == "frame":
        labels = ", ".join([*dict.fromkeys(text.split(", "))][:_MOST_LABELS])
        yield f"seen: {labels}" if labels else "seen", ""
        return
    verb = {"asr": "said", "ocr": "written"}.get(hit.chunk.modality, hit.chunk.modality)
    yield f"{verb}: ", ""
    shown, place = text[:_WORDS_CHARS], 0
    for start, end in matches(text, terms) if terms else ():
        yield shown[place:start], ""
        yield shown[start:end], _MARK
        place = end
    yield shown[place:], ""
    if shown != text:
        yield "…", ""
