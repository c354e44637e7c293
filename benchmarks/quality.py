"""How often the first answers are right, by modality and language.

    python benchmarks/quality.py QUERIES.jsonl [--library DIR] [--per-query]

The queries' format: one JSON object a line with id, query, lang, modality (``frame``,
``asr``, ``ocr`` or ``none``) and relevant: [{video, start, end}] in seconds. The library
must hold the videos; each is recognised by the end of its path.

hit@k: the middle of one of the first k moments lies in a relevant span. R@k: one of the first
k moments overlaps a relevant span with an IoU of at least 0.3. Silence: the share of queries
without an answer that return nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from vidcut import Library, Span
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from vidcut import Moment

IOU = 0.3
DEPTH = 5


def main() -> None:
    options = _options()
    asked = [json.loads(line) for line in options.queries.read_text("utf-8").splitlines() if line]
    with Library(options.library) as library:
        library.search("warm up")
        results = [_ask(library, query) for query in asked]
    if options.per_query:
        for result in results:
            _print_query(result)
    _print_sums(results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--per-query", action="store_true")
    return parser.parse_args()


def _ask(library: Library, query: dict[str, Any]) -> dict[str, Any]:
    begun = time.perf_counter()
    moments = library.search(query["query"], count=DEPTH)
    elapsed_s = time.perf_counter() - begun
    spans = [_relevant(entry) for entry in query["relevant"]]
    return {
        **query,
        "elapsed_s": elapsed_s,
        "moments": moments,
        "hits": [any(_hits(moment, *span) for span in spans) for moment in moments],
        "overlaps": [any(_overlaps(moment, *span) for span in spans) for moment in moments],
    }


def _relevant(entry: dict[str, Any]) -> tuple[str, Span]:
    start, end = (round(entry[name] * SECOND_US) for name in ("start", "end"))
    return entry["video"], Span(start, end)


def _hits(moment: Moment, video: str, span: Span) -> bool:
    return _same(moment, video) and span.contains(moment.span.middle)


def _overlaps(moment: Moment, video: str, span: Span) -> bool:
    return _same(moment, video) and moment.span.iou(span) >= IOU


def _same(moment: Moment, video: str) -> bool:
    return Path(moment.video.path).name == Path(video).name


def _print_query(result: dict[str, Any]) -> None:
    hits = "".join("+" if hit else "." for hit in result["hits"])
    overlaps = "".join("+" if hit else "." for hit in result["overlaps"])
    print(f"{result['id']} {hits:5} {overlaps:5} {result['query']}")
    for moment in result["moments"][:3]:
        why = ", ".join(
            f"{hit.chunk.modality} {hit.confidence:.2f} {(hit.chunk.text or '')[:40]!r}"
            for hit in moment.evidence
        )
        start, end = moment.start.time_us / 1e6, moment.end.time_us / 1e6
        print(f"      {moment.score:.2f} {moment.video.path} {start:.1f}-{end:.1f}  {why}")


def _print_sums(results: list[dict[str, Any]]) -> None:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for result in results:
        for language in (result["lang"], "all"):
            groups[result["modality"], language].append(result)
    table = Table("modality", "lang", "n", "hit@1", "hit@5", "R@1 IoU0.3", "R@5 IoU0.3", "silence")
    for (modality, language), group in sorted(groups.items()):
        count = len(group)
        figures = [
            sum(any(result[name][:depth]) for result in group) / count
            for name in ("hits", "overlaps")
            for depth in (1, DEPTH)
        ]
        silence = sum(not result["moments"] for result in group) / count
        cells = ["-"] * 4 if modality == "none" else [f"{figure:.2f}" for figure in figures]
        table.add_row(modality, language, str(count), *cells, f"{silence:.2f}")
    console = Console(width=100)
    console.print(table)
    median_ms = statistics.median(result["elapsed_s"] for result in results) * 1000
    console.print(f"warm search, median: {median_ms:.1f} ms")


if __name__ == "__main__":
    main()
