"""The choices that a clip leaves: how it is cut, what it shows of the picture, its captions.

They stand apart from what carries them out, for the command line names them before it knows
whether anything is to be cut.
"""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """How a clip is cut."""

    EXACT = "exact"
    """Frame by frame, encoded anew."""
    COPY = "copy"
    """At key frames, not encoded: the ends move outward."""
    SMART = "smart"
    """Frame by frame, only the edges encoded; exactly where that cannot be."""


class Shape(StrEnum):
    """What part of the picture a clip shows."""

    WHOLE = "whole"
    VERTICAL = "vertical"
    """9:16."""


class Crop(StrEnum):
    """Where a clip that shows a part of the picture takes it from."""

    SUBJECT = "subject"
    """Where what stands out is; the middle where nothing does."""
    CENTRE = "centre"
    """The middle."""


class Captions(StrEnum):
    """What becomes of the cues."""

    NONE = "none"
    BURN = "burn"
    """Drawn into the picture."""
    SRT = "srt"
    """A file beside the clip."""
