"""The last search of each library, kept on this machine so that it can be refined.

One small JSON file a library, in the user's state folder and never in the library, which may
lie where nothing can be written.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_state_path

from vidcut.drafts import draft
from vidcut.errors import OutputError, UsageError
from vidcut.records import SECOND_US, Span

if TYPE_CHECKING:
    from typing import Self

    from vidcut.records import Moment

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A moment that was shown, and the chunks that were its evidence."""

    video_id: int
    span: Span
    chunks: tuple[tuple[str, int], ...]
    """Modality and id of each."""

    @classmethod
    def of(cls, moment: Moment) -> Self:
        """What is remembered of a moment."""
        chunks = tuple((hit.chunk.modality, hit.chunk.id) for hit in moment.evidence)
        return cls(moment.video.id, moment.span, chunks)


@dataclass(frozen=True, slots=True)
class Past:
    """A search: what was asked, what was shown, and what was said of it so far."""

    words: str
    images: tuple[str, ...] = ()
    like: tuple[tuple[str, int], ...] = ()
    """Videos' names and times in microseconds."""
    answers: tuple[Answer, ...] = ()
    liked: tuple[Answer, ...] = ()
    disliked: tuple[Answer, ...] = ()

    @property
    def asked(self) -> str:
        """What a person knows it by: its words, else what it was to be like."""
        names = [Path(name).name for name in self.images]
        names += [f"{Path(name).name}@{time_us / SECOND_US:g}" for name, time_us in self.like]
        return self.words or " ".join(names)

    def judged(self, liked: tuple[int, ...], disliked: tuple[int, ...]) -> Past:
        """With the answers of these ranks, from 1 on, liked or not.

        Raises:
            UsageError: there was no answer of such a rank.
        """
        return replace(
            self,
            liked=(*self.liked, *(self._ranked(rank) for rank in liked)),
            disliked=(*self.disliked, *(self._ranked(rank) for rank in disliked)),
        )

    def asking(self, fresh: Past) -> Past:
        """With what a new search asks for, where that asks for anything."""
        if not (fresh.words or fresh.images or fresh.like):
            return self
        return replace(self, words=fresh.words, images=fresh.images, like=fresh.like)

    def _ranked(self, rank: int) -> Answer:
        if not 1 <= rank <= len(self.answers):
            fact = f"the last search of this library did not show a moment {rank}"
            raise UsageError(f"{fact}; name ranks that it showed, e.g. '+1 -3'")
        return self.answers[rank - 1]


def keep(library_id: str, past: Past) -> None:
    """Remember a search; where it cannot be written down, it is forgotten."""
    path = _path(library_id)
    try:
        with draft(path, overwrite=True) as part:
            part.write_text(json.dumps(asdict(past)), encoding="utf-8")
            # To rename over a file makes ext4 write the new one out at once, up to 200 ms; of this
            # one a power cut may leave nothing, and then there is no search to refine.
            path.unlink(missing_ok=True)
    except (OSError, OutputError) as error:
        # A full disk must not cost the search that was just answered.
        _log.info("this search cannot be refined: %s cannot be written (%s)", path, error)


def last(library_id: str) -> Past:
    """The search that was kept last.

    Raises:
        UsageError: there is none.
    """
    path = _path(library_id)
    try:
        return _past(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise UsageError("no search of this library to refine; search first") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read ({error}); search anew") from error


def _past(facts: dict[str, Any]) -> Past:
    answers, liked, disliked = (
        tuple(
            Answer(
                one["video_id"],
                Span(one["span"]["start"], one["span"]["end"]),
                tuple((modality, number) for modality, number in one["chunks"]),
            )
            for one in facts[name]
        )
        for name in ("answers", "liked", "disliked")
    )
    like = tuple((name, time_us) for name, time_us in facts["like"])
    return Past(facts["words"], tuple(facts["images"]), like, answers, liked, disliked)


def _path(library_id: str) -> Path:
    return user_state_path("vidcut") / "searches" / f"{library_id}.json"
