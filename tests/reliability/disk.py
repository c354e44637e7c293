"""A disk that loses power: a recorded run's writes, of which only those synced are sure.

The log of a run becomes operations in their order. Up to any of them, what ``fsync`` had not
confirmed may have reached the disk or not, in any order and in part: a file's data sector by
sector, its name only with its folder. That is less than any file system promises.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random
    from typing import TypeAlias

    Node: TypeAlias = "File | Folder"

CALLS = (
    "openat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "rename", "unlink", "mkdir",
    "lseek", "access", "faccessat", "faccessat2",
)  # fmt: skip
"""What is recorded; `record` refuses a run that changes files by others."""
OTHERS = (
    "writev", "pwritev", "pwritev2", "fallocate", "truncate", "sync_file_range", "renameat",
    "renameat2", "link", "linkat", "symlink", "symlinkat", "unlinkat", "mkdirat", "rmdir",
    "copy_file_range", "sendfile", "io_uring_enter",
)  # fmt: skip
IN_FULL = ("-y", "-xx", "-s", "16777216")
"""How strace is to write them: files by name, all of their data."""
_SECTORS = (512, 4096)
_LINE = re.compile(r"^(\w+)\((.*)\) += (-?\d+)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FD = re.compile(r"^(\d+)<([^>]*)>")


class Loss(StrEnum):
    """What becomes of what was not synced."""

    ALL = "all of it is lost"
    NONE = "none is"
    SOME = "some of it is"
    TORN = "sectors of it are"
    EARLY = "the older half is"
    HOLLOW = "files have their length and not their data"


@dataclass
class File:
    """A file's synced bytes, and its writes since: offset and data, or the length alone."""

    data: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        whole = bytearray(self.data)
        for offset, data in self.pending:
            _apply(whole, offset, data)
        self.data, self.pending = bytes(whole), []


@dataclass
class Folder:
    """A folder's synced names, and its changes since."""

    names: dict[str, Node] = field(default_factory=dict)
    pending: list[dict[str, Node | None]] = field(default_factory=list)

    def sync(self) -> None:
        self.names, self.pending = self.now(), []

    def now(self) -> dict[str, Node]:
        return _changed(self.names, self.pending)


@dataclass(frozen=True)
class Call:
    """A system call of a run; ``window`` is the modality of one that was kept."""

    name: str
    paths: tuple[str, ...] = ()
    descriptor: int = -1
    data: bytes = b""
    number: int = 0
    flags: str = ""
    result: int = 0

    @property
    def window(self) -> str:
        kept = self.paths[0].removeprefix("/kept/") if self.paths else ""
        return kept if self.paths and kept != self.paths[0] else ""


def record(prefix: Path, folder: Path) -> list[Call]:
    """The calls of a run below a folder, from the logs that strace -ff wrote."""
    runs = []
    for log in sorted(prefix.parent.glob(f"{prefix.name}.*")):
        calls = list(_calls(log.read_text("ascii"), str(folder)))
        if any(call.name not in ("access", "close", "openat", "lseek") for call in calls):
            runs.append(calls)
    assert len(runs) == 1, "more than one thread writes"
    return runs[0]


def _calls(log: str, folder: str) -> Iterator[Call]:
    for line in log.splitlines():
        found = _LINE.match(line)
        if not found or (int(found[3]) < 0 and "/kept/" not in _plain(line)):
            continue
        name, arguments, result = found[1], found[2], int(found[3])
        opened = _FD.match(arguments)
        where = opened or _STRING.search(arguments)
        if where is None or not _plain(where[where.re.groups]).startswith((folder, "/kept/")):
            if name == "openat":  # the number is another file's now
                yield Call("close", result=result)
            continue
        assert name not in OTHERS, line
        strings = [bytes.fromhex(s[1].replace("\\x", "")) for s in _STRING.finditer(arguments)]
        assert '"...' not in arguments, "the log leaves out data"
        plain = _STRING.sub("", arguments)
        if opened is None:
            name = "access" if name.startswith("faccess") else name
            paths = tuple(string.decode() for string in strings)
            yield Call(name, paths, flags=plain, result=result)
            continue
        data = strings[0][:result] if strings else b""
        last = plain.rpartition(", ")[2]
        number = int(last) if name in ("pwrite64", "ftruncate") else 0
        yield Call(name, (), int(opened[1]), data, number, result=result)


def _plain(text: str) -> str:
    return re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), text)


