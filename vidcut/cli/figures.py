"""What ``vidcut eval`` asks, reckons and shows; apart from it, for --help is to be quick."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import vidcut
from vidcut import evaluation, settings, truth
from vidcut.cli import render
from vidcut.evaluation import ALL, DEPTHS, IOUS
from vidcut.records import SECOND_US
from vidcut.truth import Half

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.evaluation import Figures, Judged, Off
    from vidcut.truth import Labelled

TITLE = (
    *("modality", "lang", "n", "hit@1", "hit@5", "R@1 .3 .5 .7", "R@5 .3 .5 .7", "mAP"),
    *("start s", "end s", "silence"),
)
_NONE = "-"
_ENOUGH = 20
"""With fewer queries, half of them are too few to choose a threshold on."""


def ask(
    library: vidcut.Library,
    queries: Sequence[Labelled],
    *,
    count: int,
    min_score: float | None = None,
) -> tuple[list[Judged], float]:
    """Put the queries to the library; what they found, and a warm search's median in seconds.

    Raises:
        UsageError: a query says nothing, or a video of its answers is not in the library.
    """
    videos = {video.path: video for video in library.videos()}
    located = truth.locate(queries, videos)
    for path in sorted({path for one in located for path, _ in one.relevant}):
        if videos[path].state != "ok":
            render.say(f"{path} is {videos[path].state}: what is relevant in it is not found")
    judged, seconds = [], []
    for number, labelled in enumerate(located):
        try:
            if number == 0:  # the encoders are loaded
                library.search(labelled.query, count=count, min_score=min_score)
            begun = time.perf_counter()
            moments = library.search(labelled.query, count=count, min_score=min_score)
        except vidcut.QueryError as error:
            raise vidcut.UsageError(f"query {labelled.id}: {error}") from error
        seconds.append(time.perf_counter() - begun)
        judged.append(evaluation.judge(labelled, moments))
    return judged, statistics.median(seconds)


def row(names: tuple[str, str], figures: Figures) -> tuple[str, ...]:
    """A group's figures under `TITLE`."""
    found = figures.found
    several = f"+{figures.unanswerable}" if figures.unanswerable else ""
    cells = [_NONE] * 7
    if found is not None:
        cells = [
            *(_share(found.hit[depth]) for depth in DEPTHS),
            *(" ".join(_share(found.recall[depth, iou]) for iou in IOUS) for depth in DEPTHS),
            _share(found.mean_average_precision),
            _off(found.start),
            _off(found.end),
        ]
    language = render.printable(names[1]) or _NONE
    count = f"{figures.answerable}{several}"
    return (render.printable(names[0]), language, count, *cells, _share(figures.silence))


def show(judged: Sequence[Judged], *, per_query: bool, json: bool) -> None:
    """A row or an object for each query, where wanted, and for each modality and language."""
    if per_query:
        _show_queries(judged, json=json)
    figures = {names: evaluation.measure(of) for names, of in evaluation.groups(judged).items()}
    if json:
        for names, of_group in figures.items():
            render.emit_json(_group_json(names, of_group))
    else:
        render.emit_table(TITLE, [row(names, of_group) for names, of_group in figures.items()])


def calibrate(
    library: vidcut.Library, judged: Sequence[Judged], *, per_query: bool, json: bool
) -> str:
    """Choose the library's least score, keep it and show what it does; what there is to say.

    Args:
        library: whose settings are to hold it.
        judged: queries with their moments as found with a threshold of 0.
        per_query: whether each query is shown too.
        json: as objects, not tables.

    Raises:
        UsageError: nothing can be chosen by these queries.
        OutputError: the settings cannot be written.
    """
    least, chosen_on = _choose(judged)
    path = settings.keep(library.folder, "min_score", least)
    show([evaluation.above(one, least) for one in judged], per_query=per_query, json=json)
    facts = [_choice_json(half, of, least) for half, of in _halves(judged, chosen_on).items()]
    if json:
        choice = {"min_score": least, "chosen_on": chosen_on, "kept_in": str(path)}
        render.emit_json(choice | {"halves": facts})
    else:
        title = ("half", "n", "hit@5 before", "hit@5", "silence before", "silence")
        rows = [
            (half, f"{answerable}+{unanswerable}", *map(_share, shares))
            for half, answerable, unanswerable, *shares in map(dict.values, facts)
        ]
        render.emit("")
        render.emit_table(title, rows)
    why = f" (too few in a half of {len(judged)} queries)" if chosen_on == ALL else ""
    outweighed = settings.read({}, library=library.folder).min_score != least
    warning = "; VIDCUT_MIN_SCORE is set and outweighs it" if outweighed else ""
    return f"min_score = {least}, chosen on {chosen_on}{why}, is kept in {path}{warning}"


