"""What a search asks for, with its examples looked up: pictures, times of videos, liked answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from vidcut import examples, plugins, query, wiring
from vidcut.asking import Example
from vidcut.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vidcut.history import Past
    from vidcut.library import Holdings
    from vidcut.pipeline import Wish
    from vidcut.query import Query
    from vidcut.records import Picture, Vector, Video
    from vidcut.settings import Settings


class Asker(Protocol):
    """What of an open library is needed."""

    settings: Settings

    @property
    def holdings(self) -> Holdings:
        """What it holds."""

    def find(self, name: str) -> Video:
        """The one video of this name; raises `UsageError`."""

    def seen(self, picture: Picture) -> Vector:
        """What its frame encoder makes of a picture."""


def known(modalities: Iterable[str]) -> tuple[str, ...]:
    """The modalities, all of which there are; raises `UsageError`."""
    wanted, there_are = tuple(modalities), plugins.names("modalities")
    for name in wanted:
        if name not in there_are:
            raise UsageError(f"no modality {name!r}; there are: {', '.join(there_are)}")
    return wanted


def fill(past: Past, wish: Wish, asker: Asker) -> tuple[Query, Wish]:
    """The query of a search, and its wish with all that the answer is to be like.

    Raises:
        QueryError: there is neither a word nor an example.
        UsageError: an example cannot be had.
    """
    like = [Example(examples.SEEN, asker.seen(wiring.picture(Path(i)))) for i in past.images]
    without = [(answer.video_id, answer.span) for answer in past.disliked]
    for name, time_us in past.like:
        if (video := _known(name, asker)) is not None:
            example, span = examples.at(asker.holdings, video, time_us)
            without.append((video.id, span))
        else:
            frame = wiring.picture_at(Path(name), time_us, asker.settings)
            example = Example(examples.SEEN, asker.seen(frame))
        like.append(example)
    asked = query.parse(past.words) if past.words or not like else None
    if asked is None or like:
        asked = query.by_example(asked)
    liked = examples.of_answers(asker.holdings, past.liked, weight=examples.LIKED)
    unlike = examples.of_answers(asker.holdings, past.disliked, weight=examples.DISLIKED)
    filled = replace(wish, like=(*like, *liked), unlike=unlike, without=tuple(without))
    return asked, filled


def _known(name: str, asker: Asker) -> Video | None:
    """The library's video of this name; None for a file that the library does not know."""
    try:
        return asker.find(name)
    except UsageError:
        if not Path(name).exists():
            raise
        return None