class Disk:
    """What a folder's calls make of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = _read(folder)
        self._open: dict[int, Node | None] = {}
        self._at: dict[int, int] = {}
        self.kept: dict[str, int] = {}
        """How many windows of each modality were kept."""

    def do(self, call: Call) -> None:
        """Carry out a call, in memory."""
        if call.window:
            self.kept[call.window] = self.kept.get(call.window, 0) + 1
        elif call.name != "access":
            getattr(self, f"_{call.name}")(call)

    def lose(self, loss: Loss, chance: Random, folder: Path) -> None:
        """Write down what is found after the power came back."""
        _write(self._root, folder, loss, chance)

    def _close(self, call: Call) -> None:
        self._open[call.result] = None

    def _openat(self, call: Call) -> None:
        parent, name = self._place(call.paths[0])
        node = parent.now().get(name) if name else parent
        if node is None:
            assert "O_CREAT" in call.flags, call
            node = File()
            parent.pending.append({name: node})
        if "O_TRUNC" in call.flags and isinstance(node, File):
            node.pending.append((0, None))
        self._open[call.result], self._at[call.result] = node, 0

    def _write(self, call: Call) -> None:
        at = self._at[call.descriptor]
        self._file(call).pending.append((at, call.data))
        self._at[call.descriptor] = at + call.result

    def _pwrite64(self, call: Call) -> None:
        self._file(call).pending.append((call.number, call.data))

    def _ftruncate(self, call: Call) -> None:
        self._file(call).pending.append((call.number, None))

    def _lseek(self, call: Call) -> None:
        self._at[call.descriptor] = call.result

    def _fsync(self, call: Call) -> None:
        node = self._open[call.descriptor]
        assert node is not None
        node.sync()

    _fdatasync = _fsync

    def _mkdir(self, call: Call) -> None:
        parent, name = self._place(call.paths[0])
        parent.pending.append({name: Folder()})

    def _unlink(self, call: Call) -> None:
        parent, name = self._place(call.paths[0])
        parent.pending.append({name: None})

    def _rename(self, call: Call) -> None:
        (parent, old), (other, new) = map(self._place, call.paths)
        assert parent is other, "a rename between folders is two changes"
        parent.pending.append({new: parent.now()[old], old: None})

    def _file(self, call: Call) -> File:
        node = self._open[call.descriptor]
        assert isinstance(node, File), call
        return node

    def _place(self, path: str) -> tuple[Folder, str]:
        parts = PurePosixPath(path).relative_to(self._folder).parts
        folder = self._root
        for part in parts[:-1]:
            inner = folder.now()[part]
            assert isinstance(inner, Folder)
            folder = inner
        return folder, parts[-1] if parts else ""


def _read(folder: Path) -> Folder:
    """A folder as it lies on the disk, all of it synced."""
    entries = sorted(folder.iterdir())
    return Folder({e.name: _read(e) if e.is_dir() else File(e.read_bytes()) for e in entries})


def _write(found: Folder, folder: Path, loss: Loss, chance: Random) -> None:
    folder.mkdir(exist_ok=True)
    changes = found.pending
    if loss in (Loss.SOME, Loss.TORN):
        changes = [change for change in changes if chance.random() < 0.5]
    elif loss is Loss.ALL:
        changes = []
    elif loss is Loss.EARLY:
        changes = changes[len(changes) // 2 :]
    for name, node in _changed(found.names, changes).items():
        if isinstance(node, Folder):
            _write(node, folder / name, loss, chance)
        elif not name.endswith("-shm"):  # SQLite makes it anew when nobody has it open
            with suppress(FileExistsError), (folder / name).open("xb") as file:  # films are there
                file.write(_survived(node, loss, chance))


def _survived(file: File, loss: Loss, chance: Random) -> bytes:
    whole = bytearray(file.data)
    for number, (offset, data) in enumerate(file.pending):
        is_late = number >= len(file.pending) // 2
        if loss is Loss.TORN:
            for part in _sectors(offset, data, chance.choice(_SECTORS)):
                if chance.random() < 0.5:
                    _apply(whole, *part)
        elif loss is Loss.HOLLOW:
            end = offset + len(data or b"")
            whole.extend(bytes(max(0, end - len(whole))))
        elif _is_kept(loss, chance, is_late=is_late):
            _apply(whole, offset, data)
    return bytes(whole)


def _is_kept(loss: Loss, chance: Random, *, is_late: bool) -> bool:
    if loss is Loss.SOME:
        return chance.random() < 0.5
    return loss is Loss.NONE or (loss is Loss.EARLY and is_late)


def _sectors(offset: int, data: bytes | None, size: int) -> Iterator[tuple[int, bytes | None]]:
    if data is None:
        yield offset, None
        return
    at = 0
    while at < len(data):
        length = size - (offset + at) % size
        yield offset + at, data[at : at + length]
        at += length


def _apply(whole: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del whole[offset:]
        whole.extend(bytes(offset - len(whole)))
        return
    whole.extend(bytes(max(0, offset - len(whole))))
    whole[offset : offset + len(data)] = data


def _changed(names: Mapping[str, Node], changes: list[dict[str, Node | None]]) -> dict[str, Node]:
    now: dict[str, Node | None] = dict(names)
    for change in changes:
        now |= change
    return {name: node for name, node in now.items() if node is not None}
