"""Write an edit for another program: which exporter, and nothing half-written under its name."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut import plugins
from vidcut.drafts import check_place, draft, hidden_name, refused
from vidcut.errors import MissingError, OutputError, UsageError
from vidcut.records import Take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from vidcut.protocols import Exporter
    from vidcut.records import Edit

_FAMILY = "exporters"
_OWN = ("draft_meta_info.json", "draft_content.json")
"""What a folder that an exporter made has in it; no other folder is ever replaced."""


def format_of(output: Path) -> str:
    """The exporter whose files end as ``output`` does.

    Raises:
        UsageError: there is none.
    """
    suffix = output.suffix.lower()
    names = plugins.names(_FAMILY)
    # The one that is called as its files end is most often it, and spares loading the others.
    for name in sorted(names, key=lambda name: f".{name}" != suffix):
        with suppress(MissingError):
            if suffix in plugins.load(_FAMILY, name).SUFFIXES:
                return name
    endings = ", ".join(ending for name in names for ending in _endings(name))
    raise UsageError(f"{output} has no ending of a timeline; there are: {endings}")


def export(
    edit: Edit,
    output: Path,
    *,
    format_name: str | None = None,
    relative: bool = False,
    overwrite: bool = False,
) -> str:
    """Write an edit, and return the format that was written.

    ``format_name`` is an exporter's name; None to go by the output's ending. ``relative``:
    name the media as seen from the output's folder. What is written gets its name when it is
    whole, and takes nothing's place but, with ``overwrite``, that of an older one.

    Raises:
        UsageError: the format is not known or cannot hold the edit, or the output is what
            the edit is made of.
        OutputError: the output exists already or cannot be written.
        MissingError: the format needs a package that is not there.
    """
    name = format_name or format_of(output)
    exporter: Exporter = plugins.load(_FAMILY, name).create()
    _demand_place(edit, output, overwrite=overwrite)
    with _hidden(output) as part:
        exporter.write(edit, part, relative=relative)
        if part.is_dir():
            _publish_folder(part, output)
        else:
            with draft(output, overwrite=overwrite) as made:
                part.replace(made)
    return name


def _endings(name: str) -> tuple[str, ...]:
    try:
        module: ModuleType = plugins.load(_FAMILY, name)
    except MissingError:
        return ()
    endings: tuple[str, ...] = module.SUFFIXES
    return endings


# Where it goes -------------------------------------------------------------------------


def check(output: Path, *, overwrite: bool = False) -> None:
    """Refuse a place that no edit could be written to, before there is one.

    Raises:
        OutputError: something is there that is not to be replaced, or its folder is none.
    """
    if not output.is_dir() or not overwrite:
        check_place(output, overwrite=overwrite)
    elif output.is_symlink() or not _is_ours(output):
        raise OutputError(f"{output} is a folder that holds no draft; choose another name")


def _demand_place(edit: Edit, output: Path, *, overwrite: bool) -> None:
    """Hold that the output takes the place of nothing that is dear."""
    whole = Path(os.path.realpath(output))
    for item in edit.items:
        if isinstance(item, Take):
            source = Path(os.path.realpath(item.source))
            if source.is_relative_to(whole) or _are_one(source, output):
                fact = f"{output} is or holds {item.source}, of which the edit is made"
                raise UsageError(f"{fact}; choose another name")
    check(output, overwrite=overwrite)


def _are_one(source: Path, output: Path) -> bool:
    with suppress(OSError, ValueError):  # mostly: the output is not there yet
        return output.samefile(source)
    return False


def _is_ours(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _OWN)


@contextmanager
def _hidden(output: Path) -> Iterator[Path]:
    """A free name beside the output, for a file or a folder; gone afterwards."""
    part = output.with_name(hidden_name())
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused(output, error) from error
    try:
        yield part
    except OutputError as error:
        # The exporter knows no other name than the hidden one.
        raise OutputError(str(error).replace(str(part), str(output))) from error
    finally:
        _remove(part)


def _publish_folder(part: Path, output: Path) -> None:
    """Give a finished folder its name; an older draft under it is moved away, then removed."""
    old = part.with_name(f"{part.name}.old")
    try:
        if output.exists():
            output.rename(old)
        try:
            part.rename(output)
        except OSError:
            if old.exists():
                old.rename(output)
            raise
    except OSError as error:
        raise refused(output, error) from error
    finally:
        if output.exists():
            _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
