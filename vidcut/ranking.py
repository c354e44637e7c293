"""Hits of each modality from its dense and its word ranking (pure).

A modality's two rankings are not comparable: cosines crowd in a narrow band, BM25 has no
upper end. Both are first made confidences, 0…1: the dense by the encoder's own calibration,
the words by the share of the query's weight that stands in the text.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vidcut.records import Hit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vidcut.records import Chunk


def rank(
    chunks: Mapping[int, Chunk],
    dense: Mapping[int, float],
    worded: Mapping[int, tuple[float, tuple[str, ...]]],
) -> list[Hit]:
    """One modality's hits, best first, ties by time.

    Args:
        chunks: the chunks by id; an id without its chunk is passed over.
        dense: id → confidence by vector.
        worded: id → confidence by words, and the query's terms that the text has.
    """
    hits = []
    for chunk_id in dense.keys() | worded.keys():
        chunk = chunks.get(chunk_id)
        if chunk is None:
            continue
        by_words, matched = worded.get(chunk_id, (0.0, ()))
        confidence = 1.0 - (1.0 - dense.get(chunk_id, 0.0)) * (1.0 - by_words)  # noisy or
        hits.append(Hit(chunk, confidence, 0, matched))
    hits.sort(key=lambda hit: (-hit.confidence, hit.chunk.video_id, hit.chunk.span, hit.chunk.id))
    return [Hit(h.chunk, h.confidence, place, h.matched) for place, h in enumerate(hits, 1)]


def word_confidence(
    found: Iterable[tuple[int, str]], weights: Mapping[str, float]
) -> dict[int, tuple[float, tuple[str, ...]]]:
    """How much of the query's weight each text carries.

    Args:
        found: id and terms of each text, the terms joined by spaces.
        weights: the query's terms, each with its weight.
    """
    whole = sum(weights.values())
    confident = {}
    for chunk_id, terms in found:
        present = set(terms.split(" "))
        matched = tuple(term for term in weights if term in present)
        share = sum(weights[term] for term in matched) / whole if whole else 0.0
        confident[chunk_id] = (share**_SHARE_POWER, matched)
    return confident


_SHARE_POWER = 2.0
"""Half of the words is far from half of the meaning (benchmarks/quality.py)."""


def term_weights(terms: Sequence[str], total: int, counts: Mapping[str, int]) -> dict[str, float]:
    """Rarity of each term among ``total`` texts: the BM25 idf of Robertson and Spärck Jones.

    A term that no text has weighs most: a query whose rare word is missing is not answered
    by its common ones.
    """
    return {
        term: math.log(1 + (total - counts.get(term, 0) + 0.5) / (counts.get(term, 0) + 0.5))
        for term in terms
    }
