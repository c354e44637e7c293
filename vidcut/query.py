"""Words to a `Query`: what is wanted, what is not, where, and in which order (pure).

The language is that of `GRAMMAR`. Plain words alone mean what they say; whoever wants no
more never meets the rest.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from vidcut.errors import QueryError
from vidcut.grammar import Sign, Word, shown, tokens
from vidcut.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

GRAMMAR: tuple[tuple[str, str, str], ...] = (
    ("WORDS", "seen, said or written, in any language", "eating hot pot"),
    ('"WORDS"', "said or written word for word", '"today\'s special"'),
    ("said:WORD", "only what is said; with quotes, word for word", 'said:"good morning"'),
    ("written:WORD", "only what is written on screen; likewise", "written:menu"),
    ("shown:WORD", "only what is seen", 'shown:"red car"'),
    ("-WORD", "without that; before any of the above", "beach -people -said:wind"),
    ("NUMBER:WORD", "counts so many times as much, above 0 and up to 100", "car 2:red"),
    ("./PICTURE", "what looks like a picture: a path from ./ ../ ~/ or /", "./pool.jpg"),
    ("A + B - C", "added and taken away; a prefix holds up to the next sign", "2:red car - truck"),
    ("A >> B", "first A, soon after it B; up to five steps", "pouring water >> making tea"),
)
"""What to write, what it means, and an example. Full-width signs and “”, 「」 count too."""

MAX_QUERY_CHARS = 2_000
"""Beyond this a query is no query; encoders read some 500 tokens."""
MAX_STEPS = 5
_SEEN = ("frame",)
_WORDED = ("asr", "ocr")
_BLANKS = frozenset("\t\n\r")


@dataclass(frozen=True, slots=True)
class Part:
    """Something looked for: words, or the path of a picture. ``weight`` is above 0."""

    text: str
    weight: float = 1.0
    is_picture: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked for together in the same places; its parts are added as vectors.

    ``modalities`` are where it is looked for, or empty for everywhere; ``is_exact`` says that
    it must be there word for word.
    """

    parts: tuple[Part, ...]
    modalities: tuple[str, ...] = ()
    is_exact: bool = False

    @property
    def words(self) -> str:
        """The words of its parts, without pictures; empty where there are only those."""
        return " ".join(part.text for part in self.parts if not part.is_picture)

    @property
    def weight(self) -> float:
        """How much it counts beside the other terms: as its weightiest part."""
        return max((part.weight for part in self.parts), default=1.0)


