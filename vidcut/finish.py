"""How a re-encoded clip is to look: its size, shape, rate and captions (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from vidcut.errors import UsageError
from vidcut.framing import MIDDLE, expression
from vidcut.modes import Captions, Crop, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidcut.framing import Corner
    from vidcut.records import Cue

Filter: TypeAlias = tuple[str, tuple[object, ...], dict[str, object]]
"""A filter of ffmpeg: its name, its arguments by place and by name."""

_LONGEST_PX = 16_384
"""The longest side that H.264 and HEVC encoders take."""
_FASTEST = 1000
"""Frames a second: more is a slip."""
_AXES = (("x", "w"), ("y", "h"))
_NTSC = {"23.976": Fraction(24000, 1001), "23.98": Fraction(24000, 1001),
         "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001),
         "119.88": Fraction(120000, 1001)}  # fmt: skip
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})|([0-9]{1,5})p", re.IGNORECASE)
_RATE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?|[0-9]{1,7}/[1-9][0-9]{0,6}")


@dataclass(frozen=True, slots=True)
class Size:
    """In pixels; ``width_px`` 0 where ``height_px`` is the shorter side, whatever the longer."""

    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Finish:
    """How a clip is encoded, and what is done to its picture before; as the source is by default.

    ``cues`` are timed by the source.
    """

    encoder: str | None = None
    """A name of `vidcut.codecs`, ``auto`` for hardware where it works; None for software."""
    size: Size | None = None
    rate: Fraction | None = None
    """Frames a second."""
    shape: Shape = Shape.WHOLE
    crop: Crop = Crop.SUBJECT
    way: tuple[Corner, ...] = ()
    """Where the crop goes, timed by the clip: found when it is cut. Empty for the middle."""
    captions: Captions = Captions.NONE
    cues: tuple[Cue, ...] = ()

    @property
    def changes_picture(self) -> bool:
        """Whether no frame can be taken as it is."""
        return bool(self.size or self.rate or self.shape is not Shape.WHOLE or self.burns)

    @property
    def follows(self) -> bool:
        """Whether the pictures have to be looked at for where to crop them."""
        return self.shape is Shape.VERTICAL and self.crop is Crop.SUBJECT

    @property
    def burns(self) -> bool:
        """Whether cues are drawn into the picture."""
        return self.captions is Captions.BURN and bool(self.cues)


def parse_size(text: str) -> Size:
    """``1920x1080``, or ``1080p`` for a shorter side of 1080.

    Raises:
        UsageError: it is no size that can be encoded: even sides of 16 to 16384.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no size; write 1920x1080 or 1080p")
    width_px, height_px = int(match[1] or 0), int(match[2] or match[3])
    for side_px in (height_px, *((width_px,) if match[1] else ())):
        if side_px % 2 or not 16 <= side_px <= _LONGEST_PX:  # noqa: PLR2004  (a macroblock)
            raise UsageError(f"{text!r}: a side has to be even and 16 to {_LONGEST_PX} pixels")
    return Size(width_px, height_px)


def parse_rate(text: str) -> Fraction:
    """``25``, ``29.97`` (the NTSC rate that is meant) or ``30000/1001``, in frames a second.

    Raises:
        UsageError: it is no rate of 1 to 1000 frames a second.
    """
    text = text.strip()
    if not _RATE.fullmatch(text):
        raise UsageError(f"{text!r} is no frame rate; write 25, 29.97 or 30000/1001")
    rate = _NTSC.get(text) or Fraction(text)
    if not 1 <= rate <= _FASTEST:
        raise UsageError(f"{text!r}: a clip has 1 to {_FASTEST} frames a second")
    return rate


def filters(finish: Finish, captions: str | None) -> Iterator[Filter]:
    """What is done to upright pictures; ``captions`` names the ASS file to draw, if any.

    The pictures come out with even sides, as 4:2:0 needs them.
    """
    if finish.shape is not Shape.WHOLE or finish.size is not None:
        # Square pixels first: what is measured from here on is what is seen.
        yield "scale", ("trunc(iw*sar/2)*2", "trunc(ih/2)*2"), {}
        yield "setsar", (1,), {}
    if finish.shape is Shape.VERTICAL:
        sides = ("trunc(min(iw,ih*9/16)/2)*2", "trunc(min(ih,iw*16/9)/2)*2")
        place = expression(finish.way) if finish.way else str(MIDDLE)
        yield "crop", sides, {axis: f"trunc((i{s}-o{s})*({place})/2)*2" for axis, s in _AXES}
    if finish.rate is not None:
        # After the crop, which jumps with the source's frames.
        yield "fps", (), {"fps": str(finish.rate), "start_time": 0}
    if finish.size is not None:
        yield from _sized(finish.size, finish.shape)
    yield "crop", ("trunc(iw/2)*2", "trunc(ih/2)*2", 0, 0), {}
    if captions is not None:
        yield "ass", (), {"filename": captions}


def _sized(size: Size, shape: Shape) -> Iterator[Filter]:
    short = size.height_px
    if shape is Shape.VERTICAL and not size.width_px:
        yield "scale", (short, round(short * 8 / 9) * 2), {}
        return
    if not size.width_px:
        yield "scale", (f"if(lt(iw,ih),{short},-2)", f"if(lt(iw,ih),-2,{short})"), {}
        return
    sides = (size.width_px, size.height_px)
    yield "scale", sides, {"force_original_aspect_ratio": "decrease", "force_divisible_by": 2}
    yield "pad", (*sides, "(ow-iw)/2", "(oh-ih)/2"), {}
