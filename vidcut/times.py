"""Times as people write and read them (pure)."""

from __future__ import annotations

import re

from vidcut.errors import UsageError
from vidcut.records import SECOND_US

_SIXTY = 60
_TIME = re.compile(r"(?:(?:([0-9]{1,6}):)?([0-9]{1,7}):)?([0-9]{1,9})(?:\.([0-9]{1,30}))?")


def parse_time(text: str) -> int:
    """Microseconds of ``75.5``, ``1:15.5`` or ``00:01:15.500``; exact, rounded down.

    Raises:
        UsageError: it is no time, is negative, or has 60 minutes or seconds beside a colon.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no time; write 75.5, 1:15.5 or 00:01:15.500")
    hours, minutes, seconds, fraction = match.groups()
    if (minutes and int(seconds) >= _SIXTY) or (hours and int(minutes) >= _SIXTY):
        raise UsageError(f"{text!r} has 60 or more beside a colon; write 75.5 or 1:15.5")
    whole = (int(hours or 0) * _SIXTY + int(minutes or 0)) * _SIXTY + int(seconds)
    return whole * SECOND_US + int((fraction or "")[:6].ljust(6, "0"))


def format_time(time_us: int) -> str:
    """``00:01:15.500``: hours, minutes, seconds and milliseconds, rounded down."""
    if time_us < 0:
        raise ValueError(f"a time cannot be negative: {time_us}")
    seconds, fraction_us = divmod(time_us, SECOND_US)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{fraction_us // 1000:03}"
