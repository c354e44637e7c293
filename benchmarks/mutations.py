"""What becomes of searches when a library's files are not as vidcut wrote them.

    python benchmarks/mutations.py [--count N] [--seed N] [--only texts]

Makes a small library, once as it is at rest and once as a writer leaves it that is killed, and
changes one of its files at a time: bits, bytes, sectors, pages that are emptied, swapped or old,
cuts, garbage; and a file of texts or of vectors becomes another library's, an older one's, or
another stretch's or modality's. Each time all is asked of the library that can be asked, in
another process.
Right is the answer that the whole library gives, or an error of vidcut's own. Of a log, which
may end anywhere when the power fails, right is also the answer that the library gave after an
earlier transaction. Anything else, and any crash, is told with the number that makes it again,
and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcut import library, plugins, settings, stretches, terms, wordings
from vidcut.errors import VidcutError
from vidcut.ledger import Use
from vidcut.records import Draft, Media, Space, Span, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPACE = Space("fake", 64, "1")
MODALITIES = ("asr", "frame")
VIDEOS, EACH = 6, 25
BATCH = 250
PAGE, SECTOR = 4096, 512
CONFIG = 'min_score = 0.3\nstore = "flat"\nper_video = 2\n'
QUESTIONS = ("harbour", "boats in the morning", "吃火锅", "number 7", "nothing of the kind")
SAID = (
    "boats leave the harbour in the morning",
    "一起去吃火锅",
    "this is number {}",
    "and then {}",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="change files whose path has this in it")
    parser.add_argument("--made", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.made:
        for number in range(options.seed, options.seed + options.count):
            print(json.dumps(_tried(options.made, number, options.only)), flush=True)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        _make(made)
        return _report(_run(made, options))


# Running ------------------------------------------------------------------------------


def _run(made: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What came of each change; a process that dies is one of the things that come of it."""
    number, end = options.seed, options.seed + options.count
    while number < end:
        command = [sys.executable, __file__, "--made", str(made), "--seed", str(number)]
        command += ["--count", str(min(BATCH, end - number)), "--only", options.only]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            yield json.loads(line)
            number += 1
        if done.returncode:
            said = done.stderr.strip().splitlines()[-1:]
            yield {"number": number, "came": "crash", "what": f"{done.returncode} {said}"}
            number += 1


def _report(outcomes: Iterator[dict[str, Any]]) -> int:
    came: Counter[str] = Counter()
    where: Counter[tuple[str, str]] = Counter()
    bad = []
    for outcome in outcomes:
        came[outcome["came"]] += 1
        where[outcome.get("file", "?"), outcome["came"]] += 1
        if outcome["came"] in {"crash", "wrong"}:
            bad.append(outcome)
    print(f"{sum(came.values())} changes: " + ", ".join(f"{n} {c}" for c, n in came.most_common()))
    for (file, outcome_), number in sorted(where.items()):
        print(f"  {file}: {number} {outcome_}")
    for outcome in bad:
        print(json.dumps(outcome))
    return 1 if bad else 0


def _tried(made: Path, number: int, only: str) -> dict[str, Any]:
    chance = random.Random(number)  # noqa: S311  (no secret)
    state = chance.choice(("rest", "rest", "killed"))
    with tempfile.TemporaryDirectory(dir=made) as folder:
        home = Path(folder) / "home"
        shutil.copytree(made / state, home)
        target = chance.choice([t for t in _targets(home / ".vidcut", state) if only in str(t)])
        data = target.read_bytes()
        changes = MOVING if state == "rest" or target.name.endswith("-wal") else {}
        if target.parent.name in KEPT:
            strangers = sorted((made / "strangers" / target.parent.name).iterdir())
            changes = {**changes, **dict.fromkeys(STRANGE, _one_of(strangers))}
        name, change = chance.choice([*CHANGES.items(), *changes.items()])
        target.write_bytes(change(data, chance))
        found = {"number": number, "state": state, "file": target.name, "change": name}
        came = _came(home, made, state)
        if came["came"] == "earlier" and not _may_be_earlier(target, name, came["what"]):
            came["came"] = "wrong"
        return {**found, **came}


