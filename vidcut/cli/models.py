"""``vidcut models``: the models, where they lie, where they came from, whether they are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vidcut.cli import options, render
from vidcut.cli.exits import Exit

if TYPE_CHECKING:
    from vidcut.weights import Weights

_SHOWN = {
    "right": "right",
    "not read": "not read yet",
    "unknown": "nobody says what it holds",
    "wrong": "WRONG",
    "missing": "",
}


def models(
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read all of them through, and compare hashes.")
    ] = False,
    json: options.JsonOption = False,
) -> int:
    """List the models, where they lie and came from. Exits 5 where --verify finds a wrong one."""
    from vidcut import health  # noqa: PLC0415  (imports the plug-ins)

    found = [(one, health.state(one, verify=verify)) for one in health.models()]
    if json:
        for one, state in found:
            render.emit_json(_facts(one, state))
    else:
        rows = [
            (
                one.model,
                one.serves,
                one.licence,
                render.printable(one.origin),
                _SHOWN[state],
                render.printable(one.place or f"→ {one.remedy}"),
            )
            for one, state in found
        ]
        render.emit_table(("model", "serves", "licence", "from", "hash", "where"), rows)
    wrong = [one for one, state in found if state == "wrong"]
    for one in wrong:
        render.fail(
            f"{one.model} in {one.place} is damaged or changed; {one.remedy} brings it anew"
        )
    return Exit.MISSING if wrong else Exit.DONE


def _facts(one: Weights, state: str) -> dict[str, object]:
    return {
        "model": one.model,
        "serves": one.serves,
        "licence": one.licence,
        "place": one.place,
        "origin": one.origin,
        "hash": state,
        "files": {file.path: file.digest for file in one.files},
        "remedy": one.remedy if not one.place or state == "wrong" else "",
    }
