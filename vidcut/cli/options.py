"""Options that several commands share, and what their values mean."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidcut.errors import UsageError
from vidcut.grammar import Word
from vidcut.ledger import Used
from vidcut.records import SECOND_US, Lengths
from vidcut.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.cutting import Fact

LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="DIR",
        help="The library; by default the nearest .vidcut from here upwards.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")]
OfflineOption = Annotated[
    bool | None,
    typer.Option("--offline", help="Never reach for the network, not even for weights."),
]
DeviceOption = Annotated[
    str | None, typer.Option("--device", metavar="auto|cpu|cuda", help="What models run on.")
]
CopyOption = Annotated[
    bool,
    typer.Option("--copy", help="Copy the streams at key frames: quick, but the ends move."),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace clips that are there already.")
]
MarginOption = Annotated[
    str | None,
    typer.Option(
        "--margin",
        metavar="BEFORE[,AFTER]",
        help="Widen each moment: 0.5s, or 0.5s,1s; negative narrows.",
    ),
]
InOption = Annotated[
    str | None,
    typer.Option("--in", metavar="frame,asr,ocr", help="Only what is seen, said or written."),
]
GlobOption = Annotated[
    str | None, typer.Option("--video", metavar="GLOB", help="Only videos of this name or path.")
]
PerVideoOption = Annotated[
    int | None, typer.Option("--per-video", min=1, help="At most so many of one video.")
]
MinScoreOption = Annotated[
    float | None, typer.Option("--min-score", min=0, max=1, help="Nothing that scores less.")
]
MarkUsedOption = Annotated[
    bool, typer.Option("--mark-used", help="Write down what of the footage this uses.")
]
ExcludeUsedOption = Annotated[
    bool, typer.Option("--exclude-used", help="Nothing that was marked as used.")
]
OnlyUsedOption = Annotated[bool, typer.Option("--only-used", help="Only what was marked as used.")]
CLIPS_FOLDER = "clips"
"""Where clips go where nobody says."""
MODALITIES = ("frame", "asr", "ocr")
STDIN = "stdin"
_SAMPLE: dict[str, Fact] = {
    "rank": 1,
    "n": 1,
    "start": 0.0,
    "end": 1.0,
    "score": 1.0,
}
"""What a template is tried with before there is a moment."""
_MOST_BYTES = 10_000_000
"""Of a file of queries: somebody named a film."""
_MOST_MARGIN_S = 10**9
"""Some 30 years, as for all times that are read."""
_MORE_THAN_A_PATH = re.compile(r"\s(?:[+-]\s|>>|-?(?:\.{0,2}|~)/)")
"""What is in a query after a path: a sign, or another path."""


def query(words: Sequence[str]) -> str:
    """The arguments of a command as one query; a picture's path stays whole."""
    return " ".join(f'"{word}"' if _is_spaced_path(word) else word for word in words)


def _is_spaced_path(word: str) -> bool:
    """Whether an argument with spaces is the path of one picture, and no query that begins so."""
    if " " not in word or not Word(word).is_picture:
        return False
    # os.path, for an argument may be longer than any path.
    is_there = os.path.exists(os.path.expanduser(word))  # noqa: PTH110, PTH111
    return is_there or _MORE_THAN_A_PATH.search(word) is None


def lines_of(file: Path) -> list[str]:
    """The lines of a text file, or of stdin where it is ``-``.

    Raises:
        UsageError: it cannot be read, is no text, or is far too long for queries.
    """
    name = name_of(file)
    try:
        with open(0 if name == STDIN else file, "rb", closefd=name != STDIN) as stream:
            data = stream.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            most = _MOST_BYTES // 1_000_000
            raise UsageError(
                f"{name} has more than {most} MB; name a text file with a query a line"
            )
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{name} cannot be read ({error.strerror}); name a text file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is no text in UTF-8; save it so") from error
    # Not splitlines(), which takes more for a line's end than editors do when they count.
    return io.StringIO(text, newline=None).read().split("\n")


def name_of(file: Path) -> str:
    """A file as messages name it."""
    return STDIN if str(file) == "-" else str(file)


