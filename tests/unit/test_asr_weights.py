"""Whisper's weights: joined once, whole or absent."""

from __future__ import annotations

import hashlib
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from vidcut.errors import MissingError
from vidcut.modalities import _whisper_weights
from vidcut.modalities._whisper_weights import Parts, join

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = bytes(range(256)) * 5000


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    """Two packages that carry a small model in two parts."""
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    names = ("vidcut_fake_weights_1", "vidcut_fake_weights_2")
    pieces = (WHOLE[:700_000], WHOLE[700_000:])
    for number, (name, piece) in enumerate(zip(names, pieces, strict=True), start=1):
        data = tmp_path / "packages" / name / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").touch()
        (data / f"model.bin.part{number}").write_bytes(piece)
    (data / "config.json").write_text("{}", encoding="utf-8")
    return Parts(names, len(WHOLE), hashlib.sha256(WHOLE).hexdigest())


def test_are_joined_with_what_lies_beside(parts: Parts, tmp_path: Path) -> None:
    folder = join(tmp_path / "cache" / "model", parts)
    assert folder is not None
    assert (folder / "model.bin").read_bytes() == WHOLE
    assert (folder / "config.json").read_text(encoding="utf-8") == "{}"
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_are_not_joined_twice(parts: Parts, tmp_path: Path) -> None:
    folder = join(tmp_path / "model", parts)
    assert folder is not None
    before = (folder / "model.bin").stat().st_mtime_ns
    assert join(folder, parts) == folder
    assert (folder / "model.bin").stat().st_mtime_ns == before


def test_are_joined_anew_where_half_of_them_lies(parts: Parts, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.bin").write_bytes(WHOLE[:999])
    assert join(folder, parts) == folder
    assert (folder / "model.bin").read_bytes() == WHOLE


def test_may_be_joined_by_many_at_once(parts: Parts, tmp_path: Path) -> None:
    folder, found = tmp_path / "cache" / "model", []
    gate = threading.Barrier(6)

    def work() -> None:
        gate.wait()
        found.append(join(folder, parts))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [folder] * 6
    assert (folder / "model.bin").read_bytes() == WHOLE
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_that_are_damaged_are_refused(parts: Parts, tmp_path: Path) -> None:
    part = tmp_path / "packages" / parts.packages[1] / "data" / "model.bin.part2"
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    with pytest.raises(MissingError, match=r"damaged .*--force-reinstall"):
        join(tmp_path / "cache" / "model", parts)
    assert list((tmp_path / "cache").iterdir()) == []


def test_that_are_not_installed_are_none(parts: Parts, tmp_path: Path) -> None:
    absent = Parts(("vidcut_no_such_package", *parts.packages[1:]), parts.size, parts.sha256)
    assert join(tmp_path / "model", absent) is None
    assert not (tmp_path / "model").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a file is a folder's parent nowhere else")
def test_say_where_they_cannot_be_written(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MissingError, match="XDG_CACHE_HOME"):
        join(tmp_path / "file" / "model", parts)


def test_are_found_in_the_packages_until_they_are_joined(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = _whisper_weights.find(parts)
    assert found == tmp_path / "packages" / parts.packages[0] / "data"
    join(_whisper_weights.cache(), parts)
    assert _whisper_weights.find(parts) == _whisper_weights.cache()
