"""The options that say how a clip is cut and how it is to look, and what their values mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidcut.errors import UsageError
from vidcut.modes import Captions, Crop, Mode, Shape
from vidcut.records import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.finish import Finish
    from vidcut.records import Cue

CutOption = Annotated[
    Mode | None,
    typer.Option(
        "--cut",
        help="exact: every frame anew; copy: at key frames; smart: only the edges anew.",
        show_default="exact",
    ),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(
        "--encoder", metavar="auto|NAME", help="auto: the machine's own where it works; h264_nvenc…"
    ),
]
SizeOption = Annotated[
    str | None, typer.Option("--size", metavar="WxH|1080p", help="Fit the picture into this.")
]
FpsOption = Annotated[
    str | None, typer.Option("--fps", metavar="RATE", help="25, 29.97 or 30000/1001.")
]
VerticalOption = Annotated[
    bool, typer.Option("--vertical", help="9:16, following what stands out in the picture.")
]
CropOption = Annotated[
    Crop | None,
    typer.Option(
        "--crop", help="With --vertical: follow the subject, or the middle.", show_default="subject"
    ),
]
SubtitlesOption = Annotated[
    Captions | None,
    typer.Option(
        "--subtitles",
        help="What is said: burn it into the picture, or write an srt beside the clip.",
        show_default="none",
    ),
]
ExecOption = Annotated[
    str | None,
    typer.Option("--exec", metavar="CMD", help="Run this for each clip; {} stands for its path."),
]


def mode_of(cut: Mode | None, *, copy: bool) -> Mode:
    """What ``--cut`` and its shorthand ``--copy`` ask for.

    Raises:
        UsageError: they contradict each other.
    """
    if copy and cut not in {None, Mode.COPY}:
        raise UsageError(f"--copy and --cut {cut} contradict each other; give one of them")
    return Mode.COPY if copy else cut or Mode.EXACT


def check(mode: Mode, finish: Finish | None, command: str | None) -> None:
    """Refuse what no clip can be, before anything is searched or cut for it.

    Raises:
        UsageError: a copy is to look otherwise, or ``--exec`` names no program.
    """
    if finish is None and command is None:
        return
    from vidcut.cutting import CutPlan, command_of  # noqa: PLC0415  (most searches ask for neither)

    if finish is not None:
        CutPlan(Path(), Span(0, 1), Path(), mode, finish)
    if command is not None:
        command_of(command, "")


def finish_of(  # noqa: PLR0913  (the options of a command)
    *,
    encoder: str | None = None,
    size: str | None = None,
    fps: str | None = None,
    vertical: bool = False,
    crop: Crop | None = None,
    subtitles: Captions | None = None,
    cues: Sequence[Cue] = (),
) -> Finish | None:
    """What the options ask for; None where they ask for nothing.

    Raises:
        UsageError: a value means nothing.
    """
    if crop is not None and not vertical:
        raise UsageError(f"--crop {crop} says where a 9:16 clip is taken from; add --vertical")
    given = (encoder, size, fps, crop, subtitles)
    if not (vertical or cues or any(value is not None for value in given)):
        return None
    from vidcut.codecs import AUTO, names  # noqa: PLC0415  (most searches ask for nothing)
    from vidcut.finish import Finish, parse_rate, parse_size  # noqa: PLC0415

    if encoder is not None and encoder not in {AUTO, *names()}:
        raise UsageError(f"--encoder {encoder}: there are {AUTO}, {', '.join(names())}")
    return Finish(
        encoder,
        None if size is None else parse_size(size),
        None if fps is None else parse_rate(fps),
        Shape.VERTICAL if vertical else Shape.WHOLE,
        crop or Crop.SUBJECT,
        captions=subtitles or Captions.NONE,
        cues=tuple(cues),
    )
