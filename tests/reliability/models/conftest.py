"""A hub of the tests' own, and vidcut as a process on a network that fails."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from huggingface_hub import constants

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
COMMIT = "c0ffee" + "0" * 34


@dataclass
class Hub:
    """Answers as the hub does, as far as vidcut asks; and fails on request."""

    files: dict[str, bytes] = field(default_factory=dict)
    """``ORG/REPO/FILE`` → what it holds."""
    lies: dict[str, bytes] = field(default_factory=dict)
    """What is sent instead, under the hash of what was declared."""
    status: int = 200
    stalls: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    commit: str = COMMIT
    asked: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append((request.command, request.path))
        if self.stalls.is_set():
            self.released.wait(60)
            return
        repo, _, rest = request.path.lstrip("/").partition("/resolve/")
        name = f"{repo}/{rest.partition('/')[2]}"
        held = self.files.get(name)
        if self.status != 200 or held is None:
            request.send_response(404 if held is None else self.status)
            request.send_header("X-Error-Code", "EntryNotFound")
            request.send_header("X-Repo-Commit", self.commit)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        sent = self.lies.get(name, held)
        request.send_response(200)
        request.send_header("X-Repo-Commit", self.commit)
        request.send_header("ETag", f'"{hashlib.sha256(held).hexdigest()}"')
        request.send_header("Content-Length", str(len(held)))
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(sent)
            request.close_connection = True


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """In force in this process, with an empty cache, and `Hub.address` for others."""
    found = Hub()

    class Answers(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            found.answer(self)

        do_GET = do_HEAD  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.address = f"http://127.0.0.1:{server.server_port}"
    template = found.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", found.address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))  # of processes that are started
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield found
    found.released.set()
    server.shutdown()
    server.server_close()


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run vidcut, as ``vidcut`` or under something; a traceback is never an answer."""
    words = [sys.executable if word == "python" else str(word) for word in command]
    if words[0] == "vidcut":
        words = [sys.executable, "-m", *words]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        timeout=240,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(name="run", scope="session")
def _run() -> Any:
    return run
