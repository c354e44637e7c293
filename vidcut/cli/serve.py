"""``vidcut serve``: the library in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

import vidcut
from vidcut.cli import options, render
from vidcut.errors import MissingError

_PORT = 8080


def serve(  # noqa: PLR0913  (a command's options)
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen; 0 for any that is free.")
    ] = _PORT,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="By default this machine alone can ask.")
    ] = "127.0.0.1",
    open_: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
    library: options.LibraryOption = None,
    device: options.DeviceOption = None,
    offline: options.OfflineOption = None,
    quiet: options.QuietOption = False,
    verbose: options.VerboseOption = False,
) -> int:
    """Look, refine and cut in a browser.

    Prints the address to open: whoever has it can see the library's footage. Ctrl-C ends it.
    """
    render.log_level(verbose=verbose)
    try:
        from vidcut.web import serving  # noqa: PLC0415  (an extra, not for --help)
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in {"starlette", "uvicorn", "anyio", "h11"}:
            raise
        fact = f"'vidcut serve' needs starlette and uvicorn, and {error.name} is not installed"
        raise MissingError(f"{fact}; pip install 'vidcut[web]'") from error

    opened = vidcut.Library(library, device=device, offline=offline)
    opened.holdings  # noqa: B018  (where there is none, that is told now)
    opened.close()

    def tell(address: str) -> None:
        render.emit(address)
        if not quiet:
            render.say("open this address in a browser; Ctrl-C ends the server")

    serving.serve(opened, host=host, port=port, opens=open_, tell=tell)
    return 0
