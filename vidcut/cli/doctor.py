"""``vidcut doctor``: what is here, what is not, and the command that mends it."""

from __future__ import annotations

from dataclasses import asdict

from vidcut.cli import options, render
from vidcut.cli.exits import Exit

_MARKS = {"ok": "ok", "missing": "MISSING", "optional": "-"}


def doctor(*, json: options.JsonOption = False) -> int:
    """Check tools, packages and models. Exits 5 where something needed is missing."""
    from vidcut import health  # noqa: PLC0415  (looks at every heavy package there is)

    found = list(health.checks())
    if json:
        for check in found:
            render.emit_json(asdict(check))
    else:
        rows = [
            (_MARKS[c.state], c.name, render.printable(c.detail), c.remedy and f"→ {c.remedy}")
            for c in found
        ]
        render.emit_table(("", "what", "state", "to mend it"), rows)
    return Exit.MISSING if any(check.state == "missing" for check in found) else Exit.DONE
