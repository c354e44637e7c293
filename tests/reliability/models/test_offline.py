"""Offline is offline: no library of all that vidcut uses asks for a name or opens a connection.

Native libraries are watched by strace, for they open sockets that no Python hook sees.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLES = Path(__file__).resolve().parents[3] / "sample_media"
TALK = re.compile(r"(connect|send\w*)\(\d+, .*(AF_INET|\\3com)|sin6?_port=htons\((?!0\))")
"""Binding ::1 at port 0 is how urllib3 sees whether there is IPv6: nothing leaves."""

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("offline")
    for name in ("pets.mp4", "voice-note.m4a"):
        shutil.copy(SAMPLES / name, made)
    return made


@pytest.fixture(scope="module")
def watched(folder: Path, run: Any) -> Callable[..., tuple[Any, list[str]]]:
    """Run under strace: how it ended, and what it said to a network."""

    def watch(*command: str | Path, **environment: str) -> tuple[Any, list[str]]:
        log = folder / "strace.log"
        calls = "trace=connect,bind,sendto,sendmsg,sendmmsg"
        words = ("strace", "-f", "-qq", "--seccomp-bpf", "-s", "64", "-e", calls, "-o", log)
        done = run(*words, *command, cwd=folder, **environment)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return done, [line for line in lines if TALK.search(line)]

    return watch


def test_talking_is_seen(watched: Any) -> None:
    """That is, the rest of this file can fail; the address is this machine's."""
    code = "import socket; socket.socket(2, 2).sendto(b'?', ('127.0.0.1', 53))"
    done, talk = watched("python", "-c", code)
    assert done.returncode == 0
    assert talk


@pytest.fixture(scope="module")
def indexed(watched: Any) -> list[str]:
    """What an index run, of a film and a recording, said to a network."""
    done, talk = watched("python", "-m", "vidcut", "index", ".", "--offline")
    assert done.returncode == 0, done.stderr
    return list(talk)


def test_indexing_says_nothing_to_a_network(indexed: list[str]) -> None:
    assert indexed == []


@pytest.mark.usefixtures("indexed")
@pytest.mark.parametrize(
    "command",
    [
        ("search", "a cat", "--offline", "-o", "clips"),
        pytest.param(("models", "--verify"), marks=pytest.mark.slow),
        pytest.param(("doctor",), marks=pytest.mark.slow),
        ("cut", "pets.mp4", "0", "1", "-o", "one.mp4"),
    ],
    ids=["search", "models", "doctor", "cut"],
)
def test_commands_say_nothing_to_a_network(watched: Any, command: tuple[str, ...]) -> None:
    done, talk = watched("python", "-m", "vidcut", *command)
    assert (done.returncode, talk) == (0, []), done.stderr


@pytest.mark.usefixtures("indexed")
def test_what_is_found_is_found_without_any_network(run: Any, folder: Path) -> None:
    if run("unshare", "-rn", "true", cwd=folder).returncode:
        pytest.skip("network namespaces are not permitted here")
    words = ("search", "a cat", "--dry-run", "--json")
    alone = run("unshare", "-rn", "python", "-m", "vidcut", *words, cwd=folder)
    assert alone.returncode == 0, alone.stderr
    assert alone.stdout == run("vidcut", *words, cwd=folder).stdout
    assert json.loads(alone.stdout.splitlines()[0])["video"] == "pets.mp4"


@pytest.fixture
def deaf() -> Iterator[str]:
    """A port that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_without_an_answer_the_offline_model_reads_the_pictures(
    run: Any, deaf: str, tmp_path: Path
) -> None:
    (tmp_path / "films").mkdir()
    words = ("index", "films", "--library", tmp_path / "library")
    hub = {"HF_ENDPOINT": deaf, "HF_HOME": str(tmp_path / "hub")}
    done = run("vidcut", *words, cwd=tmp_path, **hub)
    assert done.returncode == 1, done.stderr  # there is no film
    assert "the offline model (labels) reads the pictures" in done.stderr
    assert "timed out" in done.stderr
    done = run("vidcut", *words, "--visual-model", "hf-hub:org/net", cwd=tmp_path, **hub)
    assert done.returncode == 5
    assert "timed out" in done.stderr
