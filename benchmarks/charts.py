"""The plots of benchmarks/README.md, each as SVG for light and for dark pages.

Bars for ways side by side, lines for what grows. Words stay text, so that they are as sharp and
as selectable as the page's; nothing random and no date goes in, so that the same figures make
the same file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

mpl.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "vidcut",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10,
    }
)
WIDE_IN, BAR_IN, LINES_IN = 8.0, 0.36, 3.4


@dataclass(frozen=True, slots=True)
class Look:
    """A page's colours."""

    name: str
    ground: str
    ink: str
    soft: str
    grid: str
    ours: str
    others: str
    lines: tuple[str, ...]


LOOKS = (
    Look(
        "light", "#ffffff", "#1f2328", "#59636e", "#d8dee4", "#0969da", "#b1bac4",
        ("#0969da", "#bc4c00", "#1a7f37", "#8250df"),
    ),
    Look(
        "dark", "#0d1117", "#e6edf3", "#9198a1", "#30363d", "#4493f8", "#57606a",
        ("#4493f8", "#f0883e", "#3fb950", "#a371f7"),
    ),
)  # fmt: skip
"""GitHub's own, whose contrast with its pages is known."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One way; ``least`` and ``most`` are of its runs."""

    name: str
    value: float
    least: float
    most: float
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that grows: points from left to right."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Plots:
    """Where plots go; ``is_drawn`` is not so where only their names are wanted."""

    folder: Path
    is_drawn: bool

    def bars(self, name: str, title: str, unit: str, ways: Sequence[Bar]) -> list[Path]:
        """The longest on top; whiskers from the least to the most of the runs."""
        return self._each(name, lambda look: _bars(look, title, unit, ways))

    def lines(
        self, name: str, title: str, units: tuple[str, str], grown: Sequence[Line]
    ) -> list[Path]:
        """Over a logarithmic axis, from nothing upwards."""
        return self._each(name, lambda look: _lines(look, title, units, grown))

    def _each(self, name: str, draw: Callable[[Look], Figure]) -> list[Path]:
        paths = []
        for look in LOOKS:
            paths.append(self.folder / f"{name}-{look.name}.svg")
            if self.is_drawn:
                figure = draw(look)
                facts: dict[str, Any] = {"Date": None}
                figure.savefig(paths[-1], format="svg", facecolor=look.ground, metadata=facts)
        return paths


def _bars(look: Look, title: str, unit: str, ways: Sequence[Bar]) -> Figure:
    ordered = sorted(ways, key=lambda way: way.value)
    figure, axes = _axes(look, title, BAR_IN * len(ways) + 1.1)
    values = [way.value for way in ordered]
    axes.barh(
        range(len(ordered)),
        values,
        color=[look.ours if way.is_ours else look.others for way in ordered],
        height=0.68,
        xerr=[[w.value - w.least for w in ordered], [w.most - w.value for w in ordered]],
        error_kw={"ecolor": look.soft, "elinewidth": 1, "capsize": 2},
    )
    axes.set_yticks(range(len(ordered)), [way.name for way in ordered])
    for place, way in enumerate(ordered):
        beside: dict[str, Any] = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(f"{way.value:.3g}", (way.most, place), color=look.ink, **beside)
    axes.set_xlim(0, 1.12 * max(way.most for way in ordered))
    axes.set_xlabel(unit)
    axes.xaxis.grid(visible=True, color=look.grid, linewidth=0.8)
    return figure


def _lines(look: Look, title: str, units: tuple[str, str], grown: Sequence[Line]) -> Figure:
    figure, axes = _axes(look, title, LINES_IN)
    for line, colour in zip(grown, look.lines, strict=False):
        across, up = zip(*line.points, strict=True)
        axes.plot(across, up, color=colour, marker="o", markersize=4, linewidth=2, label=line.name)
    axes.set_xscale("log")
    axes.set_xticks(sorted({x for line in grown for x, _ in line.points}))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(0, 1.15 * max(y for line in grown for _, y in line.points))
    axes.set_xlabel(units[0])
    axes.set_ylabel(units[1])
    axes.yaxis.grid(visible=True, color=look.grid, linewidth=0.8)
    if len(grown) > 1:
        axes.legend(frameon=False, labelcolor=look.ink, loc="best")
    return figure


def _axes(look: Look, title: str, high_in: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDE_IN, high_in), layout="constrained", facecolor=look.ground)
    axes = figure.add_subplot(facecolor=look.ground)
    axes.set_title(title, color=look.ink, loc="left", fontsize=12, fontweight="bold", pad=10)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(which="both", colors=look.soft, labelcolor=look.ink, length=0)
    axes.xaxis.label.set_color(look.soft)
    axes.yaxis.label.set_color(look.soft)
    return figure, axes
