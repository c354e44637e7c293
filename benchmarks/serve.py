"""How fast 'vidcut serve' answers as one types, and whether its memory stays.

    python benchmarks/serve.py [--chunks 100000] [--searches 1000] [--keep FOLDER]

A library of made-up films, as in startup.py, is served by a process of its own. Queries are
asked over HTTP, 60 moments each, one after the other: those of startup.py, typed character by
character in scripts without spaces and word by word in others, and then with words of others,
so that none has been asked before.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from startup import QUERIES, build

if TYPE_CHECKING:
    from collections.abc import Iterator

_WARM = 20


def queries(count: int) -> Iterator[str]:
    """As they are typed; no two are alike."""
    chance = random.Random(2)  # noqa: S311  (no secret)
    seen: set[str] = set()
    asked = list(QUERIES)
    while True:
        chance.shuffle(asked)
        for typed in (part for query in asked for part in _typed(query)):
            if typed not in seen:
                seen.add(typed)
                yield typed
            if len(seen) == count:
                return
        asked = [f"{chance.choice(QUERIES)} {chance.choice(QUERIES)}" for _ in QUERIES]


def _typed(query: str) -> Iterator[str]:
    parts = query.split() if query.isascii() else list(query)
    glue = " " if query.isascii() else ""
    for length in range(1, len(parts) + 1):
        yield glue.join(parts[:length])


class Server:
    """A server of its own process."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "vidcut", "serve", "--port", "0", "-q", "--offline"]
        begun_s = time.perf_counter()
        self.process = subprocess.Popen(
            [*command, "--library", str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        address = urlsplit(self.address)
        self.started_s = time.perf_counter() - begun_s
        self.connection = http.client.HTTPConnection("127.0.0.1", address.port or 0)
        self.connection.request("GET", f"/?{address.query}")
        door = self.connection.getresponse()
        door.read()
        self.cookie = str(door.headers["set-cookie"]).partition(";")[0]

    def get(self, path: str) -> tuple[bytes, float]:
        begun_s = time.perf_counter()
        self.connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return body, (time.perf_counter() - begun_s) * 1000

    def search(self, query: str) -> tuple[dict[str, Any], float]:
        body, took_ms = self.get(f"/api/search?k=60&q={quote(query)}")
        return json.loads(body), took_ms

    def memory_mib(self) -> tuple[float, float]:
        """Resident, and of that its own, which no file backs."""
        facts = Path(f"/proc/{self.process.pid}/status").read_text("ascii").split("\n")
        found = {line.split(":")[0]: line.split()[1] for line in facts if "kB" in line}
        return int(found["VmRSS"]) / 1024, int(found["RssAnon"]) / 1024

    def cpu_s(self) -> float:
        fields = (
            Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(folder: Path, searches: int) -> None:
    server = Server(folder)
    try:
        print(f"address printed after {server.started_s:.2f} s")
        _, first_ms = server.search("first")
        asked = list(queries(searches + _WARM))
        for query in asked[:_WARM]:
            server.search(query)
        cpu_s, waited, own, found = server.cpu_s(), [], [], []
        print(f"first search {first_ms:.0f} ms; then of {searches}, k = 60, over HTTP:")
        for number, query in enumerate(asked[_WARM:]):
            if number % max(1, searches // 4) == 0:
                report_memory(server, number)
            answer, took_ms = server.search(query)
            waited.append(took_ms)
            own.append(answer["took_ms"])
            found.append(len(answer["moments"]))
        report_memory(server, searches)
        cpu_ms = (server.cpu_s() - cpu_s) * 1000 / searches
        tenths = statistics.quantiles(waited, n=20)
        print(f"answered in {statistics.median(waited):.1f} ms (median), {tenths[-1]:.1f} (95 %)")
        print(
            f"  of that in the server {statistics.median(own):.1f} ms; {cpu_ms:.1f} ms of CPU each"
        )
        print(f"  {statistics.mean(found):.1f} moments each")
        for path in ("/api/about", "/api/videos", "/api/videos/1"):
            times_ms = [server.get(path)[1] for _ in range(20)]
            print(f"{path} in {statistics.median(times_ms):.1f} ms (median of 20)")
    finally:
        server.process.terminate()
        server.process.wait()


def report_memory(server: Server, number: int) -> None:
    resident, own = server.memory_mib()
    print(f"  after {number:5} searches {resident:7.1f} MiB resident, {own:7.1f} its own")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=1000)
    parser.add_argument("--keep", type=Path, help="where the library is, or is to be")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = told.keep or Path(temporary)
        if not (folder / ".vidcut").exists():
            build(folder / ".vidcut", told.chunks, "auto")
        measure(folder, told.searches)


if __name__ == "__main__":
    main()
