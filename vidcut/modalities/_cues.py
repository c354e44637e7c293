"""Subtitle files beside a video, and what their cues are as chunks."""

from __future__ import annotations

import codecs
import errno
import logging
import os
import re
import stat
from bisect import bisect_left
from dataclasses import replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING

import charset_normalizer
import pysubs2

from vidcut.errors import MediaError
from vidcut.escaping import spoken, tamed, undrawn
from vidcut.modalities import _sentences
from vidcut.records import SECOND_US, Cue, Draft, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from vidcut.protocols import TextEncoder

_SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")
"""Best first."""
_DOUBLE_BYTES = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
_KANA_LEADS = (0xA4, 0xA5)
_LAST_KOREAN_LEAD = 0xC8
_ASCII_END = 0x7F
_LANGUAGE_TAG = re.compile(r"\.[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2}")
_REMEDY = "remove it or mend it, or index with --asr always"
_MOST_BYTES = 10_000_000
_MOST_CUES, _MOST_CHARS = 100_000, 5_000
"""Of a file and of one cue: some three times what is said in a day, and in ten minutes."""
_ENCODINGS = (
    "utf_16", "utf_16_le", "utf_16_be", "gb18030", "big5", "shift_jis", "euc_kr",
    "cp1252", "cp1250", "cp1251",
)  # fmt: skip
"""What subtitle editors write; among all that exist, short files are mistaken too often."""
_WESTERN_MARKS = "\u00ab\u00bb\u2026\u2013\u2014\u2018\u2019\u201c\u201d\u20ac\u00b0\u00a0"

_JOIN_GAP_US = 3 * SECOND_US // 10
_JOINED_US = 10 * SECOND_US
_ROLLING_GAP_US = SECOND_US // 20
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<[0-9:.]+>")
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&lrm;": "", "&rlm;": ""}


_log = logging.getLogger(__name__)


class Sidecars:
    """A `vidcut.protocols.Subtitles`: each folder is listed once, as it is when first asked for.

    Listed for each of its clips, a folder of 2,000 took 7 s.
    """

    def __init__(self) -> None:
        self._beside: dict[Path, list[Path]] = {}

    def sidecar(self, path: Path) -> Path | None:
        """The subtitle file of ``clip.mp4``: ``clip.srt``, ``clip.zh.srt`` or ``clip.mp4.srt``.

        SRT before WebVTT before ASS; the plain name before one with a language.
        """
        if path.parent not in self._beside:
            self._beside[path.parent] = _subtitle_files(path.parent)
        beside = self._beside[path.parent]
        first = bisect_left(beside, path.stem, key=lambda file: file.name)
        near = takewhile(lambda file: file.name.startswith(path.stem), islice(beside, first, None))
        ranked = sorted((rank, file) for file in near if (rank := _rank(path, file)) is not None)
        for _, file in ranked:
            if file.is_file():
                return file
            _log.warning("%s is no file that can be read as subtitles, and is left out", file)
        return None

    def read_sidecar(self, path: Path) -> list[Cue]:
        """See `read`."""
        return read(path)


def read(path: Path) -> list[Cue]:
    """A subtitle file's cues in order of time, without markup and control characters.

    Raises:
        MediaError: it cannot be read as subtitles.
    """
    text = _decoded(path)
    try:
        events = list(pysubs2.SSAFile.from_string(tamed(text), format_=path.suffix.lower()[1:]))
    except (pysubs2.exceptions.Pysubs2Error, ValueError, LookupError, ArithmeticError) as error:
        raise MediaError(f"{path.name} is no subtitle file ({error}); {_REMEDY}") from error
    if len(events) > _MOST_CUES:
        raise MediaError(f"{path.name} has {len(events)} cues, {_MOST_CUES} at most; {_REMEDY}")
    heard = [event for event in events if not event.is_comment]
    cues = [
        Cue(Span(start * 1000, end * 1000), _plain(event.text)[:_MOST_CHARS])
        for event in heard
        if (start := max(0, event.start)) < (end := event.end)
    ]
    cues.sort(key=lambda cue: (cue.span, cue.text))
    found = list(_unrolled(cue for cue in cues if cue.text))
    if not found and text.strip().removeprefix("WEBVTT").strip():
        raise MediaError(f"{path.name} holds no subtitles; {_REMEDY}")
    return found


def drafts(cues: Sequence[Cue], *, language: str | None) -> Iterator[Draft]:
    """Sentence-like chunks: cues in mid-sentence joined with those that follow at once."""
    held: Cue | None = None
    for cue in cues:
        text = " ".join(cue.text.split())
        if held is not None and _go_together(held, cue, text):
            held = Cue(held.span.hull(cue.span), f"{held.text} {text}")
            continue
        if held is not None:
            yield _draft(held, language)
        held = Cue(cue.span, text)
    if held is not None:
        yield _draft(held, language)