def _targets(folder: Path, state: str) -> list[Path]:
    """The catalog as often as all else."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.stat().st_size]
    main = folder / ("catalog.sqlite" if state == "rest" else "catalog.sqlite-wal")
    return [*files, *[main] * len(files)]


def _may_be_earlier(target: Path, change: str, steps: str) -> bool:
    """A log without its end is a log; one whose last transaction is broken ends before it."""
    return target.name.endswith("-wal") and (change in SHORTER or steps == "1")


def _came(home: Path, made: Path, state: str) -> dict[str, str]:
    known = json.loads((made / f"{state}.json").read_text())
    try:
        with suppress(VidcutError):  # a file of settings says what it says, or is refused
            settings.read({}, library=home / ".vidcut")
        answer = _answer(home)
    except VidcutError as error:
        return {"came": "refused", "what": str(error)[-150:]}
    if answer == known[-1]:
        return {"came": "right"}
    if answer in known:
        return {"came": "earlier", "what": str(len(known) - 1 - known.index(answer))}
    return {"came": "wrong"}


# What is changed ----------------------------------------------------------------------


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _flip_early(data: bytes, chance: random.Random) -> bytes:
    return _flip(data[:100], chance) + data[100:]


def _scatter(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randrange(2, 40)):
        changed[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(changed)


def _over(data: bytes, at: int, patch: bytes) -> bytes:
    return (data[:at] + patch + data[at + len(patch) :])[: len(data)]


def _block(data: bytes, chance: random.Random, length: int) -> int:
    return chance.randrange((len(data) + length - 1) // length) * length


CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "flip": _flip,
    "flip ": _flip,
    "flip early": _flip_early,
    "scatter": _scatter,
    "cut": lambda data, chance: data[: chance.randrange(len(data))],
    "cut at a page": lambda data, chance: data[: _block(data, chance, PAGE)],
    "append": lambda data, chance: data + chance.randbytes(chance.randrange(1, 9000)),
    "garbage": lambda data, chance: chance.randbytes(len(data)),
    "garbage sector": lambda data, chance: _over(
        data, _block(data, chance, SECTOR), chance.randbytes(SECTOR)
    ),
    "garbage page": lambda data, chance: _over(
        data, _block(data, chance, PAGE), chance.randbytes(PAGE)
    ),
    "empty sector": lambda data, chance: _over(data, _block(data, chance, SECTOR), bytes(SECTOR)),
}


def _swapped(data: bytes, chance: random.Random) -> bytes:
    one, other = _block(data, chance, PAGE), _block(data, chance, PAGE)
    first, second = data[one : one + PAGE], data[other : other + PAGE]
    if len(first) != len(second):
        return data
    return _over(_over(data, one, second), other, first)


def _copied(data: bytes, chance: random.Random) -> bytes:
    one, other = _block(data, chance, PAGE), _block(data, chance, PAGE)
    return _over(data, one, data[other : other + PAGE])


MOVING: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "empty page": lambda data, chance: _over(data, _block(data, chance, PAGE), bytes(PAGE)),
    "swapped pages": _swapped,
    "copied page": _copied,
    "left out": lambda data, chance: data[: (at := _block(data, chance, PAGE))] + data[at + PAGE :],
}
"""What only a seal or a log's chain of checksums tells."""
KEPT = ("texts", "vectors")
"""The folders of files that are derived, and bound to what they are of."""
STRANGE = ("a stranger's", "a stranger's ", "a stranger's  ")
SHORTER = ("cut", "cut at a page", "left out")
"""After which a log ends before its end: what follows is no longer where it belongs."""


def _one_of(files: list[Path]) -> Callable[[bytes, random.Random], bytes]:
    return lambda _, chance: chance.choice(files).read_bytes()


# The library and what is asked of it --------------------------------------------------


def _make(made: Path) -> None:
    """``rest`` and ``killed``, and beside them what each answered after each transaction."""
    wordings.LEAST, stretches.SMALL = 1, 0  # so few texts have no files, or one
    home = made / "rest"
    answers = []
    _fill(home, made / "strangers")
    (home / ".vidcut" / "config.toml").write_text(CONFIG)
    answers.append(_answer(home))
    (made / "rest.json").write_text(json.dumps(answers))
    live = made / "live"
    shutil.copytree(home, live)
    with library.open_to_write(live / ".vidcut", _flat()) as holdings:
        for number in range(VIDEOS, VIDEOS + 3):
            _add(holdings, number)
            answers.append(_answer(live))
        shutil.copytree(live, made / "killed")
    (made / "killed" / ".vidcut" / "catalog.sqlite-shm").unlink()
    (made / "killed.json").write_text(json.dumps(answers))
    _fill(made / "other", made / "strangers", since=100)


