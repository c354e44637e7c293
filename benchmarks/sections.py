"""The sections of benchmarks/README.md: each a benchmark's table, and its plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charts import Bar, Line
from measured import RESULTS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from charts import Plots

    Section = Callable[[Mapping[str, Any], Plots], Iterator[str]]

PAGE = ROOT / "benchmarks" / "README.md"
PLOTS = RESULTS / "plots"
OURS = "vidcut"
PARTS = {
    "pictures": "Pictures",
    "speech": "Speech",
    "text": "Text on screen",
    "still-text": "Text on screen, still footage",
    "all": "All modalities",
}


def _race(part: str) -> Section:
    def told(result: Mapping[str, Any], plots: Plots) -> Iterator[str]:
        facts, title = result["input"], PARTS[part]
        yield f"## {title}"
        yield ""
        film = "slides under titles" if part == "still-text" else "stretches"
        yield f"{facts['seconds']} s of 1080p30 H.264, {film} of {facts['media']};"
        yield f"{facts['runs']} runs. Each way is a program from start to end; times realtime are"
        yield "without its start-up, which is what it takes on four seconds."
        yield ""
        is_busy = busy(result)
        if is_busy:
            yield "The machine was busy with other work, so that the clock says little: the plot"
            yield "and what is judged above are of the processor's time."
            yield ""
        ways = [_bar(row, facts["seconds"], is_busy=is_busy) for row in result["rows"]]
        unit = "times realtime a CPU second" if is_busy else "times realtime (clock)"
        title += ": times realtime, more is better"
        yield from _plot(plots.bars(part, title, unit, ways), title)
        yield "| way | | clock | CPU | start-up | x realtime | x realtime a CPU second |"
        yield "| --- | --- | --: | --: | --: | --: | --: |"
        for row in result["rows"]:
            name = f"**{row['way']}**" if row["way"].startswith(OURS) else row["way"]
            spent = f"{row['wall_s']:.1f} s | {row['cpu_s']:.1f} s | {row['startup_s']:.1f} s"
            rates = f"{row['x_realtime']:.1f} | {row['x_realtime_a_core']:.1f}"
            yield f"| {name} | {row['note']} | {spent} | {rates} |"
        yield ""

    return told


def busy(result: Mapping[str, Any]) -> bool:
    """Whether others were at work on the cores: a benchmark alone loads them about once."""
    machine = result["machine"]
    return bool(machine["load_average"] > 2 * machine["cores"])


def _bar(row: Mapping[str, Any], seconds: float, *, is_busy: bool) -> Bar:
    clock = "cpu_s" if is_busy else "wall_s"
    spent = [run["whole"][clock] - run["start"][clock] for run in row["runs"]]
    rates = [(seconds - 4) / one for one in spent if one > 0]
    rate = row["x_realtime_a_core" if is_busy else "x_realtime"]
    name = row["way"].replace("`", "")
    return Bar(name, rate, min([rate, *rates]), max([rate, *rates]), row["way"].startswith(OURS))


def _shot_cost(result: Mapping[str, Any], plots: Plots) -> Iterator[str]:
    del plots
    yield "## Shots"
    yield ""
    facts = result["input"]
    yield f"{facts['frames']} frames of the film above, one thread, {facts['runs']} runs in turns."
    yield ""
    yield "| way | CPU | of decoding alone |"
    yield "| --- | --: | --: |"
    for row in result["rows"]:
        share = f"{100 * row['of_decoding']['median']:.1f} %"
        yield f"| {row['way']} | {row['cpu_s']:.2f} s | {share} |"
    yield ""


def _shots(result: Mapping[str, Any], plots: Plots) -> Iterator[str]:
    del plots
    (row,) = result["rows"]
    yield f"Of {row['cuts']} cuts in {row['films']} films, whose places are known to the frame:"
    yield f"precision {row['precision']:.3f}, recall {row['recall']:.3f}, F1 {row['f1']:.3f}."
    yield ""


def _stages(result: Mapping[str, Any], plots: Plots) -> Iterator[str]:
    facts = result["input"]
    yield "## Stages of an index run"
    yield ""
    yield f"{facts['files']} files, {facts['seconds']:.0f} s, the offline models,"
    yield f"{facts['runs']} runs; each stage alone on one thread, then all, overlapping, with"
    yield f"{100 * result['cores_busy']:.0f} % of the cores busy."
    yield ""
    ways = [
        Bar(
            row["stage"],
            row["x_realtime"],
            facts["seconds"] / max(row["runs_s"]),
            facts["seconds"] / min(row["runs_s"]),
            row["stage"].startswith("all"),
        )
        for row in result["rows"]
    ]
    title = "Stages: times realtime, more is better"
    yield from _plot(plots.bars("stages", title, "times realtime", ways), title)
    yield "| stage | seconds | x realtime |"
    yield "| --- | --: | --: |"
    for row in result["rows"]:
        yield f"| {row['stage']} | {row['seconds']:.1f} | {row['x_realtime']:.1f} |"
    yield ""


def _quality(result: Mapping[str, Any], plots: Plots) -> Iterator[str]:
    del plots
    yield "## How right the answers are"
    yield ""
    yield f"Of {result['input']['queries']} queries; nothing above may be had by less of this."
    yield ""
    yield "| answers lie in | queries | hit@1 | hit@5 | R@5 at IoU 0.5 |"
    yield "| --- | --: | --: | --: | --: |"
    for row in result["rows"]:
        if row["language"] == "all" and row["queries"]:
            shares = " | ".join(
                f"{row[share]:.2f}" for share in ("hit_at_1", "hit_at_5", "recall_at_5_iou_0_5")
            )
            yield f"| {row['modality']} | {row['queries']} | {shares} |"
    yield ""


def _cuts(result: Mapping[str, Any], plots: Plots) -> Iterator[str]:
    yield "## Cutting"
    yield ""
    yield f"{result['input']['footage']}; {result['input']['runs']} runs."
    yield "vidcut checks what was written; ffmpeg by hand is run and believed."
    yield ""
    ways = [
        Bar(
            row["way"],
            row["wall_s"],
            min(run["wall_s"] for run in row["runs"]),
            max(run["wall_s"] for run in row["runs"]),
            row["way"].startswith(OURS),
        )
        for row in result["rows"]
    ]
    title = "Cutting ten seconds: seconds, less is better"
    yield from _plot(plots.bars("cuts", title, "seconds (clock)", ways), title)
    yield "| way | clock | CPU |"
    yield "| --- | --: | --: |"
    for row in result["rows"]:
        yield f"| {row['way']} | {row['wall_s']:.2f} s | {row['cpu_s']:.2f} s |"
    yield ""


def _memory(result: Mapping[str, Any], plots: Plots) -> Iterator[str]:
    yield "## Memory against a video's length"
    yield ""
    yield f"`{result['input']['film']}`, looped; all modalities, offline models; vidcut and the"
    yield "processes that decode for it together, each page once."
    yield ""
    points = [(row["minutes"], row["peak_MiB"]) for row in result["rows"] if row["jobs"] == 1]
    if len(points) > 1:
        title = "Peak memory of an index run"
        units = ("minutes of film", "MiB")
        grown = [Line("peak", points)]
        yield from _plot(plots.lines("memory", title, units, grown), title)
    yield "| minutes | jobs | peak | clock | CPU | x realtime | cores busy |"
    yield "| --: | --: | --: | --: | --: | --: | --: |"
    for row in result["rows"]:
        spent = f"{row['seconds']:.0f} s | {row['cpu_s']:.0f} s | {row['x_realtime']:.1f}"
        busy = f"{100 * row['cores_busy']:.0f} %"
        yield f"| {row['minutes']} | {row['jobs']} | {row['peak_MiB']:,} MiB | {spent} | {busy} |"
    yield ""


def _growth(result: Mapping[str, Any], plots: Plots) -> Iterator[str]:
    rows = result["rows"]
    yield "## Growth: what one hour more costs"
    yield ""
    yield f"Libraries made of the chunks of {result['input']['media']} with noise on their vectors;"
    yield f"{result['input']['runs']} runs. *One hour's chunks* is a new process that keeps them"
    yield "and brings the snapshots up to date; *one film of a second* an index run; *a search*"
    yield "a cold one."
    yield ""
    named = {"hour": "one hour's chunks", "film": "one film of a second", "search": "a search"}
    for unit, ending, title in (
        ("seconds of CPU", "cpu_s", "Processor's time on a library of so many hours"),
        ("MiB", "peak_MiB", "Peak memory on a library of so many hours"),
    ):
        grown = [
            Line(name, [(row["hours"], row[f"{what}_{ending}"]) for row in rows])
            for what, name in named.items()
        ]
        units = ("hours in the library", unit)
        yield from _plot(plots.lines(f"growth-{ending}", title, units, grown), title)
    yield "| hours | chunks | size | one hour's chunks | one film | a search | peaks |"
    yield "| --: | --: | --: | --: | --: | --: | --: |"
    for row in rows:
        spent = [f"{row[f'{w}_s']:.2f} s ({row[f'{w}_cpu_s']:.2f} s CPU)" for w in named]
        peaks = ", ".join(f"{row[f'{what}_peak_MiB']:.0f}" for what in named)
        size = f"{row['size_MiB']:,.0f} MiB"
        facts = (f"{row['hours']:,}", f"{row['chunks']:,}", size, *spent, f"{peaks} MiB")
        yield "| " + " | ".join(facts) + " |"
    yield ""


def _plot(made: Sequence[Path], title: str) -> Iterator[str]:
    light, dark = (path.relative_to(PAGE.parent) for path in made)
    yield "<picture>"
    yield f'  <source media="(prefers-color-scheme: dark)" srcset="{dark}">'
    yield f'  <img alt="{title}" src="{light}">'
    yield "</picture>"
    yield ""


SECTIONS: Mapping[str, Section] = {
    **{part: _race(part) for part in PARTS},
    "shot_cost": _shot_cost,
    "shots": _shots,
    "stages": _stages,
    "quality": _quality,
    "cuts": _cuts,
    "memory": _memory,
    "growth": _growth,
}
