"""XML that cannot be malformed: built as a tree, written by the standard library."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from vidcut.escaping import xml_text
from vidcut.exporters import _names
from vidcut.exporters._lines import write_text

if TYPE_CHECKING:
    from pathlib import Path


def child(parent: ET.Element, tag: str, **attributes: str | None) -> ET.Element:
    """A new last child; attributes of None are left out."""
    return ET.SubElement(parent, tag, _names.xml_attributes(attributes))


def leaf(parent: ET.Element, tag: str, text: object) -> ET.Element:
    """A new last child that holds a text or a number; truth is written TRUE and FALSE."""
    made = ET.SubElement(parent, tag)
    made.text = str(text).upper() if isinstance(text, bool) else xml_text(str(text))
    return made


def write(root: ET.Element, path: Path, *, doctype: str | None = None) -> None:
    """The tree as an indented file in UTF-8.

    Raises:
        OutputError: it cannot be written.
    """
    ET.indent(root)
    declared = f"<!DOCTYPE {doctype}>\n" if doctype else ""
    text = ET.tostring(root, encoding="unicode")
    whole = f'<?xml version="1.0" encoding="UTF-8"?>\n{declared}{text}\n'
    write_text(path, whole)
