"""A script's text to its slots: what is told, and for how long (pure).

A line is a slot; in Markdown a bullet or a paragraph's line is, and headings are chapters; a
subtitle file's cues are slots with their times.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from vidcut.errors import QueryError, UsageError
from vidcut.escaping import tamed
from vidcut.query import MAX_QUERY_CHARS, parse
from vidcut.records import SECOND_US, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_SLOTS = 5_000
"""A feature film has some 2,000 shots."""
MARKDOWN = (".md", ".markdown")
CUES = (".srt", ".vtt")

_SYLLABLES_PER_SECOND = 4.5
"""Of Chinese, where a character is a syllable: the 5 Chinese sentences of 27 real videos have 4.4
(median; 4.7 over all), at an easy pace. Japanese in kanji and kana, and Korean, come near."""
_WORDS_PER_SECOND = 2.6
"""Of languages with spaces: ACX reckons with 9,300 words in an hour of an audiobook. The 22
English sentences of the same videos, spoken freely, have 3.3 (median)."""
_LETTERS_A_WORD = 5
"""Of scripts that have neither spaces nor syllables in one sign, as Thai."""
_SHORTEST_US, _LONGEST_US = 3 * SECOND_US // 2, 12 * SECOND_US
"""Less is hardly seen, and a longer line wants more than one picture: by judgement."""
_PAUSE_US = 2 * SECOND_US
"""The picture runs on through a pause of the narration that is no longer."""

_SYLLABLES = re.compile("[\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")
_DOUBLE_BYTES = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
_ASCII_END = 0x7F
_OTHERS = ("utf_16", "utf_16_le", "utf_16_be", "gb18030", "big5", "shift_jis", "euc_kr", "cp1252")
_BULLET = re.compile(
    r"\A\s*(?:(?:[-*+\u2022\u2013\u2014]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?|[\u2022\u00b7]|>\s?)"
)
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")
# So far apart at most: where no mark is closed, each is looked for up to there.
_EMPHASIS = re.compile(r"(\*\*\*|\*\*|\*|__|`|~~)(?=\S)(.{1,200}?)(?<=\S)\1")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)")
_COMMENT = "<!--", "-->"
_CUE_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<[0-9:.]+>|\{\\[^{}]*\}")
_INNER = "'\u2019-"
"""Signs that belong to a word when they stand in it."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the film: what it is to show, for how long, and when where that is fixed."""

    number: int
    """Counted from 1, as ``--lock`` names it."""
    text: str
    query: str
    """What to search for; empty where the text has no word."""
    duration_us: int
    chapter: str = ""
    start_us: int | None = None
    """When it begins, if a narration or subtitles say so."""


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    chapter: str = ""
    span: Span | None = None


def slots(text: str, suffix: str) -> list[Slot]:
    """A script's slots, in order; ``suffix`` is its file's ending, as ``.md``.

    Raises:
        UsageError: it has none, or more than `MOST_SLOTS`, or its times cannot be read.
    """
    read = {**dict.fromkeys(MARKDOWN, _of_markdown), **dict.fromkeys(CUES, _of_cues)}
    lines = list(read.get(suffix.lower(), _of_text)(text))
    if not lines:
        raise UsageError("the script has no line to show; write what is to be seen, one a line")
    if len(lines) > MOST_SLOTS:
        fact = f"the script has {len(lines)} lines, and {MOST_SLOTS} at most are done at once"
        raise UsageError(f"{fact}; split it")
    found = [_slot(number, line) for number, line in enumerate(lines, 1)]
    spans = [line.span for line in lines if line.span is not None]
    return timed(found, spans) if spans else found


def timed(found: Sequence[Slot], spans: Sequence[Span]) -> list[Slot]:
    """The slots at these times, one for each, in order and apart; short pauses are filled."""
    ends = [span.end for span in spans]
    for place, (one, following) in enumerate(pairwise(spans)):
        if following.start - one.end <= _PAUSE_US:
            ends[place] = following.start
    starts = [span.start for span in spans]
    if starts[0] <= _PAUSE_US:
        starts[0] = 0
    return [
        replace(slot, start_us=start, duration_us=end - start)
        for slot, start, end in zip(found, starts, ends, strict=True)
    ]


