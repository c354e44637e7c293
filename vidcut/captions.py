"""Cues of a source as the subtitles of a clip."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vidcut.drafts import draft
from vidcut.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from vidcut.records import Cue

_ASS = "cues.ass"
_NOTHING = "\u2060"
"""A word joiner, which shows nothing and parts a backslash from what would follow it."""


def of_clip(cues: Iterable[Cue], span: Span) -> list[Cue]:
    """The cues that are heard in the span, from the clip's begin on, in order."""
    return sorted(
        replace(cue, span=Span(inside.start - span.start, inside.end - span.start))
        for cue in cues
        if (inside := cue.span.clamp(span)).duration > 0 and cue.text.strip()
    )


def write_ass(cues: Iterable[Cue], span: Span, folder: Path) -> str:
    """Write what a clip shows as ASS; its name in the folder is safe in a filter graph."""
    events = [(cue, _ass(cue.text)) for cue in of_clip(cues, span)]
    (folder / _ASS).write_text(_written(events, "ass"), encoding="utf-8")
    return _ASS


def write_srt(cues: Iterable[Cue], span: Span, clip: Path, *, overwrite: bool) -> Path | None:
    """Write a clip's cues beside it; None where nothing is said.

    Raises:
        OutputError: the file exists already (without ``overwrite``) or cannot be written.
    """
    events = [(cue, _srt(cue.text)) for cue in of_clip(cues, span)]
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


def _ass(text: str) -> str:
    """Plain text that no override block or escape hides in."""
    text = text.replace("\\", f"\\{_NOTHING}").replace("{", r"\{")
    return r"\N".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


def _srt(text: str) -> str:
    # An empty line ends a cue, and an arrow would begin one. pysubs2 takes braces for markup.
    text = text.replace("-->", "->").replace("\\", f"\\{_NOTHING}").replace("{", "(")
    return r"\N".join(" ".join(line.split()) for line in text.splitlines() if line.strip())
