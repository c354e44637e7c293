"""A query put to a library: for each thing that it wants, the hits of each modality."""

from __future__ import annotations

import heapq
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vidcut import ranking, terms
from vidcut.errors import MissingError, SpaceMismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from vidcut.library import Holdings
    from vidcut.protocols import Encoder
    from vidcut.query import Term
    from vidcut.records import Chunk, Hit, Space, Span, Vector

    Confidences = NDArray[np.float32]
    _Weights = tuple[dict[str, float], Mapping[str, int]]
    _Worded = dict[int, tuple[float, tuple[str, ...]]]

_HITS = 200
"""Hits of each ranking that go on to be moments."""
_FEW = 2_000
"""Texts of a modality that are all read and compared; of more, only the best by BM25."""
_ENCODING = 2
"""Texts encoded side by side: as a rule one in each of two spaces."""
_READ = 10_000
"""Texts with a phrase's words that are read for the phrase itself."""


@dataclass(frozen=True, slots=True)
class Example:
    """Something to be like, or unlike: a vector of one modality's space."""

    modality: str
    vector: Vector
    weight: float = 1.0
    """Beside a word's 1."""


@dataclass(frozen=True, slots=True)
class Sought:
    """One thing that a query wants, what is to be like it, and what it is not to be."""

    term: Term
    like: tuple[Example, ...] = ()
    against: tuple[Term, ...] = ()
    unlike: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class _Direction:
    """What a chunk's vector is compared with, and how sure a cosine makes one."""

    vector: Vector
    weight: float
    confidence: Callable[[Confidences], Confidences]


