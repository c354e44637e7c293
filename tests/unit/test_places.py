"""Disks of this machine and of others, as Linux lists them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vidcut import catalog, library, places, plugins, seal
from vidcut.errors import LibraryBusyError

if TYPE_CHECKING:
    from vidcut.catalog import Catalog

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/nas rw shared:2 - nfs4 nas:/films rw
31 22 0:41 / /mnt/nas/local rw - btrfs /dev/sdb rw
32 22 0:42 / /media/my\040films rw,nosuid shared:3 master:4 - cifs //server/films rw
33 22 0:43 / /home/me/far rw - fuse.sshfs me@far: rw
34 22 0:44 / /home/me/crypt rw - fuse.gocryptfs crypt rw
35 22 0:45 / /mnt/over rw - ext4 /dev/sdc rw
36 35 0:46 / /mnt/over rw - 9p host rw
37 22 0:47 / /mnt/pool rw - fuse.mergerfs pool rw
""".strip()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", None),
        ("/mnt/nasty", None),
        ("/mnt/nas", "nfs4"),
        ("/mnt/nas/trip/.vidcut", "nfs4"),
        ("/mnt/nas/local/.vidcut", None),
        ("/media/my films/.vidcut", "cifs"),
        ("/home/me/far/.vidcut", "fuse.sshfs"),
        ("/home/me/crypt/.vidcut", None),
        ("/mnt/over/x", "9p"),
        ("/mnt/pool/x", None),
    ],
)
def test_what_a_folder_lies_on(
    folder: str, kind: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "mountinfo"
    listed.write_text(MOUNTS)
    monkeypatch.setattr(places, "_MOUNTS", listed)
    assert places.network(Path(folder)) == kind


def test_a_system_that_lists_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_MOUNTS", tmp_path / "none")
    assert places.network(tmp_path) is None


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library on what passes for a network file system."""
    listed = tmp_path / "mountinfo"
    listed.write_text(
        f"22 1 8:1 / / rw - ext4 x rw\n23 22 0:1 / {tmp_path.resolve()} rw - nfs4 x rw"
    )
    monkeypatch.setattr(places, "_MOUNTS", listed)
    folder = tmp_path / ".vidcut"
    with library.open_to_write(folder, flat(), create=True) as holdings:
        holdings.catalog.add_video("a.mp4", (1, 2), b"x")
    return folder


def flat() -> Any:
    return plugins.load("stores", "flat")


def names(opened: Catalog) -> list[str]:
    try:
        return [video.path for video in opened.videos()]
    finally:
        opened.close()


def test_a_library_on_a_network_is_written_without_shared_memory(
    shared: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with library.open_to_write(shared, flat()) as holdings:
        holdings.catalog.add_video("b.mp4", (1, 2), b"y")
        assert not (shared / "catalog.sqlite-shm").exists()
    assert "nfs4" in caplog.text
    assert "--library DIR" in caplog.text
    assert names(catalog.open_(shared / "catalog.sqlite", writable=False)) == ["a.mp4", "b.mp4"]
    assert sorted(path.name for path in shared.iterdir()) == [
        "catalog.sqlite",
        "catalog.sqlite-seal",
        "lock",
    ]


def test_there_it_is_not_read_while_it_is_written(shared: Path) -> None:
    with library.open_to_write(shared, flat()) as holdings:
        holdings.catalog.add_video("b.mp4", (1, 2), b"y")
        with pytest.raises(LibraryBusyError, match="only one process"):
            catalog.open_(shared / "catalog.sqlite", writable=False)


def test_there_an_unsealed_one_is_not_read(shared: Path) -> None:
    seal.of(shared / "catalog.sqlite").unlink()
    with pytest.raises(LibraryBusyError, match="index again"):
        catalog.open_(shared / "catalog.sqlite", writable=False)