@dataclass(frozen=True, slots=True)
class Step:
    """What is wanted in one moment (never nothing), and what is not."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: its text, cleaned, and its steps in the order of time.

    The text is on one line with single blanks, but where a picture's path has others.
    """

    text: str
    steps: tuple[Step, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms of all wanted words in order, each once, by which matches are marked."""
        wanted = [term.words for step in self.steps for term in step.wanted]
        return tuple(dict.fromkeys(term for words in wanted for term in terms(words)))

    @property
    def pictures(self) -> frozenset[str]:
        """The paths of all pictures that it names."""
        terms = [term for step in self.steps for term in (*step.wanted, *step.unwanted)]
        return frozenset(part.text for term in terms for part in term.parts if part.is_picture)


def parse(words: str) -> Query:
    """What a query asks for.

    Raises:
        QueryError: it says nothing, or too much, or breaks a rule of the language.
    """
    given = _printable(words)
    text = " ".join(given.split())
    if not text:
        raise QueryError("the query is empty; say what to look for, e.g. 'eating hot pot'")
    if len(text) > MAX_QUERY_CHARS:
        limit = f"at most {MAX_QUERY_CHARS} fit"
        raise QueryError(f"the query has {len(text)} characters; {limit}")
    sides = _sides(tokens(given))
    if len(sides) > MAX_STEPS:
        raise QueryError(f"the query has {len(sides)} steps; at most {MAX_STEPS} fit")
    asked = Query(text, tuple(_step(side) for side in sides))
    # The blanks in a picture's path are its own, however many.
    is_whole = all(path in text for path in asked.pictures)
    return asked if is_whole else replace(asked, text=given.strip())


def by_example(asked: Query | None) -> Query:
    """A query to which examples of what is seen belong.

    Its plain words are looked for in what is seen alone, to be added to the examples; without
    words there is a term for the examples only.
    """
    if asked is None:
        return Query("", (Step((Term((), _SEEN),), ()),))
    first, *later = asked.steps
    wanted = tuple(map(_seen, first.wanted))
    if not any(term.modalities == _SEEN for term in wanted):
        wanted = (*wanted, Term((), _SEEN))
    return replace(asked, steps=(replace(first, wanted=wanted), *later))


def _printable(text: str) -> str:
    """Without lone surrogates and the unassigned, which say nothing."""
    for character in text:
        if unicodedata.category(character) == "Cc" and character not in _BLANKS:
            code = f"U+{ord(character):04X}"
            raise QueryError(f"the query holds a control character ({code}); leave it out")
    return "".join(" " if unicodedata.category(c) in {"Cs", "Cn"} else c for c in text)


# Steps --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Clause:
    """Words between two signs, and the sign before them."""

    sign: Sign
    words: list[Word] = field(default_factory=list)


def _sides(given: Iterable[Word | Sign]) -> list[list[_Clause]]:
    """What stands on the sides of every >>."""
    sides = [[_Clause(Sign.THEN)]]
    for token in given:
        if token is Sign.THEN:
            sides.append([_Clause(token)])
        elif isinstance(token, Sign):
            sides[-1].append(_Clause(token))
        else:
            sides[-1][-1].words.append(token)
    return sides


def _step(clauses: Sequence[_Clause]) -> Step:
    if any(not clause.words for clause in clauses):
        raise _nothing_beside(clauses)
    is_algebra = len(clauses) > 1
    sought = [word for clause in clauses for word in _sought(clause, is_algebra=is_algebra)]
    telling = [word for word in sought if word.is_picture or terms(word.text)]
    wanted = [_term(word) for word in telling if not word.is_unwanted]
    unwanted = [_term(word) for word in telling if word.is_unwanted]
    if not wanted:
        raise _nothing_wanted(sought)
    if is_algebra and any(part.is_picture for term in wanted for part in term.parts):
        wanted, unwanted = [_seen(term) for term in wanted], [_seen(term) for term in unwanted]
    return Step(_merged(wanted), tuple(unwanted))


def _sought(clause: _Clause, *, is_algebra: bool) -> Iterator[Word]:
    """What a clause looks for, its plain neighbours joined.

    In an algebra the prefix of the first word holds for all that have none, and what comes
    after a minus is unwanted.
    """
    first, *rest = clause.words
    is_minus = clause.sign is Sign.MINUS
    if is_minus and any(word.is_unwanted for word in clause.words):
        raise QueryError("a - stands before what has its own; one takes away, as in 'car - truck'")
    if not is_algebra or first.is_unwanted:
        yield from _joined(clause.words)
        return
    for word in _joined([replace(first, weight=None, modality=None), *rest]):
        held = word
        if not word.is_prefixed:
            held = replace(word, weight=first.weight, modality=first.modality)
        yield replace(held, is_unwanted=is_minus or word.is_unwanted)


def _joined(words: Iterable[Word]) -> Iterator[Word]:
    for is_plain, neighbours in groupby(words, key=lambda word: word.is_plain):
        if is_plain:
            yield Word(" ".join(word.text for word in neighbours))
        else:
            yield from neighbours


# Terms --------------------------------------------------------------------------------


def _term(word: Word) -> Term:
    weight = 1.0 if word.weight is None else word.weight
    modalities = () if word.modality is None else (word.modality,)
    if word.is_picture:
        if word.modality not in {None, *_SEEN}:
            remedy = "a picture is looked for in what is seen; leave the prefix out"
            raise QueryError(f"{shown(word.text)} can neither be said nor written; {remedy}")
        return Term((Part(word.text, weight, is_picture=True),), _SEEN)
    part = Part(" ".join(word.text.split()), weight)
    is_exact = word.is_quoted and modalities != _SEEN  # nothing is shown word for word
    return Term((part,), modalities or (_WORDED if is_exact else ()), is_exact)


def _seen(term: Term) -> Term:
    """Only where pictures are, if it may be there."""
    return term if term.modalities else replace(term, modalities=_SEEN)


def _merged(wanted: Iterable[Term]) -> tuple[Term, ...]:
    """What is looked for in the same modalities as one; what is exact stays apart."""
    merged: dict[object, Term] = {}
    for place, term in enumerate(wanted):
        key = place if term.is_exact else term.modalities
        held = merged.get(key)
        merged[key] = term if held is None else replace(held, parts=held.parts + term.parts)
    return tuple(merged.values())


# Refusals -----------------------------------------------------------------------------


def _nothing_beside(clauses: Sequence[_Clause]) -> QueryError:
    if len(clauses) == 1:
        remedy = "say what comes first and what comes after, as in 'pouring water >> tea'"
        return QueryError(f"one side of >> is empty; {remedy}")
    place = next(i for i, clause in enumerate(clauses) if not clause.words)
    sign = clauses[max(place, 1)].sign.value
    remedy = f"it stands between two things, as in 'car {sign} red'; in quotes it is a word"
    return QueryError(f"a lone {sign} has nothing on one side; {remedy}")


def _nothing_wanted(sought: Sequence[Word]) -> QueryError:
    unwanted = " ".join(word.text for word in sought if word.is_unwanted)
    if unwanted:
        remedy = "say what to look for besides, as in 'beach -people'"
        return QueryError(f"the query only takes away ({shown(unwanted)}); {remedy}")
    text = " ".join(word.text for word in sought)
    remedy = "write what is seen, said or written, e.g. 'eating hot pot'"
    return QueryError(f"{shown(text)} has no letter or digit to look for; {remedy}")
