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
    from collections.abc import Iterator, Sequence
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


def bars(folder: Path, name: str, title: str, unit: str, ways: Sequence[Bar]) -> list[Path]:
    """The longest on top; whiskers from the least to the most of the runs."""
    ordered = sorted(ways, key=lambda way: way.value)
    made = []
    for look in LOOKS:
        axes = _axes(look, title, BAR_IN * len(ways) + 1.1)
        colours = [look.ours if way.is_ours else look.others for way in ordered]
        values = [way.value for way in ordered]
        spread = [[w.value - w.least for w in ordered], [w.most - w.value for w in ordered]]
        axes.barh(
            range(len(ordered)),
            values,
            color=colours,
            height=0.68,
            xerr=spread,
            error_kw={"ecolor": look.soft, "elinewidth": 1, "capsize": 2},
        )
        axes.set_yticks(range(len(ordered)), [way.name for way in ordered])
        for place, way in enumerate(ordered):
            end = max(way.most, way.value)
            axes.annotate(
                f"{way.value:.3g}",
                (end, place),
                (5, 0),
                textcoords="offset points",
                va="center",
                color=look.ink,
            )
        axes.set_xlim(0, 1.12 * max(max(way.most, way.value) for way in ordered))
        axes.set_xlabel(unit)
        axes.xaxis.grid(visible=True, color=look.grid, linewidth=0.8)
        made.append(_written(axes, folder / f"{name}-{look.name}.svg", look))
    return made


def lines(
    folder: Path, name: str, title: str, units: tuple[str, str], grown: Sequence[Line]
) -> list[Path]:
    """Against a logarithmic axis, from nothing upwards; each line is named at its end."""
    made = []
    for look in LOOKS:
        axes = _axes(look, title, LINES_IN)
        for line, colour in zip(grown, look.lines, strict=False):
            across, up = zip(*line.points, strict=True)
            axes.plot(
                across, up, color=colour, marker="o", markersize=4, linewidth=2, label=line.name
            )
        axes.set_xscale("log")
        places = sorted({x for line in grown for x, _ in line.points})
        axes.set_xticks(places)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(0, 1.15 * max(y for line in grown for _, y in line.points))
        axes.set_xlabel(units[0])
        axes.set_ylabel(units[1])
        axes.yaxis.grid(visible=True, color=look.grid, linewidth=0.8)
        if len(grown) > 1:
            axes.legend(frameon=False, labelcolor=look.ink, loc="best")
        made.append(_written(axes, folder / f"{name}-{look.name}.svg", look))
    return made


def _axes(look: Look, title: str, high_in: float) -> Axes:
    figure = Figure(figsize=(WIDE_IN, high_in), layout="constrained", facecolor=look.ground)
    axes = figure.add_subplot(facecolor=look.ground)
    axes.set_title(title, color=look.ink, loc="left", fontsize=12, fontweight="bold", pad=10)
    axes.set_axisbelow(True)
    for side in _sides(axes):
        side.set_visible(False)
    axes.tick_params(colors=look.soft, labelcolor=look.ink, length=0)
    axes.xaxis.label.set_color(look.soft)
    axes.yaxis.label.set_color(look.soft)
    return axes


def _sides(axes: Axes) -> Iterator[Any]:
    return iter(axes.spines.values())


def _written(axes: Axes, path: Path, look: Look) -> Path:
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    figure.savefig(path, format="svg", facecolor=look.ground, metadata={"Date": None})
    return path
