"""What ffmpeg says of a picture stream, and which encoder suits it (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from vidcut.errors import UsageError

AUTO = "auto"
DEEP_PIXELS = frozenset({"yuv420p10le", "p010le"})
"""Those of 10 bits that are written."""
_HARDWARE = ("nvenc", "videotoolbox", "vaapi", "qsv")
_DEEP = re.compile(r"(?:1[0-6]|p0?16|48|64)(?:le|be)$")
_UNTOLD = frozenset({"", "unknown", "reserved"})
_RANGES = frozenset({"tv", "pc"})
_FIELDS = re.compile(r"\b(?:top|bottom)(?: coded)? first\b")
_COLOURS = re.compile(r"[a-z0-9-]+/[a-z0-9-]+/[a-z0-9-]+|bt\d[\w-]*|smpte\d[\w-]*|fcc|ycgco|gbr")


@dataclass(frozen=True, slots=True)
class Traits:
    """A coded picture's, in ffmpeg's words; what it does not tell is empty."""

    codec: str
    profile: str
    pixels: str
    """The pixel format: ``yuv420p10le``."""
    span: str = ""
    """``tv`` or ``pc``: 16…235 or 0…255."""
    matrix: str = ""
    primaries: str = ""
    transfer: str = ""
    is_interlaced: bool = False
    rotation: int = 0
    """Degrees, of the display matrix."""

    @property
    def is_deep(self) -> bool:
        """Whether it has more than 8 bits a sample."""
        return _DEEP.search(self.pixels) is not None

    @property
    def colours(self) -> dict[str, str]:
        """The colour tags as an output's options; without them HDR is shown washed out."""
        told = {
            # The full range is yuvj…'s and RGB's, and they become what every player shows.
            "color_range": self.span if self.span == "tv" else "",
            "colorspace": "" if self.matrix == "gbr" else self.matrix,
            "color_primaries": self.primaries,
            "color_trc": self.transfer,
        }
        return {name: value for name, value in told.items() if value not in _UNTOLD}


@dataclass(frozen=True, slots=True)
class Writer:
    """An encoder and what it is told."""

    name: str
    pixels: str
    options: dict[str, Any] = field(default_factory=dict)
    device: tuple[str, ...] = ()
    """What ffmpeg is told before its inputs."""
    uploads: bool = False
    """Whether frames have to be brought to the device."""

    @property
    def is_deep(self) -> bool:
        """Whether it writes more than 8 bits a sample."""
        return self.pixels in DEEP_PIXELS

    @property
    def tag(self) -> dict[str, str]:
        """What an mp4 must call it: Apple's players refuse HEVC under ffmpeg's own tag."""
        return {"tag:v": "hvc1"} if self.name.startswith(("libx265", "hevc_")) else {}


def traits(log: str) -> Traits | None:
    """Read the line of the first picture stream that is no cover; None where there is none."""
    told = re.split(r"^(?:Output #|Stream mapping:)", log, maxsplit=1, flags=re.MULTILINE)[0]
    for stream in re.split(r"^ +Stream #", told, flags=re.MULTILINE)[1:]:
        line, _, rest = stream.partition("\n")
        _, is_video, text = line.partition(": Video: ")
        if is_video and "(attached pic)" not in line:
            turned = re.search(r"rotation of (-?\d+)", rest)
            return _read(text, int(turned[1]) if turned else 0)
    return None


def _read(text: str, rotation: int) -> Traits:
    coded, pixels, *_ = [*_apart(text), "", ""]
    codec, _, more = coded.partition(" ")
    profile = re.match(r"\(((?:[^()/]|\([^()]*\))*)\)", more)
    name, _, within = pixels.partition("(")
    facts = [fact.strip() for fact in within.rstrip(")").split(",")]
    colours = next((fact for fact in facts if _COLOURS.fullmatch(fact)), "")
    matrix, primaries, transfer = colours.split("/") if "/" in colours else [colours] * 3
    return Traits(
        codec,
        profile[1] if profile else "",
        name,
        next((fact for fact in facts if fact in _RANGES), ""),
        matrix,
        primaries,
        transfer,
        is_interlaced=_FIELDS.search(text) is not None,
        rotation=rotation,
    )


def _apart(text: str) -> list[str]:
    """Split at the commas that no bracket encloses."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def names() -> list[str]:
    """What an encoder may be asked for by."""
    hardware = [f"{codec}_{kind}" for codec in ("h264", "hevc") for kind in _HARDWARE]
    return ["libx264", "libx265", "libsvtav1", *hardware]


def writers(asked: str | None, *, deep: bool) -> list[Writer]:
    """The encoders to try, in their order; the last is taken untried where nobody named one.

    A picture of 10 bits is written as HEVC, which more players show in 10 bits than H.264.

    Raises:
        UsageError: there is no encoder of this name.
    """
    if asked not in {None, AUTO}:
        if asked not in names():
            raise UsageError(f"no encoder {asked!r}; there are: {AUTO}, {', '.join(names())}")
        return [writer(str(asked), deep=deep)] + [writer(str(asked), deep=False)] * deep
    software = [writer("libx265", deep=True), writer("libx264", deep=True)] if deep else []
    software.append(writer("libx264", deep=False))
    if asked is None:
        return software
    codec = "hevc" if deep else "h264"
    return [*(writer(f"{codec}_{kind}", deep=deep) for kind in _HARDWARE), *software]


def writer(name: str, *, deep: bool) -> Writer:
    """An encoder at a quality that an eye does not tell from the source.

    H.264 of hardware has 8 bits only.
    """
    pixels = "yuv420p10le" if deep else "yuv420p"
    if name == "libx264":
        return Writer(name, pixels, {"crf": 18, "preset": "veryfast"})
    if name == "libx265":
        quiet = {"x265-params": "log-level=error"}
        return Writer(name, pixels, {"crf": 20, "preset": "veryfast", **quiet})
    if name == "libsvtav1":
        return Writer(name, pixels, {"crf": 26, "preset": 9})
    codec, _, kind = name.partition("_")
    pixels = "p010le" if deep and codec == "hevc" else "nv12"
    if kind == "vaapi":
        device = ("-init_hw_device", "vaapi=gpu", "-filter_hw_device", "gpu")
        return Writer(name, pixels, {"qp": 20}, device, uploads=True)
    if kind == "nvenc":
        return Writer(name, pixels, {"preset": "p4", "rc": "vbr", "cq": 20, "b:v": 0})
    quality = {"q:v": 65} if kind == "videotoolbox" else {"global_quality": 20}
    return Writer(name, pixels, quality)
