"""A plan as JSON and back: what a film was made of, to be read by people, tools and the next run.

Times are seconds; paths of videos are relative to the library's folder under ``video`` and
absolute under ``path``.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from vidcut.errors import UsageError
from vidcut.escaping import json_text
from vidcut.records import SECOND_US, Span
from vidcut.roughcut import Evidence, Planned, Proposal, Status
from vidcut.story import Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeAlias

    from vidcut.records import Video
    from vidcut.roughcut import Plan

    Find: TypeAlias = Callable[[str], tuple[Video, str] | None]

KIND, VERSION = "vidcut script", 1
_MOST_SECONDS = 10**9


def written(plan: Plan, starts_us: Mapping[int, int]) -> str:
    """The whole plan as a JSON document; ``starts_us``: slot → when it begins in the film."""
    document = {
        "kind": KIND,
        "version": VERSION,
        "name": plan.name,
        "slots": [slot_json(one, starts_us.get(one.slot.number)) for one in plan.planned],
    }
    return json_text(document, indent=1) + "\n"


def slot_json(planned: Planned, at_us: int | None) -> dict[str, Any]:
    """A slot as a JSON object; what it shows as `vidcut search --json` writes a moment."""
    slot = planned.slot
    shown = proposal_json(planned.proposal) if planned.proposal else dict.fromkeys(_PLACE)
    return {
        "slot": slot.number,
        "text": slot.text,
        "query": slot.query,
        "chapter": slot.chapter,
        "at": None if at_us is None else _seconds(at_us),
        "begins": None if slot.start_us is None else _seconds(slot.start_us),
        "duration": _seconds(slot.duration_us),
        "status": planned.status.value,
        "short": _seconds(planned.short_us),
        **shown,
        "alternates": [
            {"rank": rank, **proposal_json(one)} for rank, one in enumerate(planned.alternates, 1)
        ],
    }


_PLACE = ("video", "path", "start", "end", "moment_start", "moment_end", "score", "evidence")


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """A stretch that may fill a slot, as a JSON object."""
    return {
        "video": proposal.video.path,
        "path": proposal.source,
        "start": _seconds(proposal.span.start),
        "end": _seconds(proposal.span.end),
        "moment_start": _seconds(proposal.moment.start),
        "moment_end": _seconds(proposal.moment.end),
        "score": round(proposal.score, 4),
        "evidence": [
            {
                "modality": one.modality,
                "text": one.text,
                "score": round(one.score, 4),
                "start": _seconds(one.span.start),
                "end": _seconds(one.span.end),
            }
            for one in proposal.evidence
        ],
    }


def is_manifest(data: bytes) -> bool:
    """Whether it is one of ours, of any version."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("kind") == KIND


def read(data: bytes, find: Find) -> tuple[Planned, ...]:
    """The slots of a manifest; those whose footage is gone show nothing.

    Args:
        data: the file.
        find: the video of a path in the library, and where its file lies; None for none.

    Raises:
        UsageError: it is no manifest, or not as vidcut writes them.
    """
    try:
        document = json.loads(data)
        if document["kind"] != KIND or document["version"] != VERSION:
            raise UsageError("it is of another version; --fresh plans anew")
        return tuple(_planned(one, find) for one in document["slots"])
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise UsageError("it is no manifest of vidcut script, or was changed") from error


def _planned(one: Any, find: Find) -> Planned:
    begins = one["begins"]
    slot = Slot(
        int(one["slot"]),
        _text(one["text"]),
        _text(one["query"]),
        _microseconds(one["duration"]),
        _text(one["chapter"]),
        None if begins is None else _microseconds(begins),
    )
    shown = _proposal(one, find) if one["path"] is not None else None
    return Planned(slot, Status(one["status"]), shown, tuple(_proposals(one["alternates"], find)))


def _proposals(listed: Any, find: Find) -> Iterator[Proposal]:
    for one in listed:
        proposal = _proposal(one, find)
        if proposal is not None:
            yield proposal


def _proposal(one: Any, find: Find) -> Proposal | None:
    """What is said of a stretch; None where it is in the library no more."""
    found = find(_text(one["video"]))
    span, moment = _span(one, "start", "end"), _span(one, "moment_start", "moment_end")
    if found is None or span.end > found[0].duration_us:
        return None
    evidence = tuple(
        Evidence(
            _text(hit["modality"]), _text(hit["text"]), _score(hit["score"]),
            _span(hit, "start", "end"),
        )
        for hit in one["evidence"]
    )  # fmt: skip
    return Proposal(*found, moment, span, _score(one["score"]), evidence)


def _span(one: Any, start: str, end: str) -> Span:
    return Span(_microseconds(one[start]), _microseconds(one[end]))


def _microseconds(seconds: Any) -> int:
    if not 0 <= seconds <= _MOST_SECONDS:
        raise ValueError(f"{seconds} is no time")
    time_us: int = round(seconds * SECOND_US)
    return time_us


def _score(value: Any) -> float:
    score = float(value)
    if not math.isfinite(score):
        raise ValueError(f"{value} is no score")
    return score


def _seconds(time_us: int) -> float:
    return round(time_us / SECOND_US, 6)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
