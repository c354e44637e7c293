"""The command line: parse, call the library, render.

Only this package prints or exits. Exit codes: 0 found, 1 nothing matched, 2 usage, 3 some
files failed and the rest went on, 4 the library cannot be used, 5 a tool or model is
missing, 130 interrupted, 141 whoever reads the results has enough.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Abort, TyperException

from vidcut import __version__
from vidcut.cli import render
from vidcut.cli.exits import Exit
from vidcut.errors import LibraryError, MediaError, MissingError, UsageError, VidcutError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    "index",
    "search",
    "cut",
    "export",
    "reel",
    "script",
    "timeline",
    "ls",
    "info",
    "rm",
    "serve",
    "doctor",
    "models",
    "verify",
    "eval",
)
"""Each is a file here, and in it a function of its name."""


_MINUS = re.compile("No such option: -(?!-)")
"""What a query that begins with a minus is taken for; two are nobody's minus."""


def _version(value: bool) -> None:  # noqa: FBT001  (typer calls it so)
    if value:
        render.emit(f"vidcut {__version__}")
        raise typer.Exit


def app(arguments: Sequence[str]) -> typer.Typer:
    """The command line, with the command alone that is asked for, where one is.

    To import them all took a search longer than to answer (benchmarks/startup.py).
    """
    is_command = arguments[0] in COMMANDS
    made = typer.Typer(
        name="vidcut",
        add_completion=not is_command,  # its options stand before any command
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    made.callback()(vidcut)
    for name in arguments[:1] if is_command else COMMANDS:
        home = importlib.import_module(f"vidcut.cli.{name}")
        # One of Python's own functions has its name, and so it ends in a line.
        command = getattr(home, name, None) or getattr(home, f"{name}_")
        # Typer would evaluate their texts four times over.
        command.__annotations__ = inspect.get_annotations(command, eval_str=True)
        made.command(name)(command)
    return made


def vidcut(
    *,
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Search your own footage by what is seen, said or written in it, and cut it."""


def run() -> int:
    """Run the command line; the exit code."""
    _open_standard_streams()
    # Ended or hung up on, as by Ctrl-C: neither drafts nor processes are left behind.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    try:
        code = _called()
    except TyperException as error:
        render.fail(_refusal(error.format_message()))
        return Exit.USAGE
    except Abort:
        code = Exit.INTERRUPTED
    except VidcutError as error:
        render.fail(str(error))
        return _code(error)
    if not sys.argv[1:]:
        return Exit.USAGE
    if code == Exit.INTERRUPTED:
        render.say("interrupted; what is done is kept, and the next run goes on")
    return code


def _called() -> int:
    try:
        arguments = sys.argv[1:] or ["--help"]
        return int(app(arguments)(arguments, standalone_mode=False) or 0)
    except FileNotFoundError as error:
        if _is_somewhere():
            raise
        gone = "the folder that this was started in is gone; change to one that is there"
        raise UsageError(gone) from error
    except VidcutError as error:
        if _was_interrupted(error):
            raise Abort from error
        raise


def _was_interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C is behind an error, as where a native library was just being imported."""
    while before := error.__cause__ or error.__context__:
        error = before
    return isinstance(error, KeyboardInterrupt)


def _is_somewhere() -> bool:
    """Whether the working folder is still there."""
    try:
        os.getcwd()  # noqa: PTH109  (Path.cwd is the same, longer)
    except FileNotFoundError:
        return False
    return True


def _refusal(message: str) -> str:
    """What is wrong with the command line, and what helps."""
    if sys.argv[1:2] == ["search"] and _MINUS.search(message):
        remedy = "a minus of the query goes in quotes with the rest, as in 'beach -people'"
    else:
        remedy = "'vidcut --help' and 'vidcut COMMAND --help' tell more"
    return f"{message.rstrip('.')}; {remedy}"


def _open_standard_streams() -> None:
    """Open what the caller has closed: else the next file opened, say the catalog, is stdout."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    # Python has left out what was closed; open for as long as the process is.
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115  (as said)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115  (as said)
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")  # noqa: SIM115  (as said)


def _code(error: VidcutError) -> int:
    if isinstance(error, LibraryError):
        return Exit.LIBRARY
    if isinstance(error, MissingError):
        return Exit.MISSING
    if isinstance(error, MediaError):
        return Exit.SOME_FAILED
    return Exit.USAGE
