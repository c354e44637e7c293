"""One writer at a time, and what the others are told of it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vidcut.errors import LibraryBusyError, LibraryError, OutputError
from vidcut.writer import LOCK, only_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Clock

HOLDER = """
import sys
from pathlib import Path
from vidcut.writer import only_writer
sys.argv[0] = "/usr/bin/vidcut"
with only_writer(Path(sys.argv.pop())):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, "index", str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def refusal(folder: Path) -> str:
    with pytest.raises(LibraryBusyError) as refused, only_writer(folder):
        pass
    return str(refused.value)


def test_the_second_is_told_who_is_the_first(
    tmp_path: Path, holder: subprocess.Popen[str], waited: Clock
) -> None:
    said = refusal(tmp_path)
    assert 0.5 <= waited.now_s < 1  # the promise is 2 s, with the start of the program
    assert said.startswith(
        f"process {holder.pid} (vidcut index, on {os.uname().nodename}, since 20"
    )
    assert said.endswith("; wait for it or stop it")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"4711",
        b"4711\n\xff\xfe\nhere\nnow",
        "\x1b[2J\u202e\nrm\r -r\nhere\x9b\nnow".encode(),
        b"x\n" * 3 + b"y" * 3000,
        b"\n" * 4000,
        "4711\n\u2028\u200b\n\t\n\ud800".encode(errors="surrogatepass"),
    ],
)
def test_what_the_file_says_is_harmless(
    tmp_path: Path, holder: subprocess.Popen[str], content: bytes
) -> None:
    assert holder.poll() is None
    (tmp_path / LOCK).write_bytes(content)
    said = refusal(tmp_path)
    assert said.isprintable()
    assert len(said) < 600


def test_a_killed_one_leaves_no_lock(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert b"vidcut index" in (tmp_path / LOCK).read_bytes()
    with only_writer(tmp_path):
        assert (tmp_path / LOCK).read_text().split()[0] == str(os.getpid())
    assert (tmp_path / LOCK).read_bytes() == b""


def test_the_lock_is_no_link(tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.write_text("keep me")
    (tmp_path / LOCK).symlink_to(other)
    with pytest.raises(LibraryError, match="symbolic link"), only_writer(tmp_path):
        pass
    (tmp_path / LOCK).unlink()
    (tmp_path / LOCK).hardlink_to(other)
    with pytest.raises(LibraryError, match="something else"), only_writer(tmp_path):
        pass
    assert other.read_text() == "keep me"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_the_lock_is_no_pipe_and_no_folder(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / LOCK)
    with pytest.raises(LibraryError, match="something else"), only_writer(tmp_path):
        pass


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written to"), only_writer(tmp_path / "no"):
        pass