class Question:
    """Asks a library, one modality at a time; each text is encoded once for a space."""

    def __init__(
        self,
        holdings: Holdings,
        *,
        encoder_of: Callable[[str], Encoder],
        pictures: Mapping[str, Vector],
    ) -> None:
        """Ask of a library.

        Args:
            holdings: the library.
            encoder_of: the encoder that made a modality's space.
            pictures: path → vector in the frames' space, of each picture that a term names.
        """
        self._holdings = holdings
        self._only: Sequence[int] | None = None
        self._asked: tuple[str, ...] = ()
        self._encoder_of = encoder_of
        self._pictures = pictures
        self._vectors: dict[tuple[Space, str], Future[Vector]] = {}
        self._encoding = ThreadPoolExecutor(_ENCODING)
        self._weights: dict[Term, _Weights] = {}
        self._worded: dict[tuple[Term, str], _Worded] = {}
        self.missing: dict[str, MissingError] = {}
        """Modality → why its vectors could not be asked: their model is not here."""

    @property
    def modalities(self) -> list[str]:
        """All that the library has."""
        return self._holdings.catalog.modalities()

    def expect(self, asked: Iterable[Term], modalities: Iterable[str]) -> None:
        """Begin to encode what will be asked; models leave Python's lock to the others."""
        self._asked = tuple(modalities)
        spaces = {name: self._holdings.catalog.modality_space(name) for name in self._asked}
        for term in asked:
            for name, space in spaces.items():
                if space is not None and not term.is_exact and _concerns(term, name):
                    with suppress(MissingError):  # told when its turn comes
                        self._encode(term, self._encoder(name, space))

    def ask_only(self, videos: Sequence[int] | None) -> None:
        """Ask of these videos alone; None for all."""
        self._only = videos

    def close(self) -> None:
        """Let go of the threads."""
        self._encoding.shutdown(cancel_futures=True)

    def hits(self, sought: Sought, modality: str, *, least: float = 0.0) -> list[Hit]:
        """The modality's hits that are at least so sure, by vector and by word, best first."""
        if not _concerns(sought.term, modality):
            return []
        if sought.term.is_exact:
            chunks = {chunk.id: chunk for chunk in self._with(sought.term, modality)[:_HITS]}
            words = tuple(terms.terms(sought.term.words))
            return ranking.rank(chunks, {}, dict.fromkeys(chunks, (1.0, words)))
        dense, worded = self._dense(sought, modality), self.worded(sought.term, modality)
        sure = ranking.together(dense, worded)
        enough = [number for number, one in sure.items() if one >= least]
        chunks = self._holdings.catalog.chunks(enough, words=False)
        return ranking.rank(chunks, dense, worded)

    def places(self, unwanted: Sequence[Term]) -> Iterator[tuple[int, Span]]:
        """Video and span of every text in which the words of such a term stand together."""
        for term in unwanted:
            for modality in self.modalities:
                if _concerns(term, modality):
                    for chunk in self._with(term, modality):
                        yield chunk.video_id, chunk.span

    # By word ---------------------------------------------------------------------------

    def worded(self, term: Term, modality: str) -> _Worded:
        """Id → how sure its words make one, and which they are; looked up once."""
        key = (term, modality)
        if key not in self._worded and not term.is_exact and _concerns(term, modality):
            self._worded[key] = self._by_word(term, modality)
        return self._worded.get(key, {})

    def _by_word(self, term: Term, modality: str) -> _Worded:
        if term not in self._weights:
            self._weights[term] = self._weighed(term)
        weights, counts = self._weights[term]
        telling = ranking.telling(weights)
        few = sum(counts.get(word, 0) for word in telling) <= _FEW
        # Where the telling words stand in few texts, those are all: none is lost to a limit.
        wanted, count = (telling, _FEW) if few else (tuple(weights), _HITS)
        found = self._holdings.texts.find(wanted, modality, count, self._only, told=tuple(weights))
        sure = ranking.word_confidence(found, weights)
        best = heapq.nlargest(_HITS, sure, key=lambda number: sure[number][0])
        return {number: sure[number] for number in best}

    def _weighed(self, term: Term) -> _Weights:
        """The term's words: how rare each is times how much it counts, and in how many texts."""
        asked = {
            word: part.weight
            for part in term.parts
            if not part.is_picture
            for word in terms.terms(part.text)
        }
        total, counts = self._holdings.texts.counts(tuple(asked))
        rarity = ranking.term_weights(tuple(asked), total, counts)
        return {word: rarity[word] * weight for word, weight in asked.items()}, counts

    def _with(self, term: Term, modality: str) -> list[Chunk]:
        """Chunks in whose text the term's words stand together, best first."""
        catalog = self._holdings.catalog
        words = terms.needed(term.words)  # none where it is a picture
        found = self._holdings.texts.find(words, modality, _READ, self._only, together=True)
        chunks = catalog.chunks([number for number, _ in found])
        best_first = (chunks[number] for number, _ in found if number in chunks)
        return [c for c in best_first if terms.contains(c.text or "", term.words)]

    # By vector -------------------------------------------------------------------------

    def _dense(self, sought: Sought, modality: str) -> dict[int, float]:
        """As `_by_vector`; where its model is not here, words alone answer, if they can.

        Raises:
            MissingError: the term wants what no other modality has.
        """
        if modality not in self.missing:
            try:
                return self._by_vector(sought, modality)
            except MissingError as error:
                self.missing[modality] = error
        others = {name for name in self._asked if _concerns(sought.term, name)}
        if others <= self.missing.keys():
            raise self.missing[modality]
        return {}

    def _by_vector(self, sought: Sought, modality: str) -> dict[int, float]:
        """Id → how sure its vector makes one.

        Vectors are added and taken away to find the nearest; how sure those are is told by
        each part's own calibration, so that the score keeps its meaning.
        """
        space = self._holdings.catalog.modality_space(modality)
        if space is None:
            return {}
        wanted = [
            *self._words(sought.term, modality, space),
            *self._like(sought.like, modality, space),
        ]
        if not wanted:
            return {}
        against = [
            *(d for term in sought.against for d in self._words(term, modality, space)),
            *self._like(sought.unlike, modality, space),
        ]
        direction = _sum(wanted) - (_sum(against) if against else 0)
        length = float(np.linalg.norm(direction))
        vector = np.asarray(direction / length, np.float32) if length else wanted[0].vector
        nearest = self._holdings.nearest(modality, space, vector, _HITS, self._only)
        ids = [number for number, _ in nearest]
        if len(wanted) == 1 and not against:
            cosines = np.array([cosine for _, cosine in nearest], dtype=np.float32)
            return dict(zip(ids, wanted[0].confidence(cosines).tolist(), strict=True))

        def sureness(one: _Direction) -> Confidences:
            return one.confidence(self._holdings.cosines(modality, space, one.vector, ids))

        sure = ranking.weighed(
            [(one.weight, sureness(one)) for one in wanted], [sureness(one) for one in against]
        )
        return dict(zip(ids, sure.tolist(), strict=True))

    def _words(self, term: Term, modality: str, space: Space) -> Iterator[_Direction]:
        """The term's parts, as far as the modality knows them."""
        if not _concerns(term, modality):
            return
        encoder = self._encoder(modality, space)
        vectors = self._encode(term, encoder)
        for part in term.parts:
            if part.is_picture:
                yield _Direction(self._pictures[part.text], part.weight, encoder.likeness)
                continue
            yield _Direction(vectors[part.text].result(), part.weight, encoder.confidence)

    def _encode(self, term: Term, encoder: Encoder) -> dict[str, Future[Vector]]:
        """The vectors of the term's words in the encoder's space, as soon as they are there."""
        found = {}
        for text in (part.text for part in term.parts if not part.is_picture):
            key = (encoder.space, text)
            if key not in self._vectors:
                self._vectors[key] = self._encoding.submit(encoder.query, text)
            found[text] = self._vectors[key]
        return found

    def _like(
        self, examples: Sequence[Example], modality: str, space: Space
    ) -> Iterator[_Direction]:
        for example in examples:
            if example.modality == modality:
                encoder = self._encoder(modality, space)
                yield _Direction(example.vector, example.weight, encoder.likeness)

    def _encoder(self, modality: str, space: Space) -> Encoder:
        encoder = self._encoder_of(modality)
        if encoder.space != space:
            fact = f"the library's {modality} vectors are {space}, the encoder is {encoder.space}"
            remedy = "search with the model that the library was indexed with, or index again"
            raise SpaceMismatchError(f"{fact}; {remedy}")
        return encoder


def _concerns(term: Term, modality: str) -> bool:
    return not term.modalities or modality in term.modalities


def _sum(directions: Sequence[_Direction]) -> Vector:
    rows = np.array([one.weight * one.vector for one in directions], dtype=np.float32)
    total: Vector = rows.sum(axis=0)
    return total
