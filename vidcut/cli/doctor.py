"""``vidcut doctor``: what is here, what is not, and the command that mends it."""

from __future__ import annotations

from vidcut.cli import options, render

MISSING = 5
_MARKS = {"ok": "ok", "missing": "MISSING", "optional": "-"}


def doctor(*, json: options.JsonOption = False) -> int:
    """Check tools, packages and models. Exits 5 where something needed is missing."""
    from vidcut import health  # noqa: PLC0415  (looks at every heavy package there is)

    found = list(health.checks())
    if json:
        for check in found:
            render.emit_json(
                {
                    "name": check.name,
                    "state": check.state,
                    "detail": check.detail,
                    "remedy": check.remedy,
                }
            )
    else:
        rows = [
            (_MARKS[c.state], c.name, render.printable(c.detail), c.remedy and f"→ {c.remedy}")
            for c in found
        ]
        render.emit_table(("", "what", "state", "to mend it"), rows)
    return MISSING if any(check.state == "missing" for check in found) else 0
