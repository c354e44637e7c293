"""Media as other programs find it, text as other formats hold it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcut import escaping
from vidcut.exporters import _names, _xml

ODD = ["a b.mp4", "海 #1 100%.mov", "?&=+;:@.mp4", "a%20b.mp4", "'\"<>.mp4", "\udcff\udc80.mp4"]


@pytest.mark.parametrize("name", ODD)
def test_a_url_leads_back_to_the_file(name: str, tmp_path: Path) -> None:
    source = str(tmp_path / name)
    url = _names.media_url(source, host="localhost")
    assert url.startswith("file://localhost/")
    parts = urlsplit(url)
    assert (parts.query, parts.fragment) == ("", "")
    assert os.fsdecode(unquote_to_bytes(parts.path)) == source
    assert url.isascii()
    assert " " not in url


@pytest.mark.parametrize("name", ODD)
def test_a_relative_url_leads_back_from_the_films_folder(name: str, tmp_path: Path) -> None:
    source, film = tmp_path / "clips" / name, tmp_path / "films" / "film.xml"
    url = _names.media_url(str(source), beside=film)
    assert urlsplit(url).scheme == ""
    found = film.parent / os.fsdecode(unquote_to_bytes(url))
    assert Path(os.path.normpath(found)) == source


def test_a_relative_path_is_right_where_the_folder_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "deep" / "films").mkdir(parents=True)
    (tmp_path / "films").symlink_to(tmp_path / "deep" / "films")
    (tmp_path / "a.mp4").write_bytes(b"here")
    film = tmp_path / "films" / "film.xml"
    path = _names.media_path(str(tmp_path / "a.mp4"), beside=film)
    assert (film.parent / path).read_bytes() == b"here"


def test_a_source_that_is_a_link_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "link.mp4").symlink_to(tmp_path / "other.mp4")
    found = _names.media_path(str(tmp_path / "link.mp4"), beside=tmp_path / "film.xml")
    assert found == "link.mp4"


def test_an_absolute_path_stays_as_it_is() -> None:
    assert _names.media_path("/a/../b c.mp4") == "/a/../b c.mp4"


@given(st.text(st.characters(categories=None)))
def test_any_text_can_be_held_by_xml_and_by_a_line(text: str) -> None:
    root = ET.Element("a")
    _xml.child(root, "b", name=text, none=None)
    _xml.leaf(root, "c", text)
    read = ET.fromstring(ET.tostring(root, encoding="utf-8"))  # noqa: S314 -- our own
    assert read[0].get("name") == escaping.xml_text(text)
    line = escaping.one_line(text)
    assert len(line.splitlines()) <= 1
    assert line.encode().decode() == line
    assert line == line.strip()


def test_what_xml_can_hold_is_kept() -> None:
    text = "海 & <b> \U0001f30a\t\n] ]>"
    assert escaping.xml_text(text) == text
    assert escaping.xml_text("a\x00b\x0bc\ufffe") == "abc"
