"""Find and load a plug-in by its family and name, without importing its neighbours."""

from __future__ import annotations

import importlib
import os
import pkgutil
from typing import TYPE_CHECKING

from vidcut.errors import MissingError, UsageError

if TYPE_CHECKING:
    from types import ModuleType

_NO_REPORTS = ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED")
"""ONNX Runtime 1.31 tells its makers of each process, from its import on, but where one of
these is set by then; which one has changed."""


def names(family: str) -> tuple[str, ...]:
    """The plug-ins of a family, sorted; a name with a leading underscore is none."""
    package = importlib.import_module(f"vidcut.{family}")
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def load(family: str, name: str) -> ModuleType:
    """Import one plug-in.

    Raises:
        UsageError: the family has no plug-in of this name.
        MissingError: a package that it needs is not installed.
    """
    if name not in names(family):
        message = f"no {family} called {name!r}; there are: {', '.join(names(family))}"
        raise UsageError(message)
    for variable in _NO_REPORTS:
        os.environ.setdefault(variable, "1")
    try:
        return importlib.import_module(f"vidcut.{family}.{name}")
    except ImportError as error:
        message = f"{family}/{name} needs the package {error.name!r}, which cannot be imported"
        remedy = "'vidcut doctor' names the command that mends it"
        raise MissingError(f"{message} ({error}); {remedy}") from error
