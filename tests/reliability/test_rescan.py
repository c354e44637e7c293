"""What has not changed costs a few looks at the file system, however much of it there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.reliability import many, strace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.strace import Stage

FILES = 2_000
A_FILE = 14
"""Is it a link, what is it like, has it subtitles, is it still there: a look each. And three
statements of SQL, of three calls each by which SQLite sees that nobody else has written."""
A_RUN = 1_500
"""Calls for the library and what a process needs; measured: some 300."""
_TOTAL = re.compile(r"^100\.00\s+\S+\s+(?:\S+\s+)?(\d+)\s.*total$", re.MULTILINE)


@strace.NEEDED
def test_an_unchanged_file_costs_some_system_calls(stage: Stage, work: Path) -> None:
    many.prepare(work, FILES)
    log = work / "log"
    ended = stage.ask("run", work, "unchanged", ["-q", "-c", "-o", str(log)])
    assert ended.code == 0, ended.answer
    assert ended.answer == {}  # no window was read
    found = _TOTAL.search(log.read_text("utf-8"))
    assert found
    assert int(found[1]) <= A_RUN + A_FILE * FILES
