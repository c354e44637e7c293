from __future__ import annotations

import os
import stat
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from vidcut.drafts import draft
from vidcut.errors import OutputError
from vidcut.exporting import export
from vidcut.records import SECOND_US, Edit, Gap

if TYPE_CHECKING:
    from pathlib import Path


def test_a_draft_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    output = tmp_path / "deep" / "a.txt"
    with draft(output, overwrite=False) as part:
        part.write_text("a")
        assert not output.exists()
    assert output.read_text() == "a"
    assert [file.name for file in output.parent.iterdir()] == ["a.txt"]


def test_what_fails_leaves_nothing_and_the_old_one_stays(tmp_path: Path) -> None:
    output = tmp_path / "a.txt"
    output.write_text("old")

    def fail() -> None:
        with draft(output, overwrite=True) as part:
            part.write_text("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert output.read_text() == "old"
    assert list(tmp_path.iterdir()) == [output]


def test_a_device_or_a_pipe_is_never_taken_away(tmp_path: Path) -> None:
    pipe = tmp_path / "a.csv"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="it is no file"), draft(pipe, overwrite=True):
        pass
    edit = Edit("a", (Gap(SECOND_US),), Fraction(25), 16, 16)
    with pytest.raises(OutputError, match="it is no file"):
        export(edit, pipe, overwrite=True)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
