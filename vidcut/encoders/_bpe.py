"""CLIP's own tokenizer without torch: what `open_clip.SimpleTokenizer` makes of a text, the same.

Byte pairs are merged in the order that a list has them (Sennrich et al., 2016; the list and the
way texts are cleaned are those of Radford et al., 2021). The list is kept sorted and is looked up
by bisection: reading its 48,894 lines takes a few ms, a dictionary of them some 50.
"""

from __future__ import annotations

import functools
import html
import re
import string
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START, END = "<start_of_text>", "<end_of_text>"
_PIECES = rf"{START}|{END}|'s|'t|'re|'ve|'m|'ll|'d|[\p{{L}}]+|[\p{{N}}]|[^\s\p{{L}}\p{{N}}]+"
_ASCII_PIECES = rf"{START}|{END}|'s|'t|'re|'ve|'m|'ll|'d|[a-z]+|[0-9]|[^\sa-z0-9]+"
_LAST = "</w>"
"""Marks what ends a word."""
_BARE = str.maketrans("", "", string.punctuation)
_NEVER = 1 << 30


def clean(text: str, kind: str) -> str:
    """As open_clip cleans a text: ``lower``, ``whitespace`` or ``canonicalize``.

    Raises:
        ValueError: it has no such way.
    """
    if not text.isascii() or "&" in text:  # else there is nothing to mend
        import ftfy  # noqa: PLC0415  (a fifth of a cold search in English)

        text = ftfy.fix_text(text)
    text = html.unescape(html.unescape(text)).strip()
    if kind == "canonicalize":
        text = text.replace("_", " ").translate(_BARE).lower()
    elif kind not in {"lower", "whitespace"}:
        raise ValueError(f"open_clip cleans no text in the way {kind!r}")
    text = " ".join(text.split())
    return text.lower() if kind == "lower" else text


def table(merges: Mapping[tuple[str, str], int], ids: Mapping[str, int]) -> str:
    """The list as `Bpe` reads it: pair, rank and id of what it becomes, sorted."""
    lines = (f"{one} {two}\t{rank}\t{ids[one + two]}" for (one, two), rank in merges.items())
    return "\n".join(sorted(lines))


class Bpe:
    """Texts to ids."""

    def __init__(self, merges: str, *, start: int, end: int) -> None:
        """``merges``: a `table`; ``start`` and ``end``: the ids that every text has around it."""
        self._lines = merges.split("\n")
        self._special = {START: start, END: end}
        self._letters = _letters()
        self._ids = {letter: at for at, letter in enumerate(self._letters.values())}
        self._ids |= {letter + _LAST: at + len(self._ids) for letter, at in self._ids.items()}

    def ids(self, text: str, *, longest: int) -> list[int]:
        """Of a clean text, its start and its end with it, at most so many."""
        found = [self._special[START]]
        for piece in _pieces(text):
            found.extend(self._word(piece))
        return [*found[: longest - 1], self._special[END]]

    def _word(self, piece: str) -> Sequence[int]:
        letters = [self._letters[byte] for byte in piece.encode()]
        if (special := self._special.get("".join(letters))) is not None:
            return [special]
        letters[-1] += _LAST
        ids = [self._ids[letter] for letter in letters]
        while len(letters) > 1:
            found = [self._merge(*pair) for pair in pairwise(letters)]
            best = min(found)
            if best[0] == _NEVER:
                break
            first, second = letters[found.index(best)], letters[found.index(best) + 1]
            letters, ids = _merged(letters, ids, first, second, best[1])
        return ids

    def _merge(self, first: str, second: str) -> tuple[int, int]:
        """The pair's rank and its id."""
        wanted = f"{first} {second}\t"
        at = bisect_left(self._lines, wanted)
        if at < len(self._lines) and self._lines[at].startswith(wanted):
            _, rank, its_id = self._lines[at].split("\t")
            return int(rank), int(its_id)
        return _NEVER, 0


def _pieces(text: str) -> Sequence[str]:
    """What a clean text is cut into before its letters are joined."""
    if text.isascii():
        return re.findall(_ASCII_PIECES, text, re.IGNORECASE)
    import regex  # noqa: PLC0415  (a fiftieth of a cold search in English)

    found: list[str] = regex.findall(_PIECES, text, regex.IGNORECASE)
    return found


def _merged(
    letters: list[str], ids: list[int], first: str, second: str, becomes: int
) -> tuple[list[str], list[int]]:
    """With every such pair made one, from the left."""
    made: list[str] = []
    made_ids: list[int] = []
    at = 0
    while at < len(letters):
        if letters[at] == first and letters[at + 1 : at + 2] == [second]:
            made.append(first + second)
            made_ids.append(becomes)
            at += 2
        else:
            made.append(letters[at])
            made_ids.append(ids[at])
            at += 1
    return made, made_ids


@functools.cache
def _letters() -> dict[int, str]:
    """A letter for each byte, in the order of their ids; none is white space."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(0x100) if byte not in plain]
    pairs = [(byte, chr(byte)) for byte in plain]
    return dict(pairs + [(byte, chr(0x100 + at)) for at, byte in enumerate(rest)])


def from_open_clip(tokenizer: Any) -> str:
    """The `table` of an `open_clip.SimpleTokenizer`."""
    return table(tokenizer.bpe_ranks, tokenizer.encoder)
