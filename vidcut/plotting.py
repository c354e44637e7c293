"""The score curve of a video as a plot: laid out once, written as SVG or drawn as PNG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, assert_never

import numpy as np

from vidcut import curve, lettering
from vidcut.drafts import draft, refused
from vidcut.errors import UsageError
from vidcut.escaping import html_text, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from PIL.ImageDraw import ImageDraw

    from vidcut.curve import Curve, Scores
    from vidcut.records import Span

    Point = tuple[float, float]

_SVG, _PNG = ".svg", ".png"

# Pixels of the SVG; a PNG has twice as many each way.
_WIDE, _HIGH = 1100, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 20, 62, 46
_INNER_WIDE, _INNER_HIGH = _WIDE - _LEFT - _RIGHT, _HIGH - _TOP - _BOTTOM
_FLOOR = _TOP + _INNER_HIGH
_LARGE, _SMALL = 17, 12
_MOST_TICKS = 12
_MOST_STAIRS = _INNER_WIDE
_MOST_CUTS = _INNER_WIDE // 4
_SCALE = 2

_GROUND, _INK, _SOFT, _GRID = "#ffffff", "#1d1d1f", "#6e6e73", "#e3e3e8"
_CUT, _SHADE, _SHADE_EDGE, _ALL = "#c9c9d1", "#fff1c2", "#e6b800", "#1d1d1f"
_THICK, _THIN = 4, 1.5
"""All together lies below what it is made of, and shows on both sides of it."""
_COLOURS = {"frame": "#0a66c2", "asr": "#c2410c", "ocr": "#15803d"}
_NAMES = {"frame": "seen", "asr": "said", "ocr": "written"}
_OTHER = "#7c3aed"


@dataclass(frozen=True, slots=True)
class Chart:
    """What is plotted: one query over one video."""

    video: str
    query: str
    duration_us: int
    curve: Curve
    cuts: Sequence[int] = ()
    """Times of its shot cuts."""
    moments: Sequence[Span] = ()
    """What a search of it finds."""


def check(output: Path) -> None:
    """Refuse a name that says no format.

    Raises:
        UsageError: it ends in none that is known.
    """
    if output.suffix.lower() not in {_SVG, _PNG}:
        raise UsageError(f"{output}: a plot's name ends in {_SVG} or {_PNG}")


def write(output: Path, chart: Chart, *, overwrite: bool = False) -> str:
    """Write the plot, whole or not at all; what a person should know of it, or nothing.

    Raises:
        UsageError: the name ends in no known format.
        OutputError: it exists already (without ``overwrite``) or cannot be written.
    """
    check(output)
    is_png = output.suffix.lower() == _PNG
    made = png(chart) if is_png else svg(chart).encode("utf-8")
    with draft(output, overwrite=overwrite) as part:
        try:
            part.write_bytes(made)
        except OSError as error:
            raise refused(output, error) from error
    return lettering.NO_CJK if is_png and lettering.lacks(chart.video, chart.query) else ""


# Laid out -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float
    fill: str


@dataclass(frozen=True, slots=True)
class _Line:
    points: tuple[Point, ...]
    ink: str
    width: float


@dataclass(frozen=True, slots=True)
class _Label:
    at: Point
    """Where its middle line begins, ends or has its middle, as ``anchor`` says."""
    text: str
    ink: str
    size: int
    anchor: str
    """``start``, ``middle`` or ``end``."""


def _shapes(chart: Chart) -> Iterator[_Box | _Line | _Label]:
    """The plot from the back to the front."""
    whole = max(1, chart.duration_us)
    yield _Box(0, 0, _WIDE, _HIGH, _GROUND)
    for span in chart.moments:
        left = _x(span.start, whole)
        yield _Box(left, _TOP, max(left + 1, _x(span.end, whole)), _FLOOR, _SHADE)
    if len(chart.cuts) <= _MOST_CUTS:  # more would be a grey wall
        for time_us in chart.cuts:
            x = _x(time_us, whole)
            yield _Line(((x, _TOP), (x, _FLOOR)), _CUT, 0.75)
    for time_us in sorted({end for span in chart.moments for end in (span.start, span.end)}):
        x = _x(time_us, whole)  # tells moments apart that touch
        yield _Line(((x, _TOP), (x, _FLOOR)), _SHADE_EDGE, 1.5)
    yield from _axes(chart.duration_us)
    yield _Line(_points(chart.curve.scores, chart), _ALL, _THICK)
    for name, scores in zip(chart.curve.modalities, chart.curve.apart, strict=True):
        if scores.any():
            yield _Line(_points(scores, chart), _COLOURS.get(name, _OTHER), _THIN)
    yield from _heading(chart)


def _axes(duration_us: int) -> Iterator[_Line | _Label]:
    for quarter in range(5):
        y = _y(quarter / 4)
        yield _Line(((_LEFT, y), (_LEFT + _INNER_WIDE, y)), _GRID if quarter else _SOFT, 1)
        yield _Label((_LEFT - 8, y), f"{quarter / 4:.2f}", _SOFT, _SMALL, "end")
    for time_us in curve.ticks(duration_us, most=_MOST_TICKS):
        x = _x(time_us, max(1, duration_us))
        yield _Line(((x, _FLOOR), (x, _FLOOR + 5)), _SOFT, 1)
        yield _Label((x, _FLOOR + 15), curve.clock(time_us), _SOFT, _SMALL, "middle")
    unit = "hours:minutes:seconds" if duration_us >= 3600 * curve.STEP_US else "minutes:seconds"
    yield _Label((_LEFT + _INNER_WIDE, _HIGH - 12), unit, _SOFT, _SMALL, "end")


def _heading(chart: Chart) -> Iterator[_Line | _Label]:
    title, small = lettering.font(_LARGE), lettering.font(_SMALL)
    named = visible(f"{chart.query} — {PurePath(chart.video).name}")
    shown = lettering.shortened(named, title, _INNER_WIDE)
    yield _Label((_LEFT, 22), shown, _INK, _LARGE, "start")
    x, y = float(_LEFT), 45
    told = [(_NAMES.get(name, name), name) for name in chart.curve.modalities]
    for text, name in (*told, ("together", "")):
        ink = _COLOURS.get(name, _OTHER) if name else _ALL
        yield _Line(((x, y), (x + 18, y)), ink, _THIN if name else _THICK)
        yield _Label((x + 24, y), text, _SOFT, _SMALL, "start")
        x += 24 + small.getlength(text) + 18


def _points(scores: Scores, chart: Chart) -> tuple[Point, ...]:
    """Stairs, for a value holds as long as its step; of more than can be seen the highest."""
    each = -(-len(scores) // _MOST_STAIRS)
    highest = np.pad(scores, (0, -len(scores) % each)).reshape(-1, each).max(axis=1)
    whole, long_us = max(1, chart.duration_us), each * chart.curve.step_us
    return tuple(
        (_x(place_us, whole), _y(float(score)))
        for place, score in enumerate(highest)
        for place_us in (place * long_us, (place + 1) * long_us)
    )


def _x(time_us: float, duration_us: int) -> float:
    return _LEFT + _INNER_WIDE * min(1.0, time_us / duration_us)


def _y(score: float) -> float:
    return _FLOOR - _INNER_HIGH * score


# As SVG -------------------------------------------------------------------------------


def svg(chart: Chart) -> str:
    """The plot as an SVG document that loads nothing and runs nothing."""
    name = html_text(f"{chart.query} — {visible(chart.video)}")
    size = f'viewBox="0 0 {_WIDE} {_HIGH}" width="{_WIDE}" height="{_HIGH}"'
    font = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
    return "\n".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{font}" role="img">',
            f"<title>{name}</title>",
            *(_element(shape) for shape in _shapes(chart)),
            "</svg>\n",
        )
    )


def _element(shape: _Box | _Line | _Label) -> str:
    match shape:
        case _Box():
            wide, high = shape.right - shape.left, shape.bottom - shape.top
            place = f'x="{shape.left:.2f}" y="{shape.top:.2f}"'
            return f'<rect {place} width="{wide:.2f}" height="{high:.2f}" fill="{shape.fill}"/>'
        case _Line():
            points = " ".join(f"{x:.2f},{y:.2f}" for x, y in shape.points)
            stroke = f'stroke="{shape.ink}" stroke-width="{shape.width}" stroke-linejoin="round"'
            return f'<polyline points="{points}" fill="none" {stroke}/>'
        case _Label():
            x, y = shape.at
            place = f'x="{x:.2f}" y="{y:.2f}" text-anchor="{shape.anchor}"'
            look = f'dominant-baseline="central" font-size="{shape.size}" fill="{shape.ink}"'
            return f"<text {place} {look}>{html_text(shape.text)}</text>"
        case _:
            assert_never(shape)


# As PNG -------------------------------------------------------------------------------


def png(chart: Chart) -> bytes:
    """The plot as a PNG, twice as large as the SVG each way."""
    from PIL import Image, ImageDraw  # noqa: PLC0415  (not for --help)

    image = Image.new("RGB", (_WIDE * _SCALE, _HIGH * _SCALE))
    draw = ImageDraw.Draw(image)
    for shape in _shapes(chart):
        _draw(draw, shape)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def _draw(draw: ImageDraw, shape: _Box | _Line | _Label) -> None:
    match shape:
        case _Box():
            edges = (shape.left, shape.top, shape.right, shape.bottom)
            draw.rectangle([edge * _SCALE for edge in edges], shape.fill)
        case _Line():
            points = [(x * _SCALE, y * _SCALE) for x, y in shape.points]
            width = max(1, round(shape.width * _SCALE))
            draw.line(points, shape.ink, width, joint="curve")
        case _Label():
            x, y = shape.at
            written = lettering.font(shape.size * _SCALE)
            share = {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.anchor]
            left = x * _SCALE - share * written.getlength(shape.text)
            _, top, _, bottom = written.getbbox("0g")
            draw.text((left, y * _SCALE - (top + bottom) / 2), shape.text, shape.ink, written)
        case _:
            assert_never(shape)
