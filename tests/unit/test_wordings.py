"""Texts are found in files just as full text finds them, and where those fail, by it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from vidcut import library, plugins, repairing, stretches, verifying, wordings
from vidcut.audit import Kind
from vidcut.errors import OutputError
from vidcut.records import Draft, Space, Span

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vidcut.library import Holdings

SPACE = Space("fake", 8, "1")
WORDS = ("the", "hot", "pot", "火", "火锅", "of", "don't", "1080p")
ASKED = (["the"], ["hot", "the"], ["pot", "火锅", "never", "of"], list(WORDS))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library whose files may be small and may not be large."""
    monkeypatch.setattr(stretches, "SMALL", 0)
    for module in (stretches, wordings):
        monkeypatch.setattr(module, "LARGE", 100)
    monkeypatch.setattr(wordings, "LEAST", 1)
    return tmp_path / ".vidcut"


def store() -> Any:
    return plugins.load("stores", "flat")


def add(folder: Path, count: int, *, refresh: bool = True, seed: int = 0) -> None:
    chance = random.Random(seed)  # noqa: S311  (no secret)
    with library.open_to_write(folder, store(), create=True) as holdings:
        holdings.forget_other_pasts()
        with holdings.catalog.writing():
            name = f"{holdings.catalog.last_chunk_id()}.mp4"
            video = holdings.catalog.add_video(name, (1, 1), name.encode())
            for at in range(count):
                text = " ".join(chance.choices(WORDS, (9, 3, 1, 1, 1, 9, 1, 1), k=at % 12))
                modality = chance.choice(("asr", "ocr"))
                holdings.keep(video, modality, SPACE, [Draft(Span(at, at + 1), text, None)])
        if refresh:
            holdings.refresh_snapshots(["asr", "ocr"])


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "texts").glob("*"))


def demand_alike(holdings: Holdings, *, by_files: bool) -> None:
    """What is found is what full text finds, and whether it was asked."""
    full = holdings.catalog.texts
    for words in ASKED:
        for modality in ("asr", "ocr", "frame"):
            for together in (False, True):
                right = full.find(words, modality, 7, None, together=together)
                with mock.patch.object(full, "find", wraps=full.find) as asked:
                    found = holdings.texts.find(words, modality, 7, told=words, together=together)
                assert asked.called is not by_files
                assert found == [(n, set(words) & set(text.split())) for n, text in right]
        total, each = holdings.texts.counts(words)
        assert (total, {k: v for k, v in each.items() if v}) == full.counts(words)


def reading(folder: Path, *, by_files: bool = True) -> None:
    holdings = library.open_(folder, store())
    try:
        demand_alike(holdings, by_files=by_files)
    finally:
        holdings.close()


def damage(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)


def test_few_texts_have_no_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordings, "LEAST", 1 << 14)
    add(folder, 60)
    assert not files(folder)
    reading(folder, by_files=False)


def test_files_grow_by_what_is_added(folder: Path) -> None:
    add(folder, 90)
    (large,) = files(folder)
    add(folder, 5)
    assert len(files(folder)) == 2
    assert large in files(folder)
    reading(folder)
    for _ in range(4):
        add(folder, 30)
    assert 3 <= len(files(folder)) <= 6
    reading(folder)


def test_what_is_newer_than_the_files_is_found(folder: Path) -> None:
    add(folder, 90)
    add(folder, 20, refresh=False)
    reading(folder)


def test_files_that_are_far_behind_are_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(folder, 90)
    add(folder, 20, refresh=False)
    monkeypatch.setattr(wordings, "NEWEST", 19)
    reading(folder, by_files=False)


def test_what_another_process_writes_is_found(folder: Path) -> None:
    add(folder, 90)
    holdings = library.open_(folder, store())
    try:
        demand_alike(holdings, by_files=True)
        add(folder, 20)
        demand_alike(holdings, by_files=True)
        with library.open_to_write(folder, store()) as other, other.catalog.writing():
            other.catalog.forget_video(1)
        demand_alike(holdings, by_files=False)
    finally:
        holdings.close()


def test_of_footage_that_is_forgotten_no_words_stay(folder: Path) -> None:
    add(folder, 90)
    add(folder, 20)
    with library.open_to_write(folder, store()) as holdings:
        holdings.forget([video for video in holdings.catalog.videos() if video.id == 1])
        holdings.refresh_snapshots([])
    assert len(files(folder)) == 1
    reading(folder)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.03, 0.2, 0.5, 0.8, 0.999])
def test_a_damaged_file_costs_time_alone(
    folder: Path, share: float, caplog: pytest.LogCaptureFixture
) -> None:
    add(folder, 90)
    (path,) = (folder / "texts").iterdir()
    damage(path, int(share * path.stat().st_size))
    holdings = library.open_(folder, store())
    try:
        (stretch,) = [stretch for _, stretch in holdings.texts.present() if stretch]
        is_right = holdings.texts.is_right(stretch)
        full = holdings.catalog.texts
        for words in ASKED:
            found = holdings.texts.find(words, "asr", 7, told=words)
            right = full.find(words, "asr", 7, None)
            assert found == [(n, set(words) & set(text.split())) for n, text in right]
    finally:
        holdings.close()
    assert not is_right
    add(folder, 3)
    add(folder, 90)
    assert "vidcut builds it anew" in caplog.text
    caplog.clear()
    reading(folder)
    assert not caplog.text


