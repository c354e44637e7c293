"""Find and load a plug-in by its family and name, without importing its neighbours."""

from __future__ import annotations

import importlib
import os
import pkgutil
from typing import TYPE_CHECKING

from vidcut.errors import MissingError, UsageError

if TYPE_CHECKING:
    from types import ModuleType

_SILENCE = dict.fromkeys(
    (
        "ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED",  # which one it heeds has changed
        "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK",
    ),
    "1",
)  # fmt: skip
"""Nobody is told what runs here. onnxruntime 1.31 for Linux asks mobile.events.data.microsoft.com
at every start, offline or not, unless told so before it is loaded."""


def names(family: str) -> tuple[str, ...]:
    """The plug-ins of a family, sorted; a name with a leading underscore is none."""
    package = importlib.import_module(f"vidcut.{family}")
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def demand(family: str, name: str) -> None:
    """Raise `UsageError` where the family has no plug-in of this name."""
    if name not in names(family):
        message = f"no {family} called {name!r}; there are: {', '.join(names(family))}"
        raise UsageError(message)


def load(family: str, name: str) -> ModuleType:
    """Import one plug-in.

    Raises:
        UsageError: the family has no plug-in of this name.
        MissingError: a package that it needs is not installed.
    """
    demand(family, name)
    os.environ.update(_SILENCE)
    try:
        return importlib.import_module(f"vidcut.{family}.{name}")
    except ImportError as error:
        package = f"the package {error.name!r}" if error.name else "a package"
        message = f"{family}/{name} needs {package}, which cannot be imported"
        remedy = "'vidcut doctor' names the command that mends it"
        raise MissingError(f"{message} ({error}); {remedy}") from error
