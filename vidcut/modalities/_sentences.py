"""Words to what a person would call a sentence, and the languages of texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from vidcut.records import SECOND_US, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidcut.records import Word

PAUSE_US = 6 * SECOND_US // 10
"""A pause that ends a sentence in a language that Whisper writes without punctuation."""
LONG_PAUSE_US = 2 * PAUSE_US
"""A pause that ends one without a full stop: at half of it, speakers only draw breath."""
LONGEST_US = 12 * SECOND_US
_SHORT_US = SECOND_US
"""Shorter than this, a sentence goes with its neighbour: "Two.", "So?"."""

_HESITATION_US = 2 * SECOND_US

_FULL_STOP = re.compile(r"[.?!\u2026\u3002\uff1f\uff01]['\"\u2019\u201d\u300d\u300f\uff09)\]]*$")
"""ASCII's and the full-width ones, and quotes and brackets that may close behind them."""
_ABBREVIATION = re.compile(
    r"(?:^|\W)(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Prof|vs|etc|No|Jr|Sr|[ap]\.m|e\.g|i\.e|U\.S)\.$"
)
_SPACELESS = frozenset(("zh", "ja", "yue", "th", "lo", "my", "km"))
"""Languages that Whisper writes without punctuation, and that have no spaces."""

_KANA = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff]")
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word as it was heard."""

    word: Word
    probability: float
    no_speech: float = 0.0
    """How likely its segment holds no speech."""
    log_probability: float = 0.0
    """The mean over its segment's tokens."""
    ends_segment: bool = False
    """Whether Whisper set a time stamp behind it."""


def sentences(words: Sequence[Spoken], *, language: str | None) -> Iterator[list[Spoken]]:
    """Split at full stops and pauses, and what is too long at its longest pause."""
    kept: list[Spoken] = []
    for part in _split(words, language):
        if kept and (_lasts(kept) >= _SHORT_US or not _belong(kept, part)):
            yield from _shortened(kept)
            kept = []
        kept += part
    if kept:
        yield from _shortened(kept)


def text_of(words: Sequence[Spoken]) -> str:
    """The words as written."""
    return "".join(spoken.word.text for spoken in words).strip()


def span_of(words: Sequence[Spoken]) -> Span:
    """From the first word's start to the last one's end."""
    return Span(words[0].word.span.start, max(spoken.word.span.end for spoken in words))


def ends_sentence(text: str) -> bool:
    """Whether it ends with a full stop that is none of an abbreviation."""
    text = text.rstrip()
    return bool(_FULL_STOP.search(text)) and not _ABBREVIATION.search(text)


def is_spaceless(language: str | None) -> bool:
    """Whether the language is written without spaces between words."""
    return language in _SPACELESS


def language_of(text: str, given: str | None = None) -> str | None:
    """The language that the script gives away, else ``given``; ISO 639-1."""
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    if _HAN.search(text):
        return "zh"
    if _CYRILLIC.search(text) and given not in {"uk", "bg", "sr", "be", "mk", "kk", "mn"}:
        return "ru"
    return None if given in {"zh", "ja", "ko", "ru"} else given


def _split(words: Sequence[Spoken], language: str | None) -> Iterator[list[Spoken]]:
    pause_us = PAUSE_US if is_spaceless(language) else LONG_PAUSE_US
    part: list[Spoken] = []
    for spoken in words:
        if part and spoken.word.span.gap(part[-1].word.span) >= pause_us:
            yield part
            part = []
        part.append(spoken)
        ends_segment = spoken.ends_segment and is_spaceless(language)
        if ends_segment or ends_sentence(spoken.word.text):
            yield part
            part = []
    if part:
        yield part


def _lasts(words: Sequence[Spoken]) -> int:
    return span_of(words).duration


def _belong(left: Sequence[Spoken], right: Sequence[Spoken]) -> bool:
    """Whether what is too short to stand alone goes with what follows."""
    before, after = span_of(left), span_of(right)
    patience_us = PAUSE_US if ends_sentence(left[-1].word.text) else _HESITATION_US
    return before.gap(after) < patience_us and before.hull(after).duration <= LONGEST_US


def _shortened(words: list[Spoken]) -> Iterator[list[Spoken]]:
    """Halve at the longest pause, the most central of equals, until nothing is too long."""
    if _lasts(words) <= LONGEST_US or len(words) == 1:
        yield words
        return
    middle = len(words) / 2
    pauses = [
        (right.word.span.start - left.word.span.end, -abs(place - middle), place)
        for place, (left, right) in enumerate(pairwise(words), start=1)
    ]
    # Not at the very edges: a lone first word is no sentence.
    inner = [pause for pause in pauses if len(words) // 4 <= pause[2] <= len(words) * 3 // 4]
    place = max(inner or pauses)[2]
    yield from _shortened(words[:place])
    yield from _shortened(words[place:])