def decode(data: bytes) -> str:
    """A text file's text: UTF-8, UTF-16, GBK, or what it reads as.

    Raises:
        UsageError: it reads as nothing.
    """
    text = _decoded(data)
    if any(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f\v\x85" for c in text):
        raise UsageError("it is no text; save the script as UTF-8")
    return text


def plain(text: str) -> str:
    """The text's words alone, without what a query would take for signs."""
    spoken = "".join(c if _speaks(c) or c in _INNER else " " for c in text)
    words = (word.strip(_INNER) for word in spoken.split())
    return _shortened(" ".join(word for word in words if word))


def reading_us(text: str) -> int:
    """How long it takes to read the text aloud, not less than a look, not more than a scene."""
    return min(max(spoken_us(text), _SHORTEST_US), _LONGEST_US)


def spoken_us(text: str) -> int:
    """How long it takes to read the text aloud."""
    syllables, letters = len(_SYLLABLES.findall(text)), len(_UNSPACED.findall(text))
    words = len(_WORD.findall(_UNSPACED.sub(" ", _SYLLABLES.sub(" ", text))))
    words_s = (words + letters / _LETTERS_A_WORD) / _WORDS_PER_SECOND
    return round((syllables / _SYLLABLES_PER_SECOND + words_s) * SECOND_US)


# One slot -----------------------------------------------------------------------------


def _slot(number: int, line: _Line) -> Slot:
    return Slot(number, line.text, _query(line.text), reading_us(line.text), line.chapter)


def _query(text: str) -> str:
    """The line as it stands where it is a query, else its words."""
    try:
        parse(text)
    except QueryError as error:
        words = plain(text)
        _log.debug("%r is looked for as plain words: %s", text, error)
        return words
    return text


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_QUERY_CHARS else text[:MAX_QUERY_CHARS].rpartition(" ")[0]


def _speaks(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNM"


def _has_words(text: str) -> bool:
    return any(char.isalnum() for char in text)


# Formats ------------------------------------------------------------------------------


def _of_text(text: str) -> Iterator[_Line]:
    for row in text.splitlines():
        said = " ".join(_BULLET.sub("", row, count=1).split())
        if _has_words(said):
            yield _Line(said)


def _of_markdown(text: str) -> Iterator[_Line]:
    chapter, is_code = "", False
    for row in _uncommented(text).splitlines():
        if _FENCE.match(row):
            is_code = not is_code
        elif heading := _HEADING.match(row):
            chapter = _unmarked(row[heading.end() :].rstrip().rstrip("#"))
        elif not is_code and _has_words(said := _unmarked(_BULLET.sub("", row, count=1))):
            yield _Line(said, chapter)


def _uncommented(text: str) -> str:
    kept, place = [], 0
    while (start := text.find(_COMMENT[0], place)) >= 0:
        end = text.find(_COMMENT[1], start + len(_COMMENT[0]))
        if end < 0:
            break
        kept.append(text[place:start])
        place = end + len(_COMMENT[1])
    return "".join([*kept, text[place:]])


def _unmarked(row: str) -> str:
    return " ".join(_EMPHASIS.sub(r"\2", _LINK.sub(r"\1", row)).split())


def _of_cues(text: str) -> Iterator[_Line]:
    """Cues in order of time, those of one time joined, none over the next."""
    import pysubs2  # noqa: PLC0415  (30 ms that other scripts need not wait)

    # Never by its content alone: pysubs2 reads a dozen formats, with XML among them.
    form = "vtt" if text.startswith("WEBVTT") else "srt"
    try:
        events = pysubs2.SSAFile.from_string(tamed(text), format_=form)
    except (pysubs2.exceptions.Pysubs2Error, ValueError, LookupError, ArithmeticError) as error:
        raise UsageError("its cues cannot be read; save it as SubRip (.srt)") from error
    said: dict[int, tuple[int, str]] = {}
    for event in sorted(events, key=lambda one: (one.start, one.end)):
        words = " ".join(_CUE_TAG.sub("", event.plaintext).split())
        start_us, end_us = max(0, event.start) * 1000, event.end * 1000
        if words and start_us < end_us:
            other_end_us, before = said.get(start_us, (0, ""))
            said[start_us] = max(end_us, other_end_us), f"{before} {words}".strip()
    starts = [*said, max((end for end, _ in said.values()), default=0)]
    for start_us, following_us in pairwise(starts):
        end_us, words = said[start_us]
        yield _Line(words, span=Span(start_us, min(end_us, max(following_us, start_us + 1))))


# Encodings ----------------------------------------------------------------------------


def _decoded(data: bytes) -> str:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _guessed(data)
    # UTF-16 without its mark is valid UTF-8 where it is English.
    return _guessed(data) if "\0" in text else text


def _guessed(data: bytes) -> str:
    """GBK first where it reads as simplified Chinese, which a few words hardly tell others."""
    import charset_normalizer  # noqa: PLC0415  (most scripts are UTF-8)

    if _reads_as_gb2312(data):
        return data.decode("gb18030", errors="replace")
    best = charset_normalizer.from_bytes(data, cp_isolation=list(_OTHERS)).best()
    if best is None:
        raise UsageError("it is no text in any known encoding; save the script as UTF-8")
    return str(best)


def _reads_as_gb2312(data: bytes) -> bool:
    """Whether all that is not ASCII is two bytes of GB 2312, and not Korean nor Japanese.

    Korean has no syllable above 0xC8, where half of the Chinese characters are; Japanese has
    its kana at 0xA4 and 0xA5.
    """
    leads = [pair[0] for pair in _DOUBLE_BYTES.findall(data)]
    if not leads or any(byte > _ASCII_END for byte in _DOUBLE_BYTES.sub(b"", data)):
        return False
    kana = sum(lead in {0xA4, 0xA5} for lead in leads)
    beyond_korean = sum(lead > 0xC8 for lead in leads)  # noqa: PLR2004  (see above)
    return kana * 5 < len(leads) and beyond_korean * 6 > len(leads)
