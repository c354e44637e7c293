"""A query's text to its words and signs (pure): where each begins, ends, and what it carries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from vidcut.errors import QueryError
from vidcut.terms import UNSPACED

if TYPE_CHECKING:
    from collections.abc import Iterator

MODALITIES = {"said": "asr", "shown": "frame", "written": "ocr"}
"""What may stand before a colon, and where it looks."""
MAX_WEIGHT = 100.0
_LONGEST_SHOWN = 40
"""Of a word that a message names, so many characters."""

_COLON = "[:\uff1a]"  # and full-width, as the other signs
_THEN = "(?:[>\uff1e]{2}|\u300b\u300b)"
_PLUS, _MINUS = "[+\uff0b]", r"[\-\uff0d]"
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_PREFIX = rf"(?:(?i:{'|'.join(MODALITIES)}){_COLON}|{_NUMBER}{_COLON}(?!\d|\s|\Z|{_THEN}))"
_OPENING = '["\uff02\u201c\u300c]'
# A quote within a word of a script with spaces, as the inches of 27", opens nothing.
_OPENS = rf"(?<![^\W{UNSPACED}]){_OPENING}"

_TOKEN = re.compile(
    rf"""(?:
      (?P<then>{_THEN})
    | (?P<plus>{_PLUS})(?=\s|\Z|{_THEN})
    | (?P<minus>{_MINUS})(?=\s|\Z|{_THEN})
    | (?P<away>{_MINUS}(?!{_MINUS}|{_PLUS}|[>\uff1e\u300b]))?
      (?P<prefixes>{_PREFIX}*)
      (?: "(?P<straight>[^"\uff02]*)["\uff02]
        | \uff02(?P<wide>[^"\uff02]*)["\uff02]
        | \u201c(?P<curly>[^\u201d]*)\u201d
        | \u300c(?P<corner>[^\u300d]*)\u300d
        | (?P<bare>(?!{_THEN})\S(?:(?!{_THEN}|{_OPENS})\S)*)
      )
    )""",
    re.VERBOSE,
)
_QUOTED = ("straight", "wide", "curly", "corner")
_AFTER_COLON = re.compile(f"(?<={_COLON})")
_NAMED_PREFIX = re.compile(rf"(?i:{'|'.join(MODALITIES)}){_COLON}")
_LONE_SIGN = re.compile(rf"{_MINUS}|{_PLUS}\Z")
_UNCLOSED = re.compile(rf'{_OPENING}|.*["\uff02]')
_PICTURE = re.compile(r"(?is)(?:\.{0,2}|~)/.*\.(?:jpe?g|png|webp|bmp|gif|tiff?)")


class Sign(Enum):
    """What stands between the parts of a query."""

    THEN = ">>"
    PLUS = "+"
    MINUS = "-"


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or several in quotes, with what was written before it.

    ``weight`` and ``modality`` are None where no prefix gives them.
    """

    text: str
    is_quoted: bool = False
    is_unwanted: bool = False
    weight: float | None = None
    modality: str | None = None

    @property
    def is_prefixed(self) -> bool:
        """Whether a weight or a modality was written before it."""
        return self.weight is not None or self.modality is not None

    @property
    def is_picture(self) -> bool:
        """Whether it is the path of a picture: it says where from, and what kind of file."""
        return _PICTURE.fullmatch(self.text) is not None

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing but a word, and goes with its neighbours."""
        return not (self.is_quoted or self.is_unwanted or self.is_prefixed or self.is_picture)


def tokens(text: str) -> Iterator[Word | Sign]:
    """The words and signs of a text, in order.

    Raises:
        QueryError: a quote is not closed, a prefix has nothing after it, or a weight is wrong.
    """
    for match in _TOKEN.finditer(text.strip()):
        kind = match.lastgroup
        if kind in {"then", "plus", "minus"}:
            yield Sign[kind.upper()]
        else:
            yield _word(match)


def _word(match: re.Match[str]) -> Word:
    prefixes = [prefix for prefix in _AFTER_COLON.split(match["prefixes"]) if prefix]
    if match["bare"] is not None:
        _check(match["bare"], prefixes)
    quoted = next((match[name] for name in _QUOTED if match[name] is not None), None)
    return Word(
        text=(match["bare"] if quoted is None else quoted).strip(),
        is_quoted=quoted is not None,
        is_unwanted=match["away"] is not None,
        weight=_weight([prefix for prefix in prefixes if not _NAMED_PREFIX.match(prefix)]),
        modality=_modality([prefix for prefix in prefixes if _NAMED_PREFIX.match(prefix)]),
    )


def _check(bare: str, prefixes: list[str]) -> None:
    if _NAMED_PREFIX.match(bare):
        remedy = 'write said:word or said:"several words", without a space after the colon'
        raise QueryError(f"{shown(bare)} has nothing after its colon; {remedy}")
    if prefixes and _LONE_SIGN.match(bare):
        remedy = f'write the minus first (-said:word), or the words in quotes ({prefixes[-1]}"…")'
        raise QueryError(f"{shown(prefixes[-1] + bare)} has a sign after its colon; {remedy}")
    if _UNCLOSED.match(bare):
        raise QueryError(f"a quote in {shown(bare)} is not closed; close it or leave it out")


def _weight(prefixes: list[str]) -> float | None:
    if not prefixes:
        return None
    if len(prefixes) > 1:
        raise QueryError(f"{shown(''.join(prefixes))} weighs twice; write one number")
    weight = float(prefixes[0][:-1])
    if not 0 < weight <= MAX_WEIGHT:
        limits = f"a weight is above 0 and at most {MAX_WEIGHT:g}, as in 2:car"
        raise QueryError(f"{shown(prefixes[0])} is no weight; {limits}")
    return weight


def _modality(prefixes: list[str]) -> str | None:
    if not prefixes:
        return None
    if len(prefixes) > 1:
        remedy = "name one, or say the words again after the other"
        raise QueryError(f"{shown(''.join(prefixes))} names two places to look in; {remedy}")
    return MODALITIES[prefixes[0][:-1].casefold()]


def shown(text: str) -> str:
    """A text as a message quotes it: one line, not too long."""
    text = " ".join(text.split())
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