# Shown --------------------------------------------------------------------------------


def _group_json(names: tuple[str, str], figures: Figures) -> dict[str, Any]:
    found = figures.found
    start, end = (found.start, found.end) if found else (None, None)
    return {
        "modality": names[0],
        "language": names[1],
        "answerable": figures.answerable,
        "unanswerable": figures.unanswerable,
        **{f"hit_{k}": _rounded(found.hit[k] if found else None) for k in DEPTHS},
        **{
            f"recall_{k}": [_rounded(found.recall[k, iou]) for iou in IOUS] if found else None
            for k in DEPTHS
        },
        "mean_average_precision": _rounded(found.mean_average_precision if found else None),
        "start_mean": _rounded(start.mean_s if start else None),
        "start_median": _rounded(start.median_s if start else None),
        "end_mean": _rounded(end.mean_s if end else None),
        "end_median": _rounded(end.median_s if end else None),
        "silence": _rounded(figures.silence),
    }


def _show_queries(judged: Sequence[Judged], *, json: bool) -> None:
    if json:
        for one in judged:
            render.emit_json(_query_json(one))
        return
    rows = []
    for one in judged:
        right, verdicts = evaluation.first_right(one), one.verdicts
        offs = (right.start_off_us, right.end_off_us) if right else (None, None)
        rows.append(
            (
                render.printable(one.labelled.id),
                "".join("+" if verdict.hit else "." for verdict in verdicts) or _NONE,
                _share(max(verdict.iou for verdict in verdicts) if verdicts else None),
                *(_NONE if off is None else f"{off / SECOND_US:+.2f}" for off in offs),
                _share(verdicts[0].moment.score if verdicts else None),
                render.words(one.labelled.query),
            )
        )
    render.emit_table(("id", "hits", "IoU", "start s", "end s", "score", "query"), rows)
    render.emit("")


def _query_json(judged: Judged) -> dict[str, Any]:
    labelled = judged.labelled
    return {
        "id": labelled.id,
        "query": labelled.query,
        "language": labelled.language,
        "modality": labelled.modality,
        "half": labelled.half,
        "relevant": [{"video": video, **_times(span)} for video, span in labelled.relevant],
        "average_precision": _rounded(judged.average_precision),
        "moments": [
            {
                "video": verdict.moment.video.path,
                **_times(verdict.moment.span),
                "score": _rounded(verdict.moment.score),
                "hit": verdict.hit,
                "iou": _rounded(verdict.iou),
                "start_off": _seconds(verdict.start_off_us),
                "end_off": _seconds(verdict.end_off_us),
            }
            for verdict in judged.verdicts
        ],
    }


# Calibrated ---------------------------------------------------------------------------


def _choose(judged: Sequence[Judged]) -> tuple[float, str]:
    """The least score to show, and the half that it was chosen on, or all."""
    tuned = [one for one in judged if one.labelled.half is Half.TUNED]
    figures = evaluation.measure(tuned)
    if len(judged) >= _ENOUGH and figures.answerable and figures.unanswerable:
        return evaluation.calibrate(tuned), Half.TUNED
    return evaluation.calibrate(judged), ALL


def _halves(judged: Sequence[Judged], chosen_on: str) -> dict[str, list[Judged]]:
    if chosen_on == ALL:
        return {ALL: list(judged)}
    return {half: [one for one in judged if one.labelled.half is half] for half in Half}


def _choice_json(half: str, judged: Sequence[Judged], least: float) -> dict[str, Any]:
    before = evaluation.measure(judged)
    after = evaluation.measure(evaluation.above(one, least) for one in judged)
    depth = DEPTHS[-1]
    return {
        "half": half,
        "answerable": before.answerable,
        "unanswerable": before.unanswerable,
        "hit_5_before": _rounded(before.found.hit[depth] if before.found else None),
        "hit_5": _rounded(after.found.hit[depth] if after.found else None),
        "silence_before": _rounded(before.silence),
        "silence": _rounded(after.silence),
    }


# Small things -------------------------------------------------------------------------


def _times(span: vidcut.Span) -> dict[str, float]:
    return {"start": render.seconds(span.start), "end": render.seconds(span.end)}


def _seconds(time_us: int | None) -> float | None:
    return None if time_us is None else render.seconds(time_us)


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def _share(share: float | None) -> str:
    """``.25``: the nought before the point says nothing."""
    return _NONE if share is None else f"{share:.2f}".removeprefix("0")


def _off(off: Off | None) -> str:
    return _NONE if off is None else f"{off.mean_s:.2f} {off.median_s:.2f}"
