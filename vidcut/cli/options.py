"""Options that several commands share, and what their values mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidcut.errors import UsageError
from vidcut.records import SECOND_US

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
CLIPS_FOLDER = "clips"
"""Where clips go where nobody says."""
MODALITIES = ("frame", "asr", "ocr")


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
        return round(seconds * SECOND_US)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--margin {text}: {part!r} is no length, e.g. 0.5s") from error


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
