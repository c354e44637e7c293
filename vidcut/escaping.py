"""What of a text is dangerous where it goes, and how it is written there (pure).

Names and words come from media and scripts, and whoever made those is not trusted. Each way to
write them has one function here; all that prints or writes a format uses it.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

JOINERS = "\u200c\u200d"
"""ZWNJ and ZWJ: format characters, but Persian, the scripts of India and emoji need them."""
REPLACED = "\ufffd"
"""What stands for bytes that are no text."""

_SHAPELESS = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_ASCII_END = 0x7F
_BLACK_FLAG = "\U0001f3f4"
_TAGS = "\U000e0020", "\U000e007f"
"""Letters that are not shown: after a black flag they tell whose it is, else they hide text."""

# All that XML 1.0 (section 2.2, Char) has no way to write, not even escaped.
# Compiled at its first use: for all of Unicode it takes longer than a search's other patterns.
_NOT_XML = "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
# What breaks a line for one reader or another: str.splitlines' set, and what cannot be seen.
_BREAK = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
# pysubs2 looks for the end of each brace and tag through all that follows, for blank lines again
# from each, and through the blanks of a tag twice over: what is none of these is made unlike.
_NO_TAG = re.compile(r"\{(?![^{}\n]*\})|<(?! ?/? ?[A-Za-z0-9:.][^<>\n]*>)")
_UNLIKE = {"{": "\uff5b", "<": "\uff1c"}
"""Full-width, which are found alike."""
_BLANK_LINES = re.compile("\n{3,}")
_DRAWS = re.compile(r"\\p([0-9])")
_FORMULAS = frozenset("=+-@")
_NOTHING = "\u2060"
"""A word joiner, which shows nothing and parts a backslash from what would follow it."""
# SubRip has no escapes: what players read as markup (tags, {\an8}, \N, -->) gets its likeness.
_LIKENESS = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")", "\\": "∖"})  # noqa: RUF001


# For people -------------------------------------------------------------------------------


def is_shapeless(char: str) -> bool:
    """Whether a character shows nothing itself but steers, hides, breaks or turns what does."""
    return unicodedata.category(char) in _SHAPELESS


def visible(text: str) -> str:
    r"""The text on one line, with whatever could steer a terminal or deceive a reader spelt out.

    Shapeless characters become ``\x0a``, ``\x1b``, ``\u202e`` or, for bytes that are no text,
    ``\udcff``. It is for reading alone: JSON keeps names exactly.
    """
    return _rewritten(text, _spelt)


def readable(text: str) -> str:
    """The same for words, in which a line feed or a tab is but a blank; in names it is not."""
    return _rewritten(text, lambda char: " " if char in "\n\t" else _spelt(char))


def html_text(text: str) -> str:
    """Words for HTML's and SVG's text and attributes in quotes; names as `visible` gives them."""
    return html.escape(readable(text))


def spoken(row: str) -> str:
    """A row of a subtitle without what no one reads; joiners stay, for words are spelt so."""
    kept = row.replace("\t", " ")
    if kept.isprintable():
        return kept.strip()
    return "".join(
        char
        for char in kept
        if char in JOINERS or not (is_shapeless(char) or unicodedata.category(char) == "Co")
    ).strip()


def tamed(text: str) -> str:
    """A subtitle file's text so that pysubs2 reads it in linear time."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _NO_TAG.sub(lambda sign: _UNLIKE[sign[0]], _BLANK_LINES.sub("\n\n", text))


def undrawn(text: str, blocks: re.Pattern[str]) -> str:
    """ASS's text without its override blocks, and without what they say is a drawing."""
    kept, place, is_drawn = [], 0, False
    for block in blocks.finditer(text):
        if not is_drawn:
            kept.append(text[place : block.start()])
        place = block.end()
        for scale in _DRAWS.findall(block[0]):
            is_drawn = scale != "0"
    return "".join([*kept, "" if is_drawn else text[place:]])


def _spelt(char: str) -> str:
    if ord(char) <= _ASCII_END:
        return f"\\x{ord(char):02x}"
    return char.encode("ascii", "backslashreplace").decode()


