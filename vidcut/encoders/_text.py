"""Text that a tokenizer can take, whatever it came from."""

from __future__ import annotations

import re

LONGEST_CHARACTERS = 1000
"""Of a query for an open_clip model: its towers read 64 or 77 tokens."""
# Compiled at their first use, which most queries never come to.
_EAST_ASIAN = r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
_UNREADABLE = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+"
"""Control characters (a NUL ends a C string) and lone surrogates (they are in no UTF-8)."""


def readable(text: str, *, longest: int) -> str:
    """Without what no tokenizer knows, white space made single, cut at so many characters."""
    if not text.isprintable():
        text = re.sub(_UNREADABLE, " ", text)
    return " ".join(text.split())[:longest]


def is_east_asian(text: str) -> bool:
    """Whether there is a Han character, kana or hangul in it."""
    return not text.isascii() and re.search(_EAST_ASIAN, text) is not None
