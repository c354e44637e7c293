"""Search as one types: a query's moments, and its curve over one video."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect

from vidcut import pipeline, query, requests, tracing
from vidcut.errors import UsageError, VidcutError
from vidcut.history import Answer, Past
from vidcut.records import SECOND_US, Lengths
from vidcut.web.answers import moment_json, seconds
from vidcut.web.asked import Asked, unless_gone
from vidcut.web.looking import known
from vidcut.web.told import Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from vidcut import Library
    from vidcut.records import Moment, Span
    from vidcut.web.desks import Desk

_COUNT, _MOST = 60, 1000
_SHORTEST_US, _LONGEST_US = SECOND_US // 2, 60 * SECOND_US
_MOST_EXAMPLES, _MOST_EVIDENCE = 20, 4
_MOST_CHARS = 2000
_WARM_WORD = "warm"


@dataclass(frozen=True, slots=True)
class Refined:
    """A search of the page: words, what it is to be like, and which videos count."""

    words: str
    like: tuple[tuple[int, Span], ...]
    unlike: tuple[tuple[int, Span], ...]
    since_ns: int | None
    until_ns: int | None
    videos: tuple[int, ...]
    modalities: tuple[str, ...]
    count: int
    per_video: int | None
    lengths: Lengths

    @classmethod
    def of(cls, asked: Asked) -> Refined:
        """What the parameters say; raises `UsageError`."""
        shortest_us, longest_us = asked.time_us("min_length"), asked.time_us("max_length")
        if shortest_us and longest_us and shortest_us > longest_us:
            raise UsageError("min_length is more than max_length; give less, or swap them")
        return cls(
            demand_words(asked.text("q")),
            tuple(asked.places("like"))[:_MOST_EXAMPLES],
            tuple(asked.places("unlike"))[:_MOST_EXAMPLES],
            asked.day_ns("from"),
            asked.day_ns("to", after=True),
            asked.ids("video"),
            requests.known(asked.texts("modality")),
            asked.count("k", _COUNT, _MOST),
            asked.counted("per_video", _MOST),
            # One that is given alone moves the other out of its way.
            Lengths(
                shortest_us or min(_SHORTEST_US, longest_us or _SHORTEST_US),
                longest_us or max(_LONGEST_US, shortest_us or _LONGEST_US),
            ),
        )

    def answer(self, library: Library, check: Callable[[], None]) -> list[Moment]:
        """The moments, best first; what ``check`` raises ends the search."""
        past = Past(
            self.words,
            like=() if self.words else tuple(self._named(library)),
            liked=tuple(_judged(library, self.like)) if self.words else (),
            disliked=tuple(_judged(library, self.unlike)),
        )
        wish = pipeline.Wish(
            self.count,
            self.modalities,
            min_score=library.settings.min_score,
            per_video=self.per_video,
            lengths=self.lengths,
            among=self._among(library),
            check=check,
        )
        return library.answer(past, wish)

    def _named(self, library: Library) -> list[tuple[str, int]]:
        """What it is to be like, where there are no words, as the shell's ``--like`` has it."""
        catalog = library.holdings.catalog
        return [(str(library.path(catalog.video(id_))), span.middle) for id_, span in self.like]

    def _among(self, library: Library) -> frozenset[int] | None:
        if self.since_ns is None and self.until_ns is None:
            return frozenset(self.videos) if self.videos else None
        least, most = self.since_ns or 0, self.until_ns or (1 << 63)
        modified = library.holdings.catalog.modified_ns().items()
        dated = {video for video, modified_ns in modified if least <= modified_ns < most}
        return frozenset(dated.intersection(self.videos) if self.videos else dated)


def warm(library: Library) -> None:
    """Load what searches need, before the first of them; what is missing is told by that."""
    with suppress(VidcutError):
        library.search(_WARM_WORD, count=1)


