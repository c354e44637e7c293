"""``vidcut eval``: how right the library's answers are, by labelled queries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import vidcut
from vidcut import truth
from vidcut.cli import options, render
from vidcut.cli.exits import Exit
from vidcut.truth import Half  # noqa: TC001  (typer reads it at run time)


def eval_(  # noqa: PLR0913  (a command's options)
    queries: Annotated[
        str, typer.Argument(metavar="QUERIES|-", help="A file of JSON lines; - for stdin.")
    ],
    *,
    count: Annotated[
        int, typer.Option("--count", "-k", min=5, help="Moments to judge of each query.")
    ] = 5,
    half: Annotated[
        Half | None, typer.Option(help="Judge by one half of the queries only.")
    ] = None,
    per_query: Annotated[
        bool, typer.Option("--per-query", help="First, what each query found.")
    ] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Choose the library's min_score, and keep it.")
    ] = False,
    min_score: options.MinScoreOption = None,
    json: options.JsonOption = False,
    library: options.LibraryOption = None,
    device: options.DeviceOption = None,
    offline: options.OfflineOption = None,
    quiet: options.QuietOption = False,
) -> int:
    """Judge the library's answers by queries whose answers you know.

    QUERIES has a JSON object a line: id, query, lang, modality and relevant, a list of
    {"video", "start", "end"} in seconds, empty where nothing answers. Only query and relevant
    are needed. A video is known by the end of its path.

    A row for each modality and language: n (queries with + without an answer), hit@k (the
    middle of one of the first k moments lies in a relevant span), R@k (one overlaps it with an
    IoU of at least .3, .5, .7), mAP (at IoU .3), how far start and end lie off in the first
    right moment (mean and median), silence (of the queries without an answer, the share that
    gets none).

    --calibrate chooses the least score that silences most while hit@5 falls by at most 3 of a
    hundred. From 20 queries on it is chosen on one half of them, by a hash of the id, and what
    it does to the other half is told too.

    --json, a group: modality, language, answerable, unanswerable, hit_1, hit_5, recall_1 and
    recall_5 (lists, by IoU), mean_average_precision, start_mean, start_median, end_mean,
    end_median (seconds), silence. A query: id, query, language, modality, half, relevant,
    average_precision, and moments with video, start, end, score, hit, iou, start_off, end_off.
    --calibrate: min_score, chosen_on, kept_in, and halves with half, answerable, unanswerable,
    hit_5_before, hit_5, silence_before, silence; before is with min_score 0.
    """
    from vidcut.cli import figures  # noqa: PLC0415  (not for --help)

    if calibrate and (half is not None or min_score is not None):
        fact = "--calibrate chooses the score, and on which half"
        raise vidcut.UsageError(f"{fact}; leave --min-score and --half out")
    labelled = [one for one in truth.read(_lines(queries)) if half in {None, one.half}]
    if not labelled:
        raise vidcut.UsageError(f"no query is in the {half} half; leave --half out")
    with vidcut.Library(library, min_score=min_score, device=device, offline=offline) as opened:
        least = 0.0 if calibrate else None
        judged, median_s = figures.ask(opened, labelled, count=count, min_score=least)
        told = [f"a warm search takes {median_s * 1000:.1f} ms (median)"]
        if calibrate:
            told.append(figures.calibrate(opened, judged, per_query=per_query, json=json))
        else:
            figures.show(judged, per_query=per_query, json=json)
    for line in [] if quiet else told:
        render.say(line)
    return Exit.DONE


def _lines(queries: str) -> list[str]:
    """The file's lines, ended by newlines only: JSON may hold other ends of lines as they are."""
    try:
        raw = sys.stdin.buffer.read() if queries == "-" else Path(queries).read_bytes()
        return raw.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise vidcut.UsageError(f"{queries} is not UTF-8 ({error}); save it as that") from error
    except (OSError, ValueError) as error:
        fact = f"{queries} cannot be read ({error})"
        raise vidcut.UsageError(f"{fact}; give a file of labelled queries, or -") from error