def _rewritten(text: str, write: Callable[[str], str]) -> str:
    """The text with its shapeless characters written otherwise, but those that words need."""
    if text.isprintable():  # nearly all texts
        return text
    return "".join(
        write(char) if dangerous else char
        for char, dangerous in zip(text, _dangers(text))  # noqa: B905  (alike)
    )


def _dangers(text: str) -> Iterator[bool]:
    """For each character whether it is dangerous where it stands."""
    before, in_flag = "", False
    for char in text:
        in_flag = char == _BLACK_FLAG or (in_flag and _TAGS[0] <= char <= _TAGS[1])
        # Between letters of ASCII a joiner joins nothing: it makes two names look alike.
        joins = char in JOINERS and ord(before or "a") > _ASCII_END and before not in JOINERS
        dangerous = is_shapeless(char) and not joins and not in_flag
        yield dangerous
        before = "" if dangerous else char


# For programs -----------------------------------------------------------------------------


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""A value as JSON, on one line without ``indent``, in which nothing steers a terminal.

    Lone surrogates, by which names that are no UTF-8 hold their bytes, are written as
    ``"\udcff"``; `json.loads` and `os.fsencode` give the name's bytes again.
    """
    # Line feeds of a text are escaped by json; those that are left are the indent's.
    return _rewritten(
        json.dumps(value, ensure_ascii=False, indent=indent),
        lambda char: char if char == "\n" else json.dumps(char)[1:-1],
    )


def one_line(text: str) -> str:
    """The text on one line: each run of controls, breaks and blanks becomes one blank."""
    return " ".join(unbroken(text).split())


def unbroken(text: str) -> str:
    """The text on one line with all of its blanks: a control or a break becomes one more."""
    return _SURROGATES.sub(REPLACED, _BREAK.sub(" ", text))


def is_line(text: str) -> bool:
    """Whether a line of a text file can hold the text as it is."""
    return not (_BREAK.search(text) or _SURROGATES.search(text))


def xml_text(text: str) -> str:
    """The text without characters that XML 1.0 forbids; escaping is the XML writer's."""
    return re.sub(_NOT_XML, "", _SURROGATES.sub(REPLACED, text))


def csv_text(text: str) -> str:
    """The text as no spreadsheet takes for a formula: after an apostrophe where it looks so.

    As OWASP advises on CSV injection; full-width signs are taken for their narrow ones.
    Quoting is the CSV writer's.
    """
    line = one_line(text)
    begins = unicodedata.normalize("NFKC", line[:1])[:1]
    return f"'{line}" if begins in _FORMULAS else line


def ffmetadata_value(text: str) -> str:
    """The text on one line as a value of ffmpeg's FFMETADATA."""
    # ffmpeg reads = ; # \ and line ends as marks, and what is no text not at all. A line's end it
    # takes for escaped even after a backslash that is, and the next chapter for this one's title.
    line = "".join(f"\\{char}" if char in "=;#\\" else char for char in one_line(text))
    return f"{line} " if line.endswith("\\") else line


def mpv_value(value: bytes) -> bytes:
    """Bytes as a value of mpv's EDL: counted, so that nothing in them means anything."""
    return b"%%%d%%%s" % (len(value), value)


def subrip_text(text: str) -> str:
    """A line of SubRip, without what players take for markup or for the next cue's times."""
    return one_line(text).translate(_LIKENESS)


def webvtt_text(text: str) -> str:
    """A line of WebVTT in which nothing is a tag, an entity or an arrow."""
    return html.escape(one_line(text), quote=False)


def ass_text(text: str) -> str:
    """A line of ASS in which no override block or escape hides."""
    return one_line(text).replace("\\", f"\\{_NOTHING}").replace("{", r"\{")


def full_text(terms: Iterable[str], *, together: bool = False) -> str:
    """An FTS5 expression for any of the terms, or all ``together``; each is a string of its."""
    # SQLite's strings end at NUL, and its text is UTF-8; neither is in a term that is searched.
    quoted = ('"' + xml_text(term).replace('"', '""') + '"' for term in terms)
    return (" AND " if together else " OR ").join(quoted)