@pytest.mark.parametrize("size", [0, 10, 100, 1_000])
def test_a_file_that_is_cut_short(folder: Path, size: int) -> None:
    add(folder, 90)
    (path,) = (folder / "texts").iterdir()
    path.write_bytes(path.read_bytes()[:size])
    reading(folder, by_files=False)


def test_a_catalog_that_was_put_back_finds_no_words_of_what_came_after(folder: Path) -> None:
    add(folder, 30)
    kept = {path: path.read_bytes() for path in folder.glob("catalog.sqlite*")}
    add(folder, 10, seed=1)
    for path in folder.glob("catalog.sqlite*"):
        path.write_bytes(kept[path])
    reading(folder, by_files=False)
    add(folder, 10, seed=2)
    add(folder, 5)
    reading(folder)


def another(folder: Path, tmp_path: Path) -> Path:
    """The file of another library, which has as many texts."""
    elsewhere = tmp_path / "another" / ".vidcut"
    add(elsewhere, 60, seed=1)
    (path,) = (elsewhere / "texts").iterdir()
    add(folder, 60)
    return path


def older(folder: Path, tmp_path: Path) -> Path:
    """The file that was there before something was deleted and as much added."""
    add(folder, 60)
    (path,) = (folder / "texts").iterdir()
    kept = path.rename(tmp_path / path.name)
    with library.open_to_write(folder, store()) as holdings, holdings.catalog.writing():
        holdings.catalog.forget_video(1)
    add(folder, 60, seed=1)
    return kept


def shorter(folder: Path, tmp_path: Path) -> Path:
    """The file that was there before more was added."""
    add(folder, 60)
    (path,) = (folder / "texts").iterdir()
    kept = tmp_path / path.name
    kept.write_bytes(path.read_bytes())
    add(folder, 40)
    return kept


@pytest.mark.parametrize("made", [another, older, shorter])
def test_no_file_passes_for_another(
    folder: Path, tmp_path: Path, made: Callable[[Path, Path], Path]
) -> None:
    kept = made(folder, tmp_path)
    (path,) = (folder / "texts").iterdir()
    path.write_bytes(kept.read_bytes())
    reading(folder, by_files=False)
    add(folder, 1)
    reading(folder)


def test_files_of_another_past_are_not_used_and_made_anew(folder: Path) -> None:
    """A catalog was put back, went on differently, and then its files came back too."""
    add(folder, 60)
    (path,) = (folder / "texts").iterdir()
    of_another_past = path.read_bytes()
    with library.open_to_write(folder, store()) as holdings:
        with holdings.catalog.writing():
            sql = "UPDATE texts SET terms = terms || ' pot' WHERE rowid = 50"
            holdings.catalog._db.execute(sql)
        holdings.texts.rebuild()
    path.write_bytes(of_another_past)
    reading(folder, by_files=False)
    add(folder, 1)
    reading(folder)


def test_chunks_without_words_make_no_file_large(folder: Path) -> None:
    add(folder, 90)
    (large,) = files(folder)
    for _ in range(3):
        with library.open_to_write(folder, store()) as holdings:
            with holdings.catalog.writing():
                holdings.keep(1, "frame", SPACE, [Draft(Span(0, 1), None, None)])
            holdings.refresh_snapshots([])
        assert large in files(folder)
        assert len(files(folder)) == 2
    reading(folder)


def test_what_is_wrong_with_files_is_told_and_mended(folder: Path) -> None:
    add(folder, 60)
    (path,) = (folder / "texts").iterdir()
    damage(path, 2_000)
    stale = path.with_name(f"texts.{'0' * 16}.0.000000000005.postings")
    stale.write_bytes(b"of another library")
    half = path.with_name(".texts.part")
    half.write_bytes(b"half")
    kinds = {Kind.SNAPSHOT, Kind.LEFTOVER}
    told = [one for one in verifying.verify(folder, store()) if one.kind in kinds]
    assert {(one.kind, one.where) for one in told} == {
        (Kind.SNAPSHOT, str(path)),
        (Kind.SNAPSHOT, str(stale)),
        (Kind.LEFTOVER, str(half)),
    }
    assert list(repairing.repair(folder, store(), told))
    assert not kinds & {one.kind for one in verifying.verify(folder, store())}
    reading(folder)


def test_verifying_tells_a_file_of_other_texts(folder: Path) -> None:
    add(folder, 60)
    with library.open_to_write(folder, store()) as holdings:
        (stretch,) = [stretch for _, stretch in holdings.texts.present() if stretch]
        assert holdings.texts.is_right(stretch)
        with holdings.catalog.writing():
            sql = "UPDATE texts SET terms = terms || ' pot' WHERE rowid = 50"
            holdings.catalog._db.execute(sql)
        assert not holdings.texts.is_right(stretch)
        holdings.texts.rebuild()
        demand_alike(holdings, by_files=True)


def test_nothing_is_removed_from_a_folder_that_a_link_leads_to(
    folder: Path, tmp_path: Path
) -> None:
    add(folder, 30)
    elsewhere = (folder / "texts").rename(tmp_path / "elsewhere")
    (folder / "texts").symlink_to(elsewhere)
    mine = elsewhere / "texts.png"
    mine.touch()
    with pytest.raises(OutputError, match="symbolic link"):
        add(folder, 1)
    assert mine.exists()
