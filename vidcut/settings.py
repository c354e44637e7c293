"""What vidcut is told: defaults < user file < library file < environment < flags."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from platformdirs import user_config_path

from vidcut.drafts import draft
from vidcut.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG_NAME = "config.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, with its default.

    A field's name is its key in a file, and in capitals after ``VIDCUT_`` its variable.
    """

    library: str = ""
    """The ``.vidcut`` folder; empty to look for it from the working folder upwards."""
    visual_model: str = "auto"
    """``auto``, ``labels``, ``fast``, ``balanced``, ``best``, or an open_clip model."""
    asr: str = "auto"
    """``auto`` (subtitles where there are some), ``always`` listen, ``never``."""
    language: str = ""
    """What is spoken, ISO 639-1; empty to find out."""
    quality: str = "balanced"
    """``fast``, ``balanced`` or ``best``."""
    reader: str = "auto"
    """``auto``: nvdec where a GPU may be used, else pyav."""
    store: str = "auto"
    """``auto``: faiss where it is installed, else flat."""
    device: str = "auto"
    """``auto``, ``cpu`` or ``cuda``."""
    threads: int = 0
    """For each library at work; 0 for the cores shared out among them."""
    jobs: int = 0
    """How many files are seen, and how many heard, at the same time; 0 by the cores."""
    offline: bool = False
    """Never reach for the network, not even for a model's weights."""
    min_score: float = 0.15
    """Moments below it are not shown, 0…1: what costs no right answer (docs/search.md)."""

    @property
    def threads_each(self) -> int:
        """How many threads a library at work may use."""
        return self.threads or max(1, (os.cpu_count() or 1) // 2)


_CHOICES = {
    "asr": ("auto", "always", "never"),
    "quality": ("fast", "balanced", "best"),
    "device": ("auto", "cpu", "cuda"),
}
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def read(
    flags: Mapping[str, Any],
    *,
    library: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """The settings in force.

    Args:
        flags: what the command line says; a value of None says nothing.
        library: the ``.vidcut`` folder whose own file counts too.
        environment: where variables are looked up.

    Raises:
        UsageError: a file cannot be read, or a setting is unknown or of the wrong kind.
    """
    known = {field.name for field in fields(Settings)}
    values: dict[str, Any] = {}
    files = [user_config_path("vidcut") / CONFIG_NAME]
    if library is not None:
        files.append(library / CONFIG_NAME)
    for file in files:
        values |= _from_file(file)
    for field in fields(Settings):
        variable = f"VIDCUT_{field.name.upper()}"
        if environment.get(variable):
            values[field.name] = _parsed(environment[variable], field.name, variable)
    values |= {name: value for name, value in flags.items() if value is not None}
    for name in values.keys() - known:
        raise UsageError(f"no setting {name!r}; there are: {', '.join(sorted(known))}")
    return Settings(**{name: _checked(name, value) for name, value in values.items()})


def keep(library: Path, name: str, value: float) -> Path:
    """Write a setting down in the library's own file, whose other lines stay; its path.

    Args:
        library: the ``.vidcut`` folder.
        name: a setting that is a number.
        value: what it is to be from now on.

    Raises:
        UsageError: the value will not do, or the file is not TOML.
        OutputError: the file cannot be written, or not without harm to the rest of it.
    """
    path = (library / CONFIG_NAME).resolve()
    wanted = _from_file(path) | {name: _checked(name, float(value))}
    try:
        text = path.read_bytes().decode() if path.exists() else ""
        changed = _with(text, f"{name} = {value!r}", name)
        if _values_of(changed) != wanted:
            fact = f"{path} is written in a way that cannot be changed safely"
            raise OutputError(f"{fact}; write {name} = {value!r} in it yourself")
        path.parent.resolve(strict=True)  # a library that is not there is not made
        with draft(path, overwrite=True) as part:
            part.write_bytes(changed.encode())
            if path.exists():
                part.chmod(path.stat().st_mode)
    except (OSError, ValueError) as error:  # TOMLDecodeError is one
        fact = f"{path} cannot be written ({error})"
        raise OutputError(f"{fact}; make room there or make it writable") from error
    return path


def _with(text: str, line: str, name: str) -> str:
    """The file's text with the line in the place of the setting's, or after the last one."""
    old = rf"^[ \t]*([\"']?){name}\1[ \t]*=[^#\r\n]*?(?=[ \t]*(#[^\n]*)?\r?$)"
    changed, found = re.subn(old, line, text, flags=re.MULTILINE)
    if found:
        return changed
    return text + ("\n" if text and not text.endswith("\n") else "") + line + "\n"


def _from_file(path: Path) -> dict[str, Any]:
    try:
        values = _values_of(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # no UTF-8, or no TOML
        raise UsageError(f"{path} cannot be read as TOML ({error}); mend or remove it") from error
    known = {field.name for field in fields(Settings)}
    for name in values:
        if name not in known:
            raise UsageError(f"{path}: no setting {name!r}; there are: {', '.join(sorted(known))}")
    for name, value in values.items():
        if not _fits(name, value):
            raise UsageError(f"{path}: {name} is to be {_KINDS[_kind(name)]}, not {value!r}")
    return values


def _values_of(text: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  (most have written no file)

    return tomllib.loads(text)


def _parsed(text: str, name: str, variable: str) -> Any:
    kind = _kind(name)
    try:
        if kind is bool:
            return {"0": False, "false": False, "1": True, "true": True}[text.lower()]
        return kind(text)
    except (KeyError, ValueError) as error:
        raise UsageError(f"{variable} is to be {_KINDS[kind]}, not {text!r}") from error


def _checked(name: str, value: Any) -> Any:
    if not _fits(name, value):
        raise UsageError(f"{name} is to be {_KINDS[_kind(name)]}, not {value!r}")
    choices = _CHOICES.get(name)
    if choices and value not in choices:
        raise UsageError(f"{name} is to be one of {', '.join(choices)}, not {value!r}")
    if name == "min_score" and not 0 <= value <= 1:
        raise UsageError(f"min_score is to be between 0 and 1, not {value}")
    if name in ("threads", "jobs") and value < 0:
        raise UsageError(f"{name} is to be 0 or more, not {value}")
    return value


def _fits(name: str, value: Any) -> bool:
    kind = _kind(name)
    if kind is float:  # 1 will do for 1.0
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and isinstance(value, bool) == (kind is bool)


def _kind(name: str) -> type:
    return type(getattr(Settings(), name))
