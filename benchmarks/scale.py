"""What a library's size costs: opening, searching, memory, disk, and adding to it.

    python benchmarks/scale.py [--chunks N [N ...]] [--added N] [--runs N] [--keep DIR]

Libraries are made of those of `startup.py`, and grown by a shortcut: the vectors of a film are
real ones' mixtures with noise, its texts and their terms come from a pool of some thousands, and
its rows go into the catalog many at a time, past `Holdings.keep`; snapshots are written by the
house. Of each size it prints: how long making took, the disk's share of catalog and snapshots,
the median and 95th percentile of a new process that answers (cold) and of an open library
(warm), that of the vectors alone beside a flat scan of the same rows (with the share of the ten
nearest that are found), peak memory of both, and what an addition of N chunks costs.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import startup

from vidcut import Library, Settings, plugins, terms
from vidcut.encoders._rows import unit
from vidcut.library import open_, open_to_write
from vidcut.protocols import EncoderOptions
from vidcut.records import Media, PictureTrack
from vidcut.wiring import store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vidcut.library import Holdings

POOL = 4_000
"""Texts and vectors of each kind that films are made of."""
FILM = 2_000
"""Chunks of a film: an hour of a frame each three seconds, and what is said and written."""
SHARES = {"frame": 0.6, "asr": 0.3, "ocr": 0.1}
NOISE = 0.3
AT_ONCE = 50
"""Films in a transaction."""
MIB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--added", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="make the libraries here, and leave them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["XDG_STATE_HOME"] = scratch  # where a search is remembered
        _use_bytecode(Path(scratch))
        maker = _Maker()
        for chunks in options.chunks:
            folder = (options.keep or Path(scratch)) / f"{chunks}" / ".vidcut"
            _measure(folder, chunks, maker, options)


def _measure(folder: Path, chunks: int, maker: _Maker, options: argparse.Namespace) -> None:
    if not folder.exists():
        begun = _Clock()
        grow(folder, chunks, maker)
        print(f"{chunks} chunks made: {begun}", flush=True)
    sizes = {name: _disk(folder / name) for name in ("catalog.sqlite", "vectors", "texts")}
    print(f"{chunks} chunks, disk:", ", ".join(f"{k} {v / MIB:.0f} MiB" for k, v in sizes.items()))
    search = [sys.executable, "-m", "vidcut", "search", "red car 火锅", "-n", "--json"]
    search += ["--min-score", "0", "--library", str(folder)]
    print(f"{chunks} chunks, cold: {_Cold(search, options.runs)}", flush=True)
    for line in _child("_warm_all", folder):
        print(f"{chunks} chunks, {line}", flush=True)
    for line in _child("_vectors_alone", folder):
        print(f"{chunks} chunks, {line}", flush=True)
    begun = _Clock()
    grow(folder, options.added, maker)
    print(f"{chunks} chunks, {options.added} added: {begun}", flush=True)


def _use_bytecode(scratch: Path) -> None:
    """As an installed program does, whatever the caller's shell says."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(scratch / "bytecode")


# Measuring ----------------------------------------------------------------------------


class _Clock:
    """Wall and processor's time since it was made."""

    def __init__(self) -> None:
        self._wall, self._busy = time.perf_counter(), time.process_time()

    def __str__(self) -> str:
        wall, busy = time.perf_counter() - self._wall, time.process_time() - self._busy
        return f"{wall:.2f} s ({busy:.2f} s of CPU)"


