"""The used-footage ledger: what of a video went into films, and what never did (pure).

What was used is written down as it was, overlapping or not; where it counts whether a stretch
was used, it counts once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from vidcut.records import SECOND_US, Span, Video

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from vidcut.records import Chunk

LEAST_UNUSED_US = SECOND_US
"""What is left between two uses and is shorter is no shot, but the handles of those beside it."""
_MOST_LABELS = 3
"""Of what is seen, as in the reasons for a moment."""
_SEEN = "frame"


class Used(StrEnum):
    """Whether a search finds what was used."""

    ALSO = "also"
    EXCLUDED = "excluded"
    ONLY = "only"
    """Moments of which at least half was used."""


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A stretch of a video that went into a film or a timeline."""

    span: Span
    what: str
    """Into which."""
    at: str
    """When first: ISO 8601, in UTC."""


@dataclass(frozen=True, slots=True)
class Unused:
    """A stretch of a video that went nowhere yet, and what is known of it."""

    video: Video
    span: Span
    is_whole: bool
    """Whether nothing of the video was ever used."""
    evidence: tuple[tuple[str, str], ...]
    """Modality and text of what is seen, said and written there."""


def merged(spans: Iterable[Span]) -> list[Span]:
    """What the spans cover together: apart, in order of time; empty ones cover nothing."""
    found: list[Span] = []
    for span in sorted(span for span in spans if span.duration):
        if found and span.start <= found[-1].end:
            found[-1] = found[-1].hull(span)
        else:
            found.append(span)
    return found


def left(whole: Span, used: Iterable[Span], *, least_us: int = LEAST_UNUSED_US) -> list[Span]:
    """What of ``whole`` was not used, in order of time.

    Stretches shorter than ``least_us`` are left out, but never the whole itself.
    """
    taken = merged(span.clamp(whole) for span in used)
    if not taken:
        return [whole]
    starts = [whole.start, *(span.end for span in taken)]
    ends = [*(span.start for span in taken), whole.end]
    free = (Span(start, end) for start, end in zip(starts, ends, strict=True))
    return [span for span in free if span.duration >= max(1, least_us)]


def is_mostly_used(span: Span, used: Iterable[Span]) -> bool:
    """Whether at least half of a span was used."""
    covered = sum(span.overlap(one) for one in merged(used))
    return span.duration > 0 and covered * 2 >= span.duration


def unused(video: Video, used: Sequence[Span], chunks: Sequence[Chunk]) -> Iterator[Unused]:
    """The stretches of a video that went nowhere yet, in order of time.

    Args:
        video: of a known length.
        used: what of it went somewhere.
        chunks: the video's, in order of time.
    """
    whole = Span(0, video.duration_us)
    for span in left(whole, used):
        within = [chunk for chunk in chunks if span.contains(chunk.span.middle)]
        yield Unused(video, span, span == whole, tuple(_evidence(within)))


def _evidence(chunks: Sequence[Chunk]) -> Iterator[tuple[str, str]]:
    """What is seen longest, then the first words of all else."""
    if labels := _labels(chunks):
        yield _SEEN, ", ".join(labels)
    first: dict[str, str] = {}
    for chunk in chunks:
        if chunk.text and chunk.modality != _SEEN:
            first.setdefault(chunk.modality, chunk.text)
    yield from sorted(first.items())


def _labels(chunks: Iterable[Chunk]) -> list[str]:
    """The labels that stand for most of the time, of equals the first to be seen."""
    lasting: Counter[str] = Counter()
    for chunk in chunks:
        if chunk.modality == _SEEN and chunk.text:
            for label in dict.fromkeys(chunk.text.split(", ")):
                lasting[label] += chunk.span.duration
    return [label for label, _ in lasting.most_common(_MOST_LABELS)]
