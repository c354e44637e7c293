"""``vidcut verify``: is the library whole, and if not, what of it; ``--repair`` mends it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

import vidcut
from vidcut.cli import options, render
from vidcut.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vidcut.audit import Finding


def verify(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what is found, and look once more.")
    ] = False,
    read_media: Annotated[
        bool, typer.Option("--read-media", help="Read all media too, and compare their content.")
    ] = False,
    json: options.JsonOption = False,
    quiet: options.QuietOption = False,
    library: options.LibraryOption = None,
) -> int:
    """Check the library: one line for each thing that is not as it is to be.

    Exits 4 where the library is damaged, 3 where only media changed or are gone.
    """

    def tell(what: str) -> None:
        if sys.stderr.isatty() and not quiet:
            render.say(f"looking at {render.printable(what)}")

    with vidcut.Library(library) as opened:
        found = _show(opened.verify(read_media=read_media, tell=tell), json=json)
        if repair and any(finding.is_damage for finding in found):
            for done in opened.repair(found):
                render.say(render.printable(done))
            found = _show(opened.verify(tell=tell), json=json)
    if not found and not (json or quiet):
        render.say("the library is whole")
    if any(finding.is_damage for finding in found):
        return Exit.LIBRARY
    return Exit.SOME_FAILED if found else Exit.DONE


def _show(findings: Iterable[Finding], *, json: bool) -> list[Finding]:
    shown = []
    for finding in findings:
        shown.append(finding)
        if json:
            render.emit_json(asdict(finding))
        else:
            line = f"{finding.kind}: {finding.where}: {finding.fact}; {finding.remedy}"
            render.emit(render.printable(line))
    return shown
