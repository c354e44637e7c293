"""What a command's exit code says; the README lists them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes."""

    DONE = 0
    NOTHING = 1
    USAGE = 2
    SOME_FAILED = 3
    LIBRARY = 4
    MISSING = 5
    INTERRUPTED = 130
    UNREAD = 141
    """As of a program that SIGPIPE ended: what shells expect where ``head`` has enough."""
