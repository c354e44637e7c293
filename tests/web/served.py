"""A served library: real films, what is said in them made up, so that no model is needed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from vidcut import library, terms, wiring
from vidcut.footage import content_hash
from vidcut.records import Draft, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_media"
VOICE = "it's a\n$(note) `é`.m4a"
"""A name as names may be."""
SAID = {
    "pets.mp4": ("a cat sleeps on the sofa", "the dog is eating"),
    "space.mkv": ("launch pad forty", "the rocket burns"),
    "cafe.webm": ("a cup of coffee", "晚上吃火锅"),
    VOICE: ("buy coffee and milk",),
}
SECOND_US = 1_000_000


def make_library(folder: Path, said: Mapping[str, tuple[str, ...]] = SAID) -> Path:
    """A library of the films of a folder; each sentence lasts two seconds, with one between."""
    reader, store = wiring.reader("pyav"), wiring.store(wiring_settings())
    with library.open_to_write(folder / ".vidcut", store, create=True) as holdings:
        for name, sentences in said.items():
            add_video(holdings, folder / name, sentences, reader)
    reader.close()
    return folder


def add_video(holdings: Any, path: Path, sentences: tuple[str, ...], reader: Any) -> int:
    catalog, facts = holdings.catalog, path.stat()
    with catalog.writing():
        stamp = (facts.st_size, facts.st_mtime_ns)
        number = int(catalog.add_video(holdings.relative(path), stamp, content_hash(path)))
        catalog.describe(number, reader.probe(path))
        catalog.set_state(number, "ok")
        catalog.add_cuts(number, [4 * SECOND_US])
        for place, text in enumerate(sentences):
            span = Span(3 * place * SECOND_US, (3 * place + 2) * SECOND_US)
            catalog.add_chunk(number, "asr", Draft(span, text), terms.found_by(text))
        catalog.keep_modality_space("asr", wiring.encoder("e5", wiring_settings()).space)
    return number


def wiring_settings() -> Any:
    from vidcut import settings  # noqa: PLC0415

    return settings.read({})


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A server that is running, and whoever has opened it."""

    folder: Path
    process: subprocess.Popen[str]
    address: str
    cookie: str = ""
    said: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(urlsplit(self.address).port or 0)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, **headers: str | None
    ) -> Answer:
        """One request; headers by name with underscores, None to leave one out."""
        sent = {"cookie": self.cookie, **{k.replace("_", "-"): v for k, v in headers.items()}}
        if method not in {"GET", "HEAD"}:
            sent = {"origin": self.base, "content-type": "application/json", **sent}
        connection = self.connect()
        connection.putrequest(method, path, skip_host="host" in sent)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        if body is not None:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        got = connection.getresponse()
        answer = Answer(got.status, got.headers, got.read())
        connection.close()
        return answer

    def get(self, path: str, **headers: str | None) -> Answer:
        return self.ask("GET", path, body=None, **headers)

    def post(self, path: str, facts: object, **headers: str | None) -> Answer:
        return self.ask("POST", path, body=json.dumps(facts).encode(), **headers)

    def ids(self) -> dict[str, int]:
        return {one["name"]: one["id"] for one in self.get("/api/videos").json["videos"]}

    def ended(self, job: Mapping[str, Any], patience_s: float = 60) -> Any:
        """The job, once it is over."""
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s:
            now = self.get(f"/api/jobs/{job['id']}").json["job"]
            if now["state"] not in {"waiting", "running"}:
                return now
            time.sleep(0.05)
        pytest.fail(f"the job did not end: {now}")

    def started(self, job: Mapping[str, Any]) -> Any:
        """The job, once it is at work."""
        for _ in range(400):
            now = self.get(f"/api/jobs/{job['id']}").json["job"]
            if now["state"] != "waiting" and now["total"]:
                return now
            time.sleep(0.05)
        pytest.fail(f"the job did not start: {now}")

    def fail_if_ended(self) -> None:
        """Say how the server ended, where what follows would only show that it is gone."""
        if self.process.poll() is not None:
            complaints = self.process.stderr.read() if self.process.stderr else ""
            pytest.fail(f"the server ended with {self.process.returncode}: {complaints}")

    def stop(self, number: int = signal.SIGTERM) -> float:
        """How long it takes to end, in seconds."""
        begun_s = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - begun_s


def children(pid: int) -> set[int]:
    """All processes below one."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            below = {int(one) for one in task.read_text().split()}
        except OSError:
            continue
        found |= below.union(*map(children, below))
    return found


@contextmanager
def serving(folder: Path, *options: str, by: tuple[str, ...] = ()) -> Iterator[Served]:
    """A server of the folder's library, opened by its token; started by another program."""
    process = subprocess.Popen(
        [
            *by,
            sys.executable,
            "-m",
            "vidcut",
            "serve",
            "--port",
            "0",
            "--library",
            str(folder),
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        served = Served(folder, process, process.stdout.readline().strip())
        assert served.address, process.stderr.read()
        door = served.get(served.address.removeprefix(served.base))
        assert door.status == 303, door.body
        cookie = SimpleCookie(door.headers["set-cookie"])
        served.cookie = "; ".join(f"{name}={one.value}" for name, one in cookie.items())
        yield served
    finally:
        if process.poll() is None:
            process.terminate()
        _, complaints = process.communicate(timeout=20)
        assert "Traceback" not in complaints, complaints
