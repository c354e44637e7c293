"""When a narrator reads each slot of a script (pure)."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING

from vidcut.errors import UsageError
from vidcut.records import SECOND_US, Span
from vidcut.story import spoken_us, timed
from vidcut.terms import needed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidcut.records import Draft
    from vidcut.story import Slot

_LEAST_SHARE = 0.2
"""Of the script's words that must be heard, in their order; by judgement."""
_LEAST_US = SECOND_US // 2
"""No slot is shorter."""


def align(slots: Sequence[Slot], sentences: Sequence[Draft]) -> list[Slot]:
    """The slots at the times at which they are read, in the script's order.

    Words of script and narration are matched in their order (Ratcliff and Obershelp); a slot
    of which no word is heard shares the time between its neighbours.

    Raises:
        UsageError: the narration does not read the script.
    """
    written = [(place, term) for place, slot in enumerate(slots) for term in needed(slot.text)]
    heard = [one for sentence in sentences for one in _timed_terms(sentence)]
    matcher = SequenceMatcher(None, [term for _, term in written], [term for term, _ in heard])
    found: dict[int, Span] = {}
    matched = 0
    for at, spoken_at, size in matcher.get_matching_blocks():
        matched += size
        for step in range(size):
            place, span = written[at + step][0], heard[spoken_at + step][1]
            found[place] = found[place].hull(span) if place in found else span
    if matched < _LEAST_SHARE * len(written) or not found:
        fact = f"of the script's words {matched} of {len(written)} are heard in the narration"
        raise UsageError(f"{fact}; record the script, or leave --voice out")
    begin_us = min(sentence.span.start for sentence in sentences)
    end_us = max(sentence.span.end for sentence in sentences)
    return timed(slots, _spans(slots, found, Span(begin_us, end_us)))


def _timed_terms(sentence: Draft) -> Iterator[tuple[str, Span]]:
    """A sentence's terms and when they are said: each word's, else all as if evenly spoken."""
    said = [(word.span, word.text) for word in sentence.words]
    for span, text in said or [(sentence.span, sentence.text or "")]:
        found = needed(text)
        edges = [span.start + span.duration * at // len(found) for at in range(len(found))]
        for term, (start, end) in zip(found, pairwise([*edges, span.end]), strict=True):
            yield term, Span(start, end)


def _spans(slots: Sequence[Slot], found: dict[int, Span], whole: Span) -> list[Span]:
    """A span for each slot; those that were not heard get their part of the time between."""
    heard = _in_order(found)
    starts = [whole.start, *(found[place].start for place in heard[1:]), whole.end]
    spans: list[Span] = []
    for number, place in enumerate(heard):
        first = 0 if number == 0 else place
        past = heard[number + 1] if number + 1 < len(heard) else len(slots)
        between = Span(starts[number], max(starts[number + 1], starts[number]))
        group = slots[first:past]
        if len(group) == 1:
            end = between.end if number + 1 == len(heard) else found[place].end
            spans.append(Span(between.start, max(min(end, between.end), between.start + 1)))
        else:
            spans += _shared(group, between)
    return spans


def _in_order(found: dict[int, Span]) -> list[int]:
    """The slots that were heard, but for those that leave the one before no time."""
    kept: list[int] = []
    for place in sorted(found):
        if not kept or found[place].start >= found[kept[-1]].start + _LEAST_US * (place - kept[-1]):
            kept.append(place)
    return kept


def _shared(group: Sequence[Slot], between: Span) -> Iterator[Span]:
    """The time between, shared out by how long each takes to read."""
    weights = [max(1, spoken_us(slot.text)) for slot in group]
    at_us, done = between.start, 0
    for weight in weights:
        done += weight
        end_us = between.start + between.duration * done // sum(weights)
        yield Span(at_us, max(end_us, at_us + 1))
        at_us = end_us
