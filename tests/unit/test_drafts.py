from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from vidcut.drafts import draft, hidden_name, is_one_of, workshop
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


# Links ------------------------------------------------------------------------------------


def test_a_link_in_an_outputs_place_is_never_followed(tmp_path: Path) -> None:
    precious, output = tmp_path / "precious", tmp_path / "a.txt"
    precious.write_text("precious")
    output.symlink_to(precious)
    with pytest.raises(OutputError, match="exists already"), draft(output, overwrite=False):
        pass
    with draft(output, overwrite=True) as part:
        part.write_text("new")
    assert not output.is_symlink()
    assert (output.read_text(), precious.read_text()) == ("new", "precious")


def test_a_link_to_nothing_is_there_all_the_same(tmp_path: Path) -> None:
    output, elsewhere = tmp_path / "a.txt", tmp_path / "elsewhere"
    output.symlink_to(elsewhere)
    with pytest.raises(OutputError, match="exists already"), draft(output, overwrite=False):
        pytest.fail("work was begun that could not be kept")
    with draft(output, overwrite=True) as part:
        part.write_text("new")
    assert output.read_text() == "new"
    assert not elsewhere.exists()


def test_a_link_to_a_folder_is_no_place_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    output = tmp_path / "a.txt"
    output.symlink_to(tmp_path / "folder")
    with pytest.raises(OutputError, match="it is no file"), draft(output, overwrite=True):
        pass
    assert output.is_symlink()


def test_what_comes_into_being_meanwhile_is_kept(tmp_path: Path) -> None:
    output = tmp_path / "a.txt"

    def race() -> None:
        with draft(output, overwrite=False) as part:
            part.write_text("mine")
            output.write_text("theirs")

    with pytest.raises(OutputError, match="exists"):
        race()
    assert output.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [output]


def test_a_source_is_known_by_every_name_and_link(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"")
    (tmp_path / "hard").hardlink_to(source)
    (tmp_path / "soft").symlink_to(source)
    (tmp_path / "other").write_bytes(b"")
    (tmp_path / "folder").symlink_to(tmp_path)
    sources = [tmp_path / "gone", source]
    for name in ("source", "hard", "soft", "folder/source"):
        assert is_one_of(tmp_path / name, sources), name
    for name in ("other", "none", "bad\0name"):
        assert not is_one_of(tmp_path / name, sources), name


# What was left behind ---------------------------------------------------------------------

_AT_WORK = """
import pathlib, sys
from vidcut.drafts import draft, workshop
output = pathlib.Path(sys.argv[1])
with draft(output, overwrite=False) as part, workshop(output) as folder:
    part.write_text("half")
    (folder / "piece").write_text("half")
    print("ready", flush=True)
    sys.stdin.read()
"""


def _at_work(output: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _AT_WORK, str(output)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_what_a_killed_run_left_is_gone_after_the_next(tmp_path: Path) -> None:
    with _at_work(tmp_path / "a.txt") as process:
        assert len(list(tmp_path.iterdir())) == 2
        process.send_signal(signal.SIGKILL)
    assert len(list(tmp_path.iterdir())) == 2
    with draft(tmp_path / "b.txt", overwrite=False) as part:
        part.write_text("whole")
    assert [file.name for file in tmp_path.iterdir()] == ["b.txt"]


def test_what_another_run_is_at_is_left_to_it(tmp_path: Path) -> None:
    with _at_work(tmp_path / "a.txt") as process:
        with draft(tmp_path / "b.txt", overwrite=False) as part:
            part.write_text("whole")
        process.communicate("")
        assert process.returncode == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "b.txt"]
    assert (tmp_path / "a.txt").read_text() == "half"


def test_what_is_held_stays_though_its_process_looks_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _at_work(tmp_path / "a.txt") as process:
        monkeypatch.setattr("vidcut.drafts._is_alive", lambda _: False)
        with draft(tmp_path / "b.txt", overwrite=False) as part:
            part.write_text("whole")
        assert len(list(tmp_path.iterdir())) == 3
        process.communicate("")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "b.txt"]


def test_only_what_is_ours_and_dead_is_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _, machine, _, _ = hidden_name().split("-")
    left = f".vidcut-{machine}-{gone.pid}-01234567.part.mp4"
    kept = {
        f".vidcut-{machine}-{gone.pid}-01234567.part.old",  # a draft that was to be replaced
        f".vidcut-{machine}-{os.getpid()}-01234567.part.mp4",
        f".vidcut-00000000-{gone.pid}-01234567.part.mp4",  # another machine's
        f".vidcut-{machine}-{gone.pid}.part",
        f".vidcut-{machine}-x-01234567.part",
        f".vidcut-{machine}-{'9' * 30}-01234567.part",
        "vidcut.part",
        "a.part",
    }
    for name in (left, *kept):
        (tmp_path / name).write_bytes(b"")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "film").write_bytes(b"")
    (tmp_path / f".vidcut-{machine}-{gone.pid}-89abcdef.part").symlink_to(precious)
    with draft(tmp_path / "b.txt", overwrite=False) as part:
        part.write_text("whole")
    assert not (tmp_path / left).exists()
    assert kept <= {file.name for file in tmp_path.iterdir()}
    assert (precious / "film").exists()


def test_a_pipe_that_is_called_like_a_part_holds_nothing_up(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _, machine, _, _ = hidden_name().split("-")
    os.mkfifo(tmp_path / f".vidcut-{machine}-{gone.pid}-01234567.part")
    begun_s = time.monotonic()
    with workshop(tmp_path / "b.txt"), draft(tmp_path / "b.txt", overwrite=False) as part:
        part.write_text("whole")
    assert time.monotonic() - begun_s < 5