def ranks(text: str | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """``+1 -3`` as the ranks that were right and those that were wrong."""
    if text is None:
        return (), ()
    marks = text.replace(",", " ").split()
    if not marks or not all(re.fullmatch(r"[+-][1-9][0-9]{0,5}", mark) for mark in marks):
        raise UsageError(f"--feedback {text!r}: give ranks with signs, e.g. '+1 -3'")
    right, wrong = (
        tuple(int(mark[1:]) for mark in marks if mark[0] == sign) for sign in ("+", "-")
    )
    if both := set(right) & set(wrong):
        raise UsageError(f"--feedback {text!r}: {min(both)} cannot be right and wrong at once")
    return right, wrong


def moment_of(text: str) -> tuple[str, int]:
    """``VIDEO@TIME`` as a name and microseconds."""
    name, at, time = text.rpartition("@")
    if not at or not name:
        raise UsageError(f"--like {text}: give a video and a time in it, e.g. clip.mp4@1:15.5")
    return name, parse_time(time.removesuffix("s"))


def place(output: str | None) -> tuple[Path, str | None]:
    """Where clips go, and the template that names them where there is one.

    Raises:
        UsageError: the template cannot be filled in, or leaves its folder.
    """
    if output is not None and "{" in output:
        from vidcut.cutting import FIELDS, named, template_of  # noqa: PLC0415  (seldom asked for)

        folder, template = template_of(output)
        named(template, {**dict.fromkeys(FIELDS, "film"), **_SAMPLE}, ".mp4")
        return folder, template
    return Path(output or CLIPS_FOLDER), None


def refuse_idle(dry_run: bool, **idle: bool) -> None:  # noqa: FBT001  (an option's own value)
    """Refuse options that ask for what --dry-run does not do; named as ``mark_used=True``."""
    asked = [f"--{name.strip('_').replace('_', '-')}" for name, given in idle.items() if given]
    if dry_run and asked:
        raise UsageError(f"--dry-run makes nothing, so {asked[0]} has nothing to do; drop one")


def used(*, exclude: bool, only: bool) -> Used:
    """What was used already: found too, left out, or all that is looked for."""
    if exclude and only:
        raise UsageError("--exclude-used and --only-used leave nothing; give one of them")
    return Used.EXCLUDED if exclude else Used.ONLY if only else Used.ALSO


def lengths(shortest: str, longest: str) -> Lengths:
    """How long moments may be."""
    bounds = Lengths(length("--min-length", shortest), length("--max-length", longest))
    if not 0 < bounds.shortest_us <= bounds.longest_us:
        fact = f"--min-length {shortest} and --max-length {longest}"
        raise UsageError(f"{fact} leave no length; give 0 < min <= max")
    return bounds


def length(option: str, text: str) -> int:
    """``30s``, ``1:30`` or ``0.5`` as microseconds."""
    try:
        return parse_time(text.removesuffix("s"))
    except UsageError as error:
        raise UsageError(f"{option} {text}: {text!r} is no length, e.g. 30s or 1:30") from error


def margins(text: str | None) -> tuple[int, int]:
    """``0.5s`` or ``0.5s,1s`` as microseconds before and after."""
    if text is None:
        return 0, 0
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 2:  # noqa: PLR2004  (before and after)
        raise UsageError(f"--margin {text}: give one length or two, e.g. 0.5s,1s")
    before, after = (parts * 2)[:2]
    return _length(before, text), _length(after, text)


def _length(part: str, text: str) -> int:
    number = part.removesuffix("s")
    try:
        seconds = float(number)
    except ValueError as error:
        raise UsageError(f"--margin {text}: {part!r} is no length, e.g. 0.5s") from error
    if not abs(seconds) <= _MOST_MARGIN_S:  # nor is what is no number
        raise UsageError(f"--margin {text}: {part!r} is longer than any film; give e.g. 0.5s")
    return round(seconds * SECOND_US)


def modalities(text: str | None) -> tuple[str, ...]:
    """``frame,asr`` as names; empty for all."""
    if text is None:
        return ()
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        if name not in MODALITIES:
            raise UsageError(f"--in {text}: {name!r} is none of {', '.join(MODALITIES)}")
    if not names:
        raise UsageError(f"--in names no modality; there are: {', '.join(MODALITIES)}")
    return names
