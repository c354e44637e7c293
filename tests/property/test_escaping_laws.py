"""What is written is read back by programs that are not ours, whatever the text is."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import random
import re
import sqlite3
import subprocess
import unicodedata
from contextlib import closing
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pysubs2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from vidcut import escaping, ffmpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PERSIAN = "\u0645\u06cc\u200c\u062e"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
_SIGNS = (
    "\0", "\x07", "\x1b", "\x1b[31m", "\x1b]0;x\x07", "\x7f", "\x85", "\x9b", "\r", "\n", "\t",
    "\r\n", "\u200b", "\u200c", "\u200d", "\u200e", "\u202e", "\u2028", "\u2029", "\u2060",
    "\u2066", "\ufeff", "\ud800", "\udcff", "\udc80", "\ufffe", "\uffff", "\U000e0041",
    "\U0001f3f4", "<", ">", "&", '"', "'", "&#x1b;", "]]>", "<!--", "-->", "</title>", "<b>",
    "</script>", "{", "}", "{\\an8}", "\\", "\\N", "\\h", "=", ";", "#", "[CHAPTER]", ",", "%",
    "%5%", "*", "/*", "--", "+", "-", "@", "\uff1d", "|", "`", "$(id)", "[/]", "[red]", "NEAR(",
    "OR", "AND", "NOT", ":", "^", "火锅", "é", "e\u0301", "👩\u200d👩", PERSIAN, " ", "a", "1",
)  # fmt: skip
ANY = st.text(st.characters(categories=None), max_size=40)
HOSTILE = st.one_of(ANY, st.lists(st.sampled_from(_SIGNS), max_size=12).map("".join))


# A terminal -------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [escaping.visible, escaping.readable])
@given(HOSTILE)
@example("a\u200db")
@example("\U000e0041\u200d\u200d")
def test_what_is_seen_is_one_line_that_steers_nothing(
    write: Callable[[str], str], text: str
) -> None:
    shown = write(text)
    shown.encode()
    assert shown.splitlines() in ([], [shown])
    for place, char in enumerate(shown):
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            before = shown[place - 1 : place]
            if char in escaping.JOINERS:
                assert before > "\x7f"
            else:  # a flag's tags
                assert "\U0001f3f4" in shown[:place]
    assert write(shown) == shown


def test_in_names_line_feeds_and_tabs_are_seen_and_in_words_they_are_blanks() -> None:
    assert escaping.visible("a\nb\tc d.mp4") == r"a\x0ab\x09c d.mp4"
    assert escaping.readable("one\ntwo\tthree") == "one two three"


@given(HOSTILE)
def test_rich_prints_what_is_seen_as_it_stands(text: str) -> None:
    shown = escaping.visible(text)
    said = io.StringIO()
    console = Console(file=said, force_terminal=True, color_system=None, width=10_000)
    console.print(Text(shown), soft_wrap=True)
    assert "\x1b" not in said.getvalue()
    assert said.getvalue().removesuffix("\n") == shown


def test_words_that_need_joiners_keep_them() -> None:
    for text in ("👩\u200d👩\u200d👧", "क\u094d\u200dष", PERSIAN, SCOTLAND):
        assert escaping.visible(text) == text
    assert escaping.visible("pa\u200dy.mp4") == r"pa\u200dy.mp4"
    assert escaping.visible("x\U000e0041") == r"x\U000e0041"
    assert escaping.visible("\x1b[2J\x9b\udcff\u202e") == r"\x1b[2J\x9b\udcff\u202e"


@given(st.recursive(HOSTILE, lambda inner: st.lists(inner) | st.dictionaries(HOSTILE, inner)))
def test_json_says_exactly_what_was_and_steers_nothing(value: object) -> None:
    for indent in (None, 1):
        line = escaping.json_text(value, indent=indent)
        line.encode()
        assert json.loads(line) == json.loads(json.dumps(value))
        rest = line.replace("\n", "") if indent else line
        assert escaping.visible(rest) == rest


@given(st.binary(min_size=1, max_size=40))
def test_a_name_of_any_bytes_comes_back_from_json(name: bytes) -> None:
    assert os.fsencode(json.loads(escaping.json_text({"path": os.fsdecode(name)}))["path"]) == name


# Formats ----------------------------------------------------------------------------------


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = handle_comment  # type: ignore[assignment]


@given(HOSTILE)
def test_html_holds_the_text_and_nothing_else(text: str) -> None:
    safe, reader = escaping.html_text(text), _Reader()
    reader.feed(f'<p title="{safe}">{safe}</p>')
    reader.close()
    assert reader.tags == [("p", [("title", escaping.readable(text))])]
    assert reader.text == escaping.readable(text)


@given(HOSTILE)
def test_xml_holds_the_text_but_what_it_cannot(text: str) -> None:
    safe = escaping.xml_text(text)
    root = ET.Element("a", title=safe)
    root.text = safe
    read = ET.fromstring(ET.tostring(root, encoding="utf-8"))  # noqa: S314  (just written)
    assert read.get("title") == safe
    assert (read.text or "") == re.sub("\r\n?", "\n", safe)


@given(st.lists(HOSTILE, min_size=1, max_size=5))
def test_a_table_has_its_rows_and_no_formula(texts: list[str]) -> None:
    written = io.StringIO()
    cells = [escaping.csv_text(text) for text in texts]
    csv.writer(written, lineterminator="\r\n").writerows([cells, cells])
    rows = list(csv.reader(io.StringIO(written.getvalue(), newline=""), strict=True))
    assert rows == [cells, cells]
    for cell in cells:
        assert not unicodedata.normalize("NFKC", cell).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.lists(HOSTILE, min_size=1, max_size=4))
def test_subrip_has_its_cues_and_no_more(texts: list[str]) -> None:
    lines = [escaping.subrip_text(text) or "…" for text in texts]
    blocks = [f"{n}\n00:00:0{n},000 --> 00:00:0{n},500\n{t}\n\n" for n, t in enumerate(lines)]
    events = pysubs2.SSAFile.from_string(
        "".join(blocks), format_="srt", keep_unknown_html_tags=True
    )
    assert [event.text for event in events] == lines
    assert not any(sign in line for line in lines for sign in "<>{}\\")


@given(st.lists(HOSTILE, min_size=1, max_size=4))
def test_webvtt_has_its_cues_and_no_more(texts: list[str]) -> None:
    lines = [escaping.webvtt_text(text) or "…" for text in texts]
    blocks = [f"00:00:0{n}.000 --> 00:00:0{n}.500\n{t}\n\n" for n, t in enumerate(lines)]
    found = "".join(blocks).split("\n\n")[:-1]
    assert [html.unescape(one.split("\n", 1)[1]) for one in found] == [
        escaping.one_line(text) or "…" for text in texts
    ]
    assert not any(sign in line for line in lines for sign in "<>")


@given(st.lists(HOSTILE, min_size=1, max_size=4))
def test_ass_has_its_events_and_no_override(texts: list[str]) -> None:
    lines = [escaping.ass_text(text) for text in texts]
    file = pysubs2.SSAFile()
    for line in lines:
        file.append(pysubs2.SSAEvent(start=0, end=1000, text=line))
    read = pysubs2.SSAFile.from_string(file.to_string("ass"))
    assert [event.text for event in read] == lines
    for line in lines:
        # libass: "\{" is a brace, and any other backslash before N, n or h is a mark.
        assert not re.search(r"(?<!\\)\{|\\[Nnh]", line)


@given(st.lists(HOSTILE, min_size=1, max_size=4))
def test_full_text_finds_terms_and_reads_no_operators(terms: list[str]) -> None:
    either = escaping.full_text(["needle", *terms])
    every = escaping.full_text(["needle", "haystack", *terms], together=True)
    assert _found(either, "something else") == 0
    assert _found(either, escaping.xml_text(" ".join(("needle", *terms)))) == 1
    assert _found(every, escaping.xml_text(" ".join(("needle", *terms)))) == 0


def _found(expression: str, text: str) -> int:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE texts USING fts5(terms)")
        db.execute("INSERT INTO texts VALUES (?)", (text,))
        row = db.execute("SELECT count(*) FROM texts WHERE texts MATCH ?", (expression,))
        return int(row.fetchone()[0])


@given(st.lists(st.tuples(st.binary(max_size=30), st.binary(max_size=30)), min_size=1, max_size=4))
def test_mpv_reads_the_names_that_were_written(pairs: list[tuple[bytes, bytes]]) -> None:
    lines = [
        b",".join((escaping.mpv_value(a), b"0,1", b"title=" + escaping.mpv_value(b)))
        for a, b in pairs
    ]
    data, found = b"\n".join(lines) + b"\n", []
    while data:  # as mpv's demux_edl.c does it
        values, data = [], b"," + data
        while data[:1] == b",":
            data = data[1:].removeprefix(b"title=")
            if data[:1] == b"%":
                count, _, data = data[1:].partition(b"%")
                value, data = data[: int(count)], data[int(count) :]
            else:
                value = re.match(rb"[^,;\n]*", data)[0]  # type: ignore[index]
                data = data[len(value) :]
            values.append(value)
        found.append((values[0], values[3]))
        data = data.removeprefix(b"\n")
    assert found == pairs


# ffmpeg -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile_texts() -> list[str]:
    """Two hundred, always the same: ffmpeg reads all of them in one run."""
    rng = random.Random(5)  # noqa: S311
    return ["".join(rng.choices(_SIGNS, k=rng.randint(1, 8))) for _ in range(200)]


def test_ffmpeg_reads_each_chapters_title(tmp_path: Path, hostile_texts: list[str]) -> None:
    lines = [";FFMETADATA1", "title=" + escaping.ffmetadata_value("".join(hostile_texts))]
    for number, text in enumerate(hostile_texts):
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={number * 1000}"]
        lines += [f"END={number * 1000 + 999}", f"title={escaping.ffmetadata_value(text)}"]
    (tmp_path / "in.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    command = [str(ffmpeg.find().path), "-v", "error", "-f", "ffmetadata", "-i", "in.txt"]
    command += ["-f", "ffmetadata", "-map_chapters", "0", "-map_metadata", "0", "out.txt"]
    subprocess.run(command, cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
    told = (tmp_path / "out.txt").read_text(encoding="utf-8")
    whole, *chapters = re.split(r"^\[CHAPTER\]\n", told, flags=re.MULTILINE)
    assert _title(whole) == escaping.one_line("".join(hostile_texts))
    assert len(chapters) == len(hostile_texts)
    for text, chapter in zip(hostile_texts, chapters, strict=True):
        assert _title(chapter) == escaping.one_line(text)


def _title(section: str) -> str:
    """What ffmpeg wrote, by its own rules: a backslash before each mark."""
    found = re.search(r"^title=((?:\\.|[^\\\n])*)$", section, re.MULTILINE | re.DOTALL)
    return re.sub(r"\\(.)", r"\1", found[1]).rstrip(" ") if found else ""
