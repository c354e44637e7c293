"""A script as a storyboard: what each line shows, and what it could show instead."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from vidcut import planning, roughcut, story
from vidcut.errors import UsageError
from vidcut.records import SECOND_US
from vidcut.roughcut import Gaps
from vidcut.web.answers import pair, seconds, video_brief
from vidcut.web.asked import body_of, place, unless_gone, whole
from vidcut.web.looking import known
from vidcut.web.searching import demand_no_picture
from vidcut.web.told import Told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from vidcut import Library
    from vidcut.records import Span
    from vidcut.roughcut import Planned, Proposal
    from vidcut.web.desks import Desk

_SUFFIXES = (".txt", ".md", ".srt")
_MOST_CHARS = 200_000
_MOST_SLOTS = 300
_NAME = "script"


async def plan(request: Request) -> Response:
    """``POST /api/script/plan``: the slots of a text, each with what fits it best."""
    body = await body_of(request)
    text, suffix, locks = _text(body), _suffix(body), _locks(body)
    desk: Desk = request.app.state.planner

    def planned(library: Library) -> dict[str, Any]:
        slots = story.slots(text, suffix)
        if len(slots) > _MOST_SLOTS:
            raise UsageError(f"the script has {len(slots)} lines; {_MOST_SLOTS} are planned here")
        for slot in slots:
            demand_no_picture(slot.query, f"line {slot.number}")
        named = {
            number: (known(library, video_id).path, span)
            for number, (video_id, span) in locks.items()
        }
        sources = planning.Sources(library)
        wish = planning.Wish(locks={number: _lock(library, *at) for number, at in named.items()})
        made = planning.plan(library, _NAME, slots, wish, sources)
        starts_us = roughcut.starts_us(made, Gaps.BLACK)
        return {
            "slots": [_slot_json(one, starts_us.get(one.slot.number)) for one in made.planned],
            "gaps": [one.slot.number for one in made.gaps],
        }

    return Told(await unless_gone(request, desk.ask(planned)))


def _lock(library: Library, path: str, span: Span) -> tuple[str, Span]:
    """As `planning.Wish` has it: by the file, which no other video can be meant by."""
    return str(library.folder.parent / PurePath(path)), span


def _text(body: Mapping[str, Any]) -> str:
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise UsageError("text: give the script's lines")
    if len(text) > _MOST_CHARS:
        raise UsageError(f"a script has at most {_MOST_CHARS} characters here; split it")
    return text


def _suffix(body: Mapping[str, Any]) -> str:
    suffix = body.get("format", ".txt")
    if suffix not in _SUFFIXES:
        raise UsageError(f"format: give one of {', '.join(_SUFFIXES)}")
    return str(suffix)


def _locks(body: Mapping[str, Any]) -> dict[int, tuple[int, Span]]:
    given = body.get("locks", {})
    if not isinstance(given, dict) or len(given) > _MOST_SLOTS:
        raise UsageError("locks: give an object of slot numbers and moments")
    return {
        whole(number, "locks", 1, _MOST_SLOTS): place(one, f"locks.{number}")
        for number, one in given.items()
    }


# Telling ------------------------------------------------------------------------------


def _slot_json(one: Planned, at_us: int | None) -> dict[str, Any]:
    slot = one.slot
    return {
        "n": slot.number,
        "text": slot.text,
        "chapter": slot.chapter,
        "length": seconds(slot.duration_us),
        "at": None if at_us is None else seconds(at_us),
        "status": one.status.value,
        "locked": one.status is roughcut.Status.LOCKED,
        "chosen": None if one.proposal is None else _proposal_json(one.proposal),
        "candidates": [_proposal_json(other) for other in one.alternates],
    }


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    """A stretch that may fill a slot, as a moment is told."""
    start, end = pair(proposal.span)
    video = proposal.video
    return {
        "id": f"{video.id}-{proposal.span.start}-{proposal.span.end}",
        "video": video_brief(video),
        "start": start,
        "end": end,
        "score": round(proposal.score, 4),
        "evidence": [
            {
                "modality": hit.modality,
                "start": hit.span.start / SECOND_US,
                "end": hit.span.end / SECOND_US,
                "score": round(hit.score, 4),
                "text": hit.text,
                "marks": [],
                **({"labels": hit.text.split(", ")[:3]} if hit.modality == "frame" else {}),
            }
            for hit in proposal.evidence
        ],
    }
