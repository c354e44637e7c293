"""Changed and forged files of texts: the answers are full text's, and nothing else goes wrong."""

from __future__ import annotations

import logging
import random
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.reliability import forging
from vidcut import catalog, stretches, wordings
from vidcut.records import Draft, Span
from vidcut.terms import found_by
from vidcut.wordings import Wordings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vidcut.catalog import Catalog

MODALITIES = ("asr", "ocr")
WORDS = ("the", "of", "hot", "pot", "火", "火锅", *(f"word{number}" for number in range(400)))
QUERIES = (["the"], ["hot", "the", "word7"], ["never", "火锅", "of"], ["word1", "word399"])
SOME, MANY = 60, 3_000


class Made(NamedTuple):
    """A library's texts, in two files."""

    catalog: Catalog
    whole: Path
    """A folder with those."""
    folder: Path
    """A copy, to be changed."""
    right: list[object]
    """What full text answers."""


@pytest.fixture
def made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Made]:
    monkeypatch.setattr(stretches, "SMALL", 0)
    monkeypatch.setattr(wordings, "LEAST", 1)
    caplog.set_level(logging.CRITICAL)
    opened = catalog.create(tmp_path / "catalog.sqlite")
    chance = random.Random(1)  # noqa: S311  (no secret)
    for count in (500, 80):
        with opened.writing():
            video = opened.add_video(f"{count}", (1, 1), b"%d" % count)
            for at in range(count):
                weights = (200, 80, *(9 for _ in WORDS[2:]))
                said = " ".join(chance.choices(WORDS, weights, k=1 + at % 9))
                draft = Draft(Span(at, at + 1), said, None)
                opened.add_chunk(video, chance.choice(MODALITIES), draft, found_by(said))
        Wordings(tmp_path / "whole", opened).refresh()
    assert len(list((tmp_path / "whole").iterdir())) == 2
    right = asked(Wordings(tmp_path / "none", opened))
    assert asked(Wordings(tmp_path / "whole", opened)) == right
    yield Made(opened, tmp_path / "whole", tmp_path / "changed", right)
    opened.close()


def asked(texts: Wordings) -> list[object]:
    """All answers."""
    found: list[object] = []
    for words in QUERIES:
        for modality in MODALITIES:
            found.append(texts.find(words, modality, 9, told=words))
            found.append(texts.find(words, modality, 9, told=words, together=True))
        counts = texts.counts(words)[1]
        found.append({word: count for word, count in counts.items() if count})
    return found


def try_one(made: Made, path: Path, data: bytes) -> tuple[bool, bool]:
    """Whether the answers are right with this for the file, and whether verifying has it so."""
    shutil.rmtree(made.folder, ignore_errors=True)
    shutil.copytree(made.whole, made.folder)
    (made.folder / path.name).write_bytes(data)
    right = asked(Wordings(made.folder, made.catalog)) == made.right
    texts = Wordings(made.folder, made.catalog)
    stretch = next(one for there, one in texts.present() if there.name == path.name)
    assert stretch is not None
    return right, texts.is_right(stretch)


def demand_mended(made: Made) -> None:
    """The next refresh makes all as it should be."""
    Wordings(made.folder, made.catalog).refresh()
    texts = Wordings(made.folder, made.catalog)
    assert texts._parts()
    assert asked(texts) == made.right
    assert all(one is not None and texts.is_right(one) for _, one in texts.present())


def places(size: int, count: int) -> Iterator[int]:
    """So many of a file's bytes, evenly, and all of its first."""
    yield from range(min(size, count // 2))
    yield from range(0, size, max(1, size // (count - count // 2)))


@pytest.mark.parametrize(
    "count", [pytest.param(SOME, id="some"), pytest.param(MANY, marks=pytest.mark.points)]
)
def test_no_byte_can_change_and_make_an_answer_wrong(made: Made, count: int) -> None:
    tried = 0
    for path in sorted(made.whole.iterdir()):
        data = path.read_bytes()
        for place in places(len(data), count // 2):
            changed = bytearray(data)
            changed[place] ^= 1 << place % 8
            assert try_one(made, path, bytes(changed)) == (True, False), (path.name, place)
            tried += 1
            if tried % 50 == 0:
                demand_mended(made)
    assert tried >= count


CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "cut": lambda data, chance: data[: chance.randrange(len(data))],
    "longer": lambda data, chance: data + chance.randbytes(chance.randrange(1, 9_000)),
    "empty": lambda _, __: b"",
    "by chance": lambda data, chance: chance.randbytes(len(data)),
    "zero": lambda data, _: bytes(len(data)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_file_of_another_length_or_kind_makes_no_answer_wrong(
    made: Made, change: Callable[[bytes, random.Random], bytes]
) -> None:
    chance = random.Random(1)  # noqa: S311  (no secret)
    for path in sorted(made.whole.iterdir()):
        for _ in range(5):
            assert try_one(made, path, change(path.read_bytes(), chance)) == (True, False)
            demand_mended(made)


def test_files_that_changed_names_make_no_answer_wrong(made: Made) -> None:
    one, other = sorted(made.whole.iterdir())
    assert try_one(made, one, other.read_bytes()) == (True, False)
    demand_mended(made)
    assert try_one(made, other, one.read_bytes()) == (True, False)
    demand_mended(made)


@pytest.mark.parametrize(
    "count", [pytest.param(SOME, id="some"), pytest.param(MANY, marks=pytest.mark.points)]
)
def test_a_forged_file_is_told_by_verifying_and_crashes_nothing(made: Made, count: int) -> None:
    """What is signed anew may be wrong where nothing contradicts it."""
    paths = sorted(made.whole.iterdir())
    wrong = 0
    for number in range(count):
        chance = random.Random(number)  # noqa: S311  (no secret)
        path = paths[number % 2]
        stretch = stretches.parsed(path)
        assert stretch is not None
        of = stretch[1].of
        data, what = forging.forged(path.read_bytes(), of, chance)
        right, verified = try_one(made, path, data)
        assert verified == (data == path.read_bytes()), (number, what)
        wrong += not right
        if number % 10 == 0:
            Wordings(made.folder, made.catalog).refresh()
    assert wrong > 0  # else the forged are not looked into