def _fill(home: Path, strangers: Path, *, since: int = 0) -> None:
    """A library with two files of each kind; all that there ever were are kept as strangers."""
    for name in KEPT:
        (strangers / name).mkdir(parents=True, exist_ok=True)
    with library.open_to_write(home / ".vidcut", _flat(), create=True) as holdings:
        for number in range(VIDEOS):
            _add(holdings, since + number)
            if number in {1, VIDEOS - 2, VIDEOS - 1}:
                holdings.refresh_snapshots(MODALITIES)
                for name in KEPT:
                    for file in (holdings.folder / name).iterdir():
                        kept = f"{home.name} {number} {file.name}"
                        shutil.copy(file, strangers / name / kept)
            if number == 1:
                first = holdings.catalog.videos()[0]
                holdings.forget([first])  # what there was is an older generation's


def _add(holdings: library.Holdings, number: int) -> None:
    chance = np.random.default_rng(number)
    catalog = holdings.catalog
    with catalog.writing():
        video = catalog.add_video(f"{number}.mp4", (1, 2), b"%d" % number)
        catalog.describe(video, Media("mp4", 60_000_000, None, None))
        catalog.add_cuts(video, range(0, 60_000_000, 5_000_000))
        for modality in MODALITIES:
            drafts = [_draft(number, at, chance) for at in range(EACH)]
            holdings.keep(video, modality, SPACE, drafts)
            catalog.advance(video, modality, "r1", done_us=60_000_000, finished=True)
        catalog.set_state(video, "ok")
        catalog.uses.add(video, Use(Span(0, 5_000_000), "reel.mp4", "2026-01-01"))


def _draft(number: int, at: int, chance: np.random.Generator) -> Draft:
    vector = chance.standard_normal(SPACE.dim).astype(np.float32)
    span = Span(at * 2_000_000, at * 2_000_000 + 1_500_000)
    text = SAID[(number + at) % len(SAID)].format(number * EACH + at)
    words = tuple(Word(span, word) for word in text.split()) * (200 if at == 3 else 1)
    return Draft(span, text, vector / np.linalg.norm(vector), None, words)


def _answer(home: Path) -> str:
    """All that a search, ls, info and unused look at, as one digest."""
    opened = library.open_(home / ".vidcut", _flat())
    try:
        catalog = opened.catalog
        seen: list[object] = [catalog.counts(), catalog.copies(), catalog.uses.spans()]
        for video in catalog.videos():
            seen += [video, catalog.stamp(video.id), catalog.content(video.id)]
            seen += [catalog.video_at(video.path), catalog.progress(video.id)]
            seen += [catalog.chunks_of(video.id), catalog.cuts(video.id)]
            seen += [catalog.uses.of(video.id)]
        for question in QUESTIONS:
            asked = terms.text_terms(question)
            seen += [catalog.texts.find(asked, "asr", 20, None), catalog.texts.counts(asked)]
            for modality in MODALITIES:
                found = opened.texts.find(asked, modality, 20, told=asked)
                seen += [[(number, sorted(has)) for number, has in found]]
            total, counts = opened.texts.counts(asked)
            seen += [total, sorted((term, count) for term, count in counts.items() if count)]
        for modality in MODALITIES:
            space = catalog.modality_space(modality)
            seen += [space, catalog.videos_left_behind(modality)]
            vector = np.ones(SPACE.dim, dtype=np.float32) / SPACE.dim**0.5
            if space is not None:
                near = opened.nearest(modality, space, vector, 20, None)
                seen += [[(i, round(cosine, 4)) for i, cosine in near]]
                seen += [catalog.chunks([i for i, _ in near])]
        return hashlib.sha256(repr(seen).encode()).hexdigest()
    finally:
        opened.close()


def _flat() -> Any:
    return plugins.load("stores", "flat")


if __name__ == "__main__":
    sys.exit(main())
