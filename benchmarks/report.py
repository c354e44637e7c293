"""Makes benchmarks/README.md and its plots of what the benchmarks wrote, and of nothing else.

    python benchmarks/report.py [--check]

Every figure on the page comes out of ``results/*.json``; a benchmark that was not run is named
with the command that runs it. The list of scripts is their own first lines.
"""

from __future__ import annotations

import argparse
import ast
import json
from typing import TYPE_CHECKING, Any

from charts import Plots
from measured import RESULTS, ROOT
from sections import OURS, PAGE, PARTS, PLOTS, SECTIONS, busy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOT_SCRIPTS = {"measured.py", "charts.py", "opponents.py", "sections.py"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the page is so")
    options = parser.parse_args()
    PLOTS.mkdir(parents=True, exist_ok=True)
    page = made(Plots(PLOTS, is_drawn=not options.check))
    if not options.check:
        PAGE.write_text(page, "utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")
    elif page != PAGE.read_text("utf-8"):
        name = PAGE.relative_to(ROOT)
        raise SystemExit(f"{name} is not what the results say; run python benchmarks/report.py")


def made(plots: Plots) -> str:
    """The page; its plots are drawn on the way."""
    results = {path.stem: json.loads(path.read_bytes()) for path in sorted(RESULTS.glob("*.json"))}
    return "\n".join(_page(results, plots)) + "\n"


def _page(results: Mapping[str, Any], plots: Plots) -> Iterator[str]:
    yield from _introduction(results)
    yield from _asked(results)
    for name, told in SECTIONS.items():
        if name in results:
            yield from told(results[name], plots)
    yield from _not_measured(results)
    yield from _elsewhere()
    yield from _scripts()


# The top ------------------------------------------------------------------------------


def _introduction(results: Mapping[str, Any]) -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    yield "`make bench` measures all of this in some half an hour on two idle cores (`make bench"
    yield "MODE=full` in some hours: longer films, more runs, larger libraries) and writes this"
    yield "page, its tables and its plots from what was measured: no figure here is typed by hand."
    yield ""
    yield "What is compared runs side by side: each way once, then each once again, and so on."
    yield "Figures are medians of the runs, ratios the medians of the ratios within each round."
    yield "Machines have neighbours, so ratios count; where a machine was busy, those of the"
    yield "processor's time (CPU) say more than those of the clock."
    yield ""
    yield from _machines(results)


def _machines(results: Mapping[str, Any]) -> Iterator[str]:
    yield "| measured | on | by vidcut at | load | mode |"
    yield "| --- | --- | --- | --- | --- |"
    for name, one in results.items():
        machine = one["machine"]
        gpu = "no GPU" if machine["gpu"] == "none" else machine["gpu"]
        on = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_GiB']} GiB, {gpu}"
        facts = (name, one["when"], on, f"`{one['vidcut']['commit']}`", machine["load_average"])
        yield f"| {facts[0]}, {facts[1]} | {facts[2]} | {facts[3]} | {facts[4]} | {one['mode']} |"
    yield ""
    for machine in _distinct(one["machine"] for one in results.values()):
        packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
        system = f"{machine['system']}, CPython {machine['python']}, ffmpeg {machine['ffmpeg']}"
        yield f"{system}, {packages}."
        yield ""


def _distinct(machines: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    seen: dict[str, dict[str, Any]] = {}
    for machine in machines:
        named = {key: value for key, value in machine.items() if key != "load_average"}
        seen.setdefault(json.dumps(named, sort_keys=True), named)
    return list(seen.values())


def _asked(results: Mapping[str, Any]) -> Iterator[str]:
    """What was aimed at, and what came out, whether or not it is reached."""
    yield "## What was aimed at"
    yield ""
    yield "| what | aim | reached, clock | least to most | reached, CPU | start to end, clock |"
    yield "| --- | --: | --: | --: | --: | --: |"
    for part, title in PARTS.items():
        for one in results.get(part, {}).get("asked", ()):
            what = f"{title}: {one['way']} against {one['other']}"
            is_busy = busy(results[part])
            mark = _mark((one["ratio_cpu"] if is_busy else one["ratio"]) >= one["asked"])
            clock = f"{one['ratio']:.2f}x | {one['least']:.2f}–{one['most']:.2f}"
            reached = "machine busy | " if is_busy else clock
            whole = f"{one['ratio_whole']:.2f}x" if "ratio_whole" in one else ""
            found = f"{reached} | {one['ratio_cpu']:.2f}x | {whole} |"
            yield f"| {mark} {what} | {one['asked']:g}x | {found}"
    for what, aim, reached, is_reached in _other_aims(results):
        yield f"| {_mark(is_reached)} {what} | {aim} | {reached} | | | |"
    yield ""


def _mark(is_reached: bool) -> str:  # noqa: FBT001  (one word, one meaning)
    return "✓" if is_reached else "✗"


def _other_aims(results: Mapping[str, Any]) -> Iterator[tuple[str, str, str, bool]]:
    if "all" in results and not busy(results["all"]):
        for row in results["all"]["rows"]:
            if row["way"] == f"{OURS}, labels":
                rate = row["x_realtime"]
                yield "All modalities, offline models", "6x realtime", f"{rate:.1f}x", rate >= 6
    if "shot_cost" in results:
        cost = {row["way"]: row["of_decoding"]["median"] for row in results["shot_cost"]["rows"]}
        over = cost["decoded, sampled, shots"] - cost["decoded, sampled"]
        yield "Shots, over decoding (CPU)", "≤ 10 %", f"{100 * over:.1f} %", over <= 0.1
    if "shots" in results:
        f1 = results["shots"]["rows"][0]["f1"]
        yield "Shots: F1 against cuts that were looked at", "0.95", f"{f1:.3f}", f1 >= 0.95
    if "stages" in results and not busy(results["stages"]):
        share = results["stages"]["cores_busy"]
        yield "Cores busy, whole index run", "85 %", f"{100 * share:.0f} %", share >= 0.85
    yield from _memory_aims(results.get("memory"))


def _memory_aims(memory: Mapping[str, Any] | None) -> Iterator[tuple[str, str, str, bool]]:
    if memory is None:
        return
    peaks = {row["minutes"]: row["peak_MiB"] for row in memory["rows"] if row["jobs"] == 1}
    most = max(peaks.values())
    yield "Peak memory, any length", "< 2,048 MiB", f"{most:,.0f} MiB", most < 2048
    longest, shortest = max(peaks), min(peaks)
    if longest > shortest:
        more = peaks[longest] / peaks[shortest] - 1
        what = f"Peak of {longest} minutes over that of {shortest}"
        yield what, "≤ 10 %", f"{100 * more:+.1f} %", more <= 0.1


RUN = {
    **{part: f"against.py {part}" for part in PARTS},
    "shot_cost": "shot_cost.py",
    "shots": "shots.py --media FOLDER",
    "stages": "stages.py FOLDER",
    "quality": "quality.py QUERIES.jsonl",
    "cuts": "cuts.py --speed",
    "memory": "memory.py",
    "growth": "growth.py",
}


# The end ------------------------------------------------------------------------------


def _not_measured(results: Mapping[str, Any]) -> Iterator[str]:
    yield "## What was not measured"
    yield ""
    for name, command in RUN.items():
        if name not in results:
            yield f"- {name}: not run yet; `python benchmarks/{command}`."
    for name, one in results.items():
        for way, reason in one.get("left_out", {}).items():
            yield f"- {name}, {way}: {reason}."
    if all(one["machine"]["gpu"] == "none" for one in results.values()):
        yield "- A CUDA GPU: none on the machine of this page."
    for name, one in results.items():
        if busy(one):
            yield f"- {name} on an idle machine: its load was above twice its cores, so that times"
            yield "  by the clock say little; ratios of the processor's time hold."
    yield "- Trained CLIP weights: they come from a model hub, which no benchmark asks. Random ones"
    yield "  take the time that trained ones do; nothing is said of what they find."
    yield "- openai-whisper: its weights come from its own server. faster-whisper's defaults, in"
    yield "  fp32 and beam 5 with its retries, stand for it."
    yield "- TransNetV2: it takes some four times what decoding does, and the cuts that it would be"
    yield "  held against are known to the frame."
    yield "- Peers' finding of anything: only what their indexing costs."
    yield ""


def _elsewhere() -> Iterator[str]:
    pages = sorted(RESULTS.glob("*.md"))
    if pages:
        yield "## More"
        yield ""
        for page in pages:
            title = page.read_text("utf-8").partition("\n")[0].lstrip("# ")
            yield f"- [{title}]({page.relative_to(PAGE.parent)})"
        yield "- [How right answers are, and what was tried](../docs/search.md)"
        yield ""


def _scripts() -> Iterator[str]:
    yield "## The scripts"
    yield ""
    yield "They are measurements, not tests: nothing here fails, but `fuzz.py` and"
    yield "`reliability.py` at what they find. Each one's first lines say how it is run."
    yield ""
    yield "| script | what it measures |"
    yield "| --- | --- |"
    for path in sorted(PAGE.parent.glob("*.py")):
        told = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        if path.name not in NOT_SCRIPTS:
            first = " ".join(told.partition("\n\n")[0].split()).rstrip(".:")
            yield f"| `{path.name}` | {first} |"


if __name__ == "__main__":
    main()
