"""Hits of each modality from its dense and its word ranking (pure).

A modality's two rankings are not comparable: cosines crowd in a narrow band, BM25 has no
upper end. Both are first made confidences, 0…1: the dense by the encoder's own calibration,
the words by the share of the query's weight that stands in the text.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vidcut.records import Hit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from vidcut.records import Chunk

_SUREST = 6e-6
"""A confidence no further from 0 or 1 than this is as good as sure."""


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
    for chunk_id, sure in together(dense, worded).items():
        chunk = chunks.get(chunk_id)
        if chunk is not None:
            _, matched = worded.get(chunk_id, (0.0, ()))
            hits.append(Hit(chunk, sure, 0, matched))
    hits.sort(key=lambda hit: (-hit.confidence, hit.chunk.video_id, hit.chunk.span, hit.chunk.id))
    return [Hit(h.chunk, h.confidence, place, h.matched) for place, h in enumerate(hits, 1)]


def log_odds(confidences: NDArray[np.float32]) -> NDArray[np.float32]:
    """0…1 to -12…12, beyond which float32 tells no difference; same shape."""
    sure = np.clip(np.asarray(confidences, dtype=np.float64), _SUREST, 1 - _SUREST)
    return np.asarray(np.log(sure / (1 - sure)), dtype=np.float32)


def weighed(
    wanted: Sequence[tuple[float, NDArray[np.float32]]], against: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """How sure several comparisons of the same ``n`` chunks make one, ``float32 (n,)`` 0…1.

    What is wanted counts by its share of the weight: a chunk that has one of two things is
    half an answer. What is not wanted counts as it does where CLIP chooses between two texts
    (Radford et al., 2021, section 3.1): by the softmax of the two, so that a chunk which
    neither describes is not thought the better for it.

    Args:
        wanted: weight and confidence ``(n,)`` of each; one at least.
        against: confidence ``(n,)`` of each.
    """
    weights = np.array([weight for weight, _ in wanted], dtype=np.float32)
    sure = np.average([one for _, one in wanted], axis=0, weights=weights)
    odds = log_odds(sure)
    for one in against:
        sure = sure / (1 + np.exp(log_odds(one) - odds))
    return np.asarray(sure, dtype=np.float32)


def word_confidence(
    found: Iterable[tuple[int, Collection[str]]], weights: Mapping[str, float]
) -> dict[int, tuple[float, tuple[str, ...]]]:
    """How much of the query's weight each text carries.

    Args:
        found: id of each text, and which of the terms it has.
        weights: the query's terms, each with its weight.
    """
    whole = sum(weights.values())
    confident = {}
    for chunk_id, present in found:
        matched = tuple(term for term in weights if term in present)
        share = sum(weights[term] for term in matched) / whole if whole else 0.0
        confident[chunk_id] = (share**_SHARE_POWER, matched)
    return confident


def telling(weights: Mapping[str, float]) -> list[str]:
    """The terms, rarest first, without which a text has too little of the query to count.

    What is left out carries, all together, less than `_TOLD` of the weight: mostly "the" and
    的, which stand in so many texts that looking through them took most of a search.
    """
    whole, left, kept = sum(weights.values()), 0.0, list[str]()
    for term in sorted(weights, key=lambda term: weights[term]):
        left += weights[term]
        if left >= _TOLD * whole:
            kept.append(term)
    return kept[::-1]


_TOLD = 0.2
"""A text with less than this share of the weight is at most 0.04 sure."""


def together(
    dense: Mapping[int, float], worded: Mapping[int, tuple[float, tuple[str, ...]]]
) -> dict[int, float]:
    """Id → how sure vector and words make one (noisy or)."""
    return {
        number: 1.0 - (1.0 - dense.get(number, 0.0)) * (1.0 - worded.get(number, (0.0, ()))[0])
        for number in dense.keys() | worded.keys()
    }


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
