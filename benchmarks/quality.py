"""How right the answers are: on the half that constants are chosen on, on the other, on all.

    python benchmarks/quality.py QUERIES.jsonl [--library DIR] [--per-query]

The queries' format and the figures are those of ``vidcut eval``; a constant that was tuned was
tuned on the half called tuned, so only the held-out one judges it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from measured import write
from rich.console import Console
from rich.table import Table

from vidcut import Library, evaluation, truth
from vidcut.cli.figures import TITLE, ask, row


def main() -> None:
    options = _options()
    queries = truth.read(options.queries.read_text("utf-8").split("\n"))
    with Library(options.library) as library:
        judged, median_s = ask(library, queries, count=evaluation.DEPTHS[-1])
    if options.per_query:
        for one in judged:
            _print_query(one)
    console = Console(width=110)
    for half in (*truth.Half, evaluation.ALL):
        of_half = [one for one in judged if half in {evaluation.ALL, one.labelled.half}]
        table = Table(*TITLE, title=half, box=None)
        for names, group in evaluation.groups(of_half).items():
            table.add_row(*row(names, evaluation.measure(group)))
        console.print(table)
    every = [_row(names, group) for names, group in evaluation.groups(judged).items()]
    write("quality", {"input": {"queries": len(queries)}, "rows": every}, mode="full")
    console.print(f"warm search, median: {median_s * 1000:.1f} ms")


def _row(names: tuple[str, str], group: list[evaluation.Judged]) -> dict[str, Any]:
    figures = evaluation.measure(group)
    found = figures.found
    return {
        "modality": names[0],
        "language": names[1],
        "queries": figures.answerable,
        "hit_at_1": found and found.hit[1],
        "hit_at_5": found and found.hit[5],
        "recall_at_5_iou_0_5": found and found.recall[5, 0.5],
        "silence": figures.silence,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--per-query", action="store_true")
    return parser.parse_args()


def _print_query(judged: evaluation.Judged) -> None:
    hits = "".join("+" if verdict.hit else "." for verdict in judged.verdicts)
    print(f"{judged.labelled.id} {hits:5} {judged.labelled.query}")
    for verdict in judged.verdicts[:3]:
        moment = verdict.moment
        why = ", ".join(f"{h.chunk.modality} {h.confidence:.2f}" for h in moment.evidence)
        times = f"{moment.start.time_us / 1e6:.1f}-{moment.end.time_us / 1e6:.1f}"
        print(f"      {moment.score:.2f} IoU {verdict.iou:.2f} {moment.video.path} {times}  {why}")


if __name__ == "__main__":
    main()