async def search(request: Request) -> Response:
    """``GET /api/search``: the moments that answer, best first."""
    desk: Desk = request.app.state.finder
    asked = Refined.of(Asked(request))
    begun_s = time.perf_counter()
    is_over = threading.Event()

    def check() -> None:
        if is_over.is_set():
            raise ClientDisconnect  # the next key has come, and its search waits

    def found(library: Library) -> dict[str, Any]:
        moments = asked.answer(library, check) if asked.words or asked.like else []
        terms = library.last_terms if moments else ()
        return {
            "query": asked.words,
            "moments": [moment_json(one, terms) for one in moments],
            **_note(library, moments, is_asked=bool(asked.words or asked.like)),
        }

    try:
        told = await unless_gone(request, desk.ask(found))
    finally:
        is_over.set()
    took_ms = round((time.perf_counter() - begun_s) * 1000, 1)
    return Told({**told, "took_ms": took_ms})


async def curve(request: Request) -> Response:
    """``GET /api/videos/ID/curve``: how sure a query makes one at every time of a video."""
    desk: Desk = request.app.state.finder
    video_id, words = request.path_params["video"], demand_words(Asked(request).text("q"))

    def drawn(library: Library) -> dict[str, Any]:
        video = known(library, video_id)
        if not words:
            return {"step_s": seconds(SECOND_US), "scores": [], "by_modality": {}}
        catalog = library.holdings.catalog
        found = tracing.trace(
            library.holdings,
            query.parse(words),
            video,
            modalities=catalog.modalities(),
            encoder_of=library.encoder_of,
            pictures={},
        )
        return {
            "step_s": seconds(found.step_us),
            "scores": [round(float(one), 4) for one in found.scores],
            "by_modality": {
                name: [round(float(one), 4) for one in row]
                for name, row in zip(found.modalities, found.apart, strict=True)
            },
        }

    return Told(await unless_gone(request, desk.ask(drawn)))


def demand_words(text: str) -> str:
    """A query that names no file of this machine; raises `UsageError`."""
    words = text.strip()
    if len(words) > _MOST_CHARS:
        raise UsageError(f"a query has at most {_MOST_CHARS} characters; say it in fewer")
    if words:
        demand_no_picture(words, "the query")
    return words


def demand_no_picture(words: str, where: str) -> None:
    """Raise `UsageError` where a query names a picture: a file of this machine."""
    if query.parse(words).pictures:
        fact = f"{where} names a picture by its path, which can be done at the shell alone"
        raise UsageError(f"{fact}; use words here")


def _judged(library: Library, places: tuple[tuple[int, Span], ...]) -> list[Answer]:
    """Stretches as answers that were liked or not: with what was seen, said and written there."""
    return [Answer(video, span, tuple(_evidence(library, video, span))) for video, span in places]


def _evidence(library: Library, video_id: int, span: Span) -> list[tuple[str, int]]:
    """The few chunks of each modality that lie most in the stretch."""
    near = [
        one
        for one in library.holdings.catalog.chunks_of(video_id, words=False)
        if one.span.overlap(span)
    ]
    found = []
    for modality in dict.fromkeys(one.modality for one in near):
        its = [one for one in near if one.modality == modality]
        its.sort(key=lambda one: (-one.span.overlap(span), one.span.start))
        found += [(modality, one.id) for one in its[:_MOST_EVIDENCE]]
    return found


def _note(library: Library, moments: list[Moment], *, is_asked: bool) -> dict[str, str | None]:
    """What else is to be known: a code for the page's own words, and the shell's."""
    if not is_asked:
        return {"note": None, "note_code": None}
    if not moments:
        return {"note": "nothing matches well enough", "note_code": "nothing"}
    seen = any(hit.chunk.modality == "frame" for one in moments for hit in one.evidence)
    if seen and library.visual_model == "labels":
        said = "what is seen was matched by the offline model (labels)"
        return {"note": said, "note_code": "offline_model"}
    return {"note": None, "note_code": None}