def with_vectors(drafts: Sequence[Draft], encoder: TextEncoder) -> list[Draft]:
    """The drafts, each with the vector of its text."""
    if not drafts:
        return []
    vectors = encoder.passages([draft.text or "" for draft in drafts])
    return [replace(d, vector=v) for d, v in zip(drafts, vectors, strict=True)]


def _subtitle_files(folder: Path) -> list[Path]:
    """In order of name, so that a clip's own are found without looking at all."""
    try:
        found = [file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES]
    except OSError:
        return []
    return sorted(found, key=lambda file: file.name)


def _rank(path: Path, file: Path) -> tuple[int, int] | None:
    """How well the name of a file fits that begins as it should, less is better; None: not."""
    stem, kind = file.stem, _SUFFIXES.index(file.suffix.lower())
    if stem in {path.stem, path.name}:
        return 0, kind
    return (1, kind) if _LANGUAGE_TAG.fullmatch(stem.removeprefix(path.stem)) else None


def _regular(path: str, flags: int) -> int:
    """Open a file, but nothing that would hold up whoever reads it."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no file")


def _decoded(path: Path) -> str:
    try:
        with open(path, "rb", opener=_regular) as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise MediaError(f"{path.name} cannot be read ({error.strerror}); {_REMEDY}") from error
    if len(data) > _MOST_BYTES:
        raise MediaError(f"{path.name} is too big for subtitles (over 10 MB); {_REMEDY}")
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return data.decode("utf-32", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if _reads_as_gb2312(data):
            return data.decode("gb18030", errors="replace")
        best = charset_normalizer.from_bytes(data, cp_isolation=list(_ENCODINGS)).best()
    if best is None:
        raise MediaError(f"{path.name} is no text in any known encoding; {_REMEDY}")
    if best.encoding == "cp1250" and _reads_as_western(data):
        return data.decode("cp1252")
    return str(best)


def _reads_as_gb2312(data: bytes) -> bool:
    """Whether it is simplified Chinese in two bytes each, which a few words hardly tell.

    Korean in two bytes has its syllables below 0xC9 where Chinese has half of its characters
    above, Japanese its kana at 0xA4 and 0xA5, and Big5 second bytes below 0xA1.
    """
    leads = [pair[0] for pair in _DOUBLE_BYTES.findall(data)]
    rest = _DOUBLE_BYTES.sub(b"", data)
    if not leads or any(byte > _ASCII_END for byte in rest):
        return False
    kana = sum(lead in _KANA_LEADS for lead in leads)
    beyond_korean = sum(lead > _LAST_KOREAN_LEAD for lead in leads)
    return kana * 5 < len(leads) and beyond_korean * 6 > len(leads)


def _reads_as_western(data: bytes) -> bool:
    """Whether Windows' two Latin pages both give letters; then the commoner is meant.

    French is mistaken for Czech else; Polish read so has signs amid its words.
    """
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return all(c.isascii() or c.isalpha() or c in _WESTERN_MARKS for c in text)


def _plain(text: str) -> str:
    text = _TAG.sub("", undrawn(text, _OVERRIDE)).replace(r"\h", " ")
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    rows = (spoken(row) for row in re.split(r"\\[Nn]|\r\n?|\n", text))
    return "\n".join(row for row in rows if any(character.isalnum() for character in row))


def _unrolled(cues: Iterable[Cue]) -> Iterator[Cue]:
    """Without the lines that a cue repeats of the one before, as captions that roll do."""
    shown: frozenset[str] = frozenset()
    held: Cue | None = None
    for cue in cues:
        rows = cue.text.split("\n")
        if held is not None and cue.span.start - held.span.end <= _ROLLING_GAP_US:
            fresh = [row for row in rows if row not in shown]
        else:
            fresh = rows
        shown = frozenset(rows)
        if held is not None and not fresh:
            held = Cue(held.span.hull(cue.span), held.text)
            continue
        if held is not None:
            yield held
        held = Cue(cue.span, "\n".join(fresh))
    if held is not None:
        yield held


def _go_together(held: Cue, cue: Cue, text: str) -> bool:
    spaceless = any(_sentences.is_spaceless(_sentences.language_of(t)) for t in (held.text, text))
    return (
        not spaceless
        and not _sentences.ends_sentence(held.text)
        and held.span.gap(cue.span) <= _JOIN_GAP_US
        and held.span.hull(cue.span).duration < _JOINED_US
    )


def _draft(cue: Cue, language: str | None) -> Draft:
    return Draft(cue.span, cue.text, language=_sentences.language_of(cue.text, language))