class _Cold:
    """A command as a new process, some times after a first that does not count."""

    def __init__(self, command: Sequence[str], runs: int) -> None:
        self._measured = [self._one(command) for _ in range(runs + 1)][1:]

    def __str__(self) -> str:
        walls, busy, peaks = zip(*self._measured, strict=True)
        wall = f"p50 {statistics.median(walls):.3f} s, p95 {_late(walls):.3f} s"
        return f"{wall} (CPU {statistics.median(busy):.3f} s), peak {max(peaks):.0f} MiB"

    @staticmethod
    def _one(command: Sequence[str]) -> tuple[float, float, float]:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, command
        wall = time.perf_counter() - begun
        return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _child(name: str, folder: Path) -> Iterator[str]:
    """What a function here prints in a process of its own, so that memory is its alone."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import scale"
    code += f"; from pathlib import Path; scale.{name}(Path({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    yield from done.stdout.splitlines()


def _warm_all(folder: Path) -> None:
    """Whole answers of a library that stays open."""
    begun = _Clock()
    opened = Library(folder)
    opened.search("cat")
    print(f"opened and first answer: {begun}")
    opened.close()
    busy = time.process_time()
    times = sorted(startup._warm(folder))  # noqa: SLF001  (its own queries)
    busy = (time.process_time() - busy) / len(times)
    print(
        f"warm: p50 {statistics.median(times):.1f} ms, p95 {_late(times):.1f} ms,"
        f" CPU {busy * 1e3:.1f} ms; {_memory()}"
    )


def _vectors_alone(folder: Path) -> None:
    """The vectors' part of an answer, beside a scan of all of them."""
    holdings = open_(folder, store(Settings()))
    for modality in SHARES:
        space = holdings.catalog.modality_space(modality)
        assert space is not None
        name = "labels" if modality == "frame" else "e5"
        encoder = plugins.load("encoders", name).create(EncoderOptions())
        queries = [encoder.query(text) for text in startup.QUERIES]
        for query in queries:  # what was not looked into yet is checked now
            holdings.nearest(modality, space, query, 200, None)
        times, found = [], []
        for query in queries:
            begun = time.process_time()
            found.append([one for one, _ in holdings.nearest(modality, space, query, 200, None)])
            times.append((time.process_time() - begun) * 1e3)
        flat, truth = _flat(folder / "vectors", modality, queries)
        recall = {
            count: statistics.fmean(
                len(set(mine[:count]) & set(right[:count])) / max(1, len(right[:count]))
                for mine, right in zip(found, truth, strict=True)
            )
            for count in (10, 200)
        }
        print(
            f"{modality} vectors: p50 {statistics.median(times):.2f} ms, p95 {_late(times):.2f} ms"
            f" of CPU, flat {statistics.median(flat):.2f} ms;"
            f" recall@10 {recall[10]:.4f}, @200 {recall[200]:.4f}"
        )
    holdings.close()


def _flat(
    folder: Path, modality: str, queries: Sequence[NDArray[np.float32]]
) -> tuple[list[float], list[list[int]]]:
    """Milliseconds of CPU and the 200 nearest of each query, by scanning file after file."""
    plugin: Any = plugins.load("stores", "faiss")
    found: list[list[tuple[float, int]]] = [[] for _ in queries]
    times = [0.0 for _ in queries]
    for path in sorted(folder.glob(f"{modality}.*.faiss")):
        ids, vectors = plugin.read(path, queries[0].shape[0], path.name)
        flat = plugin.FaissStore(ids, vectors)
        for place, query in enumerate(queries):
            begun = time.process_time()
            near, cosines = flat.search(query, 200)
            times[place] += (time.process_time() - begun) * 1e3
            found[place] += zip((-cosines).tolist(), near.tolist(), strict=True)
    return times, [[one for _, one in sorted(each)[:200]] for each in found]


def _memory() -> str:
    gc.collect()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    now = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in rollup}
    return (
        f"RSS {now['Rss']:.0f} MiB (peak {peak:.0f}), PSS {now['Pss']:.0f} MiB,"
        f" of it its own {now['Anonymous']:.0f} MiB"
    )


