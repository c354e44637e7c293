"""The shell's words for what the page does (pure): a command that a person can keep."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING, Protocol

from vidcut.cutting import slug
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Sequence

_FADE = "0.3s"
_TALL = "1080x1920"


class Item(Protocol):
    """A stretch of a file; without a path, of nothing."""

    @property
    def path(self) -> str | None:
        """Where the file lies."""

    @property
    def start_us(self) -> int:
        """Its begin."""

    @property
    def end_us(self) -> int:
        """Its end."""

    @property
    def title(self) -> str:
        """What was asked for."""


def cut(items: Sequence[Item], *, copy: bool, vertical: bool) -> str:
    """``vidcut cut FILE START END`` for each, one after the other."""
    options = [*(["--copy"] if copy else []), *(["--vertical"] if vertical else [])]
    told = [
        ["vidcut", "cut", one.path, _time(one.start_us), _time(one.end_us), "-o", "clips/"]
        for one in items
        if one.path is not None
    ]
    return " && ".join(_quoted([*words, *options]) for words in told)


def reel(items: Sequence[Item], *, vertical: bool, fade: bool) -> str:
    """The moments as JSON lines to ``vidcut reel -``."""
    words = ["vidcut", "reel", "-", "--order", "given", "-o", f"clips/reel_{_name(items)}.mp4"]
    words += ["--size", _TALL, "--fit", "crop"] if vertical else []
    words += ["--transition", "fade", "--fade", _FADE] if fade else []
    return f"{_lines(items)} | {_quoted(words)}"


def export(items: Sequence[Item], format_name: str) -> str:
    """The moments as JSON lines to ``vidcut export``."""
    from vidcut import plugins  # noqa: PLC0415  (loads the exporter)

    suffix = plugins.load("exporters", format_name).SUFFIXES[0]
    words = ["vidcut", "export", f"{_name(items)}{suffix}", "-", "--format", format_name]
    return f"{_lines(items)} | {_quoted(words)}"


def _lines(items: Sequence[Item]) -> str:
    lines = [
        json.dumps(
            {
                "path": one.path,
                "start": one.start_us / SECOND_US,
                "end": one.end_us / SECOND_US,
                **({"query": one.title} if one.title else {}),
            },
        )
        for one in items
        if one.path is not None
    ]
    return _quoted(["printf", r"%s\n", *lines])


def _name(items: Sequence[Item]) -> str:
    return slug(next((one.title for one in items if one.title), "reel"))


def _time(time_us: int) -> str:
    return f"{time_us / SECOND_US:.6f}".rstrip("0").rstrip(".")


def _quoted(words: Sequence[str]) -> str:
    """For a POSIX shell: what is no UTF-8 is spelt as its bytes."""
    return " ".join(map(_word, words))


def _word(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    # printf knows octal numbers in every POSIX shell; $'...' is not in all.
    octal = "".join(f"\\{byte:03o}" for byte in os.fsencode(word))
    return f"\"$(printf '{octal}')\""
