"""The way of a 9:16 crop that follows what a stretch of a video shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vidcut.errors import MediaError
from vidcut.framing import way
from vidcut.modes import Crop, Shape
from vidcut.processes import Halted

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from vidcut.finish import Finish
    from vidcut.framing import Corner
    from vidcut.protocols import Onlooker
    from vidcut.records import Glance, Picture, Span
    from vidcut.subject import View

_EVERY_US = 200_000
"""Between looks: what moves faster than the crop may, it need not see."""
_SPEED = 0.35
"""Pictures a second that the crop moves at most."""


@dataclass(frozen=True, slots=True)
class Framed:
    """A finish with the way of its crop, and what is to be told of it."""

    finish: Finish
    crop: str = ""
    """As `vidcut.records.Clip.crop`."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Followed:
    """A way, and in how many of its shots something stood out to be followed."""

    way: tuple[Corner, ...]
    """Timed from the span's start; empty where there is nothing to follow."""
    shots: int
    followed: int


def framed(
    finish: Finish, onlooker: Onlooker, source: Path, span: Span, *, halt: threading.Event | None
) -> Framed:
    """Find the way of a finish's crop, where it is to follow the subject.

    What cannot be looked at is taken from the middle: whether it can be cut, cutting tells.

    Raises:
        Halted: ``halt`` was set by another thread.
    """
    if finish.shape is Shape.WHOLE:
        return Framed(finish)
    middle = Framed(finish, Crop.CENTRE)
    try:
        if onlooker.probe(source).picture is None:
            return Framed(finish, note="it has no pictures to crop")
        if not finish.follows:
            return middle
        found = follow(onlooker, source, span, halt=halt)
    except MediaError as error:
        blind = f"cropped from the middle, for nothing can be seen ({error})"
        return replace(middle, note=blind if finish.follows else "")
    if not found.way:
        return replace(middle, note="nothing stands out, cropped from the middle")
    return Framed(replace(finish, way=found.way), Crop.SUBJECT, _note(found))


def _note(found: Followed) -> str:
    if found.followed == found.shots:
        return ""
    return f"nothing stands out in {found.shots - found.followed} of {found.shots} shots"


def follow(
    onlooker: Onlooker, source: Path, span: Span, *, halt: threading.Event | None = None
) -> Followed:
    """Look at a span, some five pictures a second, and find the crop's way through it.

    Raises:
        MediaError: nothing of it decodes.
        Halted: ``halt`` was set by another thread.
    """
    from vidcut import subject  # noqa: PLC0415  (scipy takes 0.3 s, and most clips follow nothing)

    glances = onlooker.glances(source, span, every_us=_EVERY_US, longest_px=subject.LONGEST_PX)
    shots = list(_shots(_until(halt, glances), subject.view))
    seen = [
        (start_us - span.start, subject.sights(views, since_us=span.start))
        for start_us, views in shots
    ]
    followed = sum(bool(sights) for _, sights in seen)
    share = next((view.share for _, views in shots for view in views), 1.0)
    if not followed:
        return Followed((), len(shots), 0)
    # The first may be shown from before its time.
    seen[0] = (0, seen[0][1])
    return Followed(way(seen, span.duration, speed=_SPEED / (1 - share)), len(shots), followed)


def _shots(
    glances: Iterable[Glance], look: Callable[[Picture, Picture | None, int], View | None]
) -> Iterator[tuple[int, list[View]]]:
    """Each shot's start, and what is seen in it."""
    views: list[View] = []
    start_us: int | None = None
    before: Picture | None = None
    for glance in glances:
        if glance.begins_shot or start_us is None:
            if start_us is not None:
                yield start_us, views
            views, start_us, before = [], glance.time_us, None
        view = look(glance.picture, before, glance.time_us)
        views += [view] if view else []
        before = glance.picture
    if start_us is not None:
        yield start_us, views


def _until(halt: threading.Event | None, glances: Iterable[Glance]) -> Iterator[Glance]:
    for glance in glances:
        if halt is not None and halt.is_set():
            raise Halted
        yield glance