def _late(times: Sequence[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]


def _disk(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


# Making -------------------------------------------------------------------------------


def grow(folder: Path, chunks: int, maker: _Maker) -> None:
    """Add about so many chunks to a library, which is made where it is not there."""
    kind = store(Settings())
    films = [min(FILM, chunks - start) for start in range(0, chunks, FILM)]
    with open_to_write(folder, kind, create=True) as holdings:
        holdings.catalog.keep_setting("visual_model", "labels")
        for start in range(0, len(films), AT_ONCE):
            with holdings.catalog.writing():
                for count in films[start : start + AT_ONCE]:
                    maker.film(holdings, count)
        holdings.refresh_snapshots(tuple(SHARES))


class _Maker:
    """Films from a pool of texts and vectors."""

    def __init__(self) -> None:
        text: Any = plugins.load("encoders", "e5").create(EncoderOptions(threads=2))
        labels: Any = plugins.load("encoders", "labels").create(EncoderOptions())
        maker = startup._Maker(text)  # noqa: SLF001  (its own films)
        frames = [(one.text, one.vector) for one in maker.frames(POOL)]
        said = [(one.text, one.vector) for one in maker.sentences(startup.PLAIN, POOL)]
        written = [(one.text, one.vector) for one in maker.sentences(startup.SIGNS, POOL // 4)]
        self._pool = {
            name: ([text for text, _ in each], np.array([vector for _, vector in each]))
            for name, each in (("frame", frames), ("asr", said), ("ocr", written))
        }
        self._terms = {
            name: [terms.found_by(text) for text in texts]
            for name, (texts, _) in self._pool.items()
        }
        self._spaces = {"frame": labels.space, "asr": text.space, "ocr": text.space}
        self._chance = np.random.default_rng(1)

    def film(self, holdings: Holdings, count: int) -> None:
        """A film of so many chunks."""
        number = holdings.catalog.last_chunk_id() + 1
        content = b"%d" % number
        video = holdings.catalog.add_video(f"{number:010d}.mp4", (1, 1), content)
        duration_us = startup.FRAME_US * count
        picture = PictureTrack("h264", 1920, 1080, None)
        holdings.catalog.describe(video, Media("mp4", duration_us, picture, None))
        holdings.catalog.set_state(video, "ok")
        for name, share in SHARES.items():
            many = max(1, round(share * count))
            self._chunks(holdings, video, name, range(number, number + many), duration_us)
            number += many

    def _chunks(
        self, holdings: Holdings, video: int, modality: str, ids: range, duration_us: int
    ) -> None:
        catalog, space = holdings.catalog, self._spaces[modality]
        if catalog.modality_space(modality) != space:
            catalog.keep_modality_space(modality, space)
        space_id = catalog.space_id(space)
        texts, vectors = self._pool[modality]
        # What a shot shows, and what is talked of, stays for a while.
        scenes = self._chance.integers(0, len(texts), len(ids) // startup.SHOT + 1)
        chosen = np.repeat(scenes, startup.SHOT)[: len(ids)]
        noise = self._chance.standard_normal((len(ids), vectors.shape[1])).astype(np.float32)
        rows = unit(vectors[chosen] + NOISE * unit(noise)).astype("<f2")
        step_us = duration_us // len(ids)
        spans = ((at * step_us, (at + 1) * step_us) for at in itertools.count())
        database = catalog._db  # noqa: SLF001  (the shortcut: many rows at a time)
        database.executemany(
            "INSERT INTO chunks (id, video_id, modality, start_us, end_us, text)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                (number, video, modality, start, end, texts[one])
                for number, one, (start, end) in zip(ids, chosen.tolist(), spans, strict=False)
            ),
        )
        found_by = self._terms[modality]
        database.executemany(
            "INSERT INTO texts (rowid, terms) VALUES (?, ?)",
            ((number, found_by[one]) for number, one in zip(ids, chosen.tolist(), strict=True)),
        )
        blobs = (row.tobytes() for row in rows)
        database.executemany(
            "INSERT INTO vectors VALUES (?, ?, ?, ?)",
            (
                (number, space_id, blob, zlib.crc32(blob))
                for number, blob in zip(ids, blobs, strict=True)
            ),
        )


if __name__ == "__main__":
    main()
