"""Cues of a source as the subtitles of a clip."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vidcut.drafts import draft
from vidcut.escaping import ass_text, subrip_text
from vidcut.records import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from vidcut.records import Cue

_ASS = "cues.ass"


def of_clip(cues: Iterable[Cue], span: Span) -> list[Cue]:
    """The cues that are heard in the span, from the clip's begin on, in order."""
    return sorted(
        replace(cue, span=Span(inside.start - span.start, inside.end - span.start))
        for cue in cues
        if (inside := cue.span.clamp(span)).duration > 0 and cue.text.strip()
    )


def write_ass(cues: Iterable[Cue], span: Span, folder: Path) -> str:
    """Write what a clip shows as ASS; its name in the folder is safe in a filter graph."""
    events = [(cue, _rows(cue.text, ass_text)) for cue in of_clip(cues, span)]
    (folder / _ASS).write_text(_written(events, "ass"), encoding="utf-8")
    return _ASS


def write_srt(cues: Iterable[Cue], span: Span, clip: Path, *, overwrite: bool) -> Path | None:
    """Write a clip's cues beside it; None where nothing is said.

    Raises:
        OutputError: the file exists already (without ``overwrite``) or cannot be written.
    """
    events = [(cue, _rows(cue.text, subrip_text)) for cue in of_clip(cues, span)]
    if not events:
        return None
    beside = clip.with_suffix(".srt")
    with draft(beside, overwrite=overwrite) as part:
        part.write_text(_written(events, "srt"), encoding="utf-8")
    return beside


def _written(events: Iterable[tuple[Cue, str]], form: str) -> str:
    import pysubs2  # noqa: PLC0415  (only where captions are asked for)

    file = pysubs2.SSAFile()
    for cue, text in events:
        start_ms, end_ms = round(cue.span.start / 1000), round(cue.span.end / 1000)
        file.append(pysubs2.SSAEvent(start=start_ms, end=end_ms, text=text))
    return str(file.to_string(form))


def _rows(text: str, write: Callable[[str], str]) -> str:
    # pysubs2's own form of any format: rows parted by \N.
    return r"\N".join(write(line) for line in text.splitlines() if line.strip())
