"""A query put to one video: how sure it makes one at every time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vidcut import curve
from vidcut.asking import Question, Sought
from vidcut.moments import Want

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from vidcut.curve import Curve
    from vidcut.library import Holdings
    from vidcut.protocols import Encoder
    from vidcut.query import Query, Step
    from vidcut.records import Hit, Vector, Video


def trace(
    holdings: Holdings,
    asked: Query,
    video: Video,
    *,
    modalities: Sequence[str],
    encoder_of: Callable[[str], Encoder],
    pictures: Mapping[str, Vector],
) -> Curve:
    """The curve of a query over a video.

    Of each modality the best hits count, some hundreds by vector and by word: in a video of
    hours what is least alike scores 0.

    Args:
        holdings: the library.
        asked: what to look for.
        video: where.
        modalities: which, in the order of the curve's rows.
        encoder_of: the encoder that made a modality's space.
        pictures: path → vector in the frames' space, of each picture that the query names.

    Raises:
        SpaceMismatchError: an encoder is not the one that made the vectors.
    """
    question = Question(holdings, encoder_of=encoder_of, pictures=pictures)
    try:
        question.ask_only([video.id])
        question.expect([term for step in asked.steps for term in step.wanted], modalities)
        steps = [
            curve.Asked(
                [Want(term.weight, is_required=term.is_exact) for term in step.wanted],
                list(_hits(question, step, modalities)),
            )
            for step in asked.steps
        ]
    finally:
        question.close()
    return curve.trace(steps, video.duration_us, modalities)


def _hits(question: Question, step: Step, modalities: Sequence[str]) -> Iterator[Hit]:
    """What answers a step, but for where something is that it does not want."""
    taken = list(question.places(step.unwanted))
    for place, term in enumerate(step.wanted):
        for modality in modalities:
            for hit in question.hits(Sought(term, against=step.unwanted), modality):
                span, video_id = hit.chunk.span, hit.chunk.video_id
                if not any(video_id == of and span.overlap(away) for of, away in taken):
                    yield replace(hit, sought=place)
