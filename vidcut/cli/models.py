"""``vidcut models``: the models, where they lie, and under which licence."""

from __future__ import annotations

from vidcut.cli import options, render


def models(*, json: options.JsonOption = False) -> int:
    """List the models and where they lie."""
    from vidcut import health  # noqa: PLC0415  (imports the plug-ins)

    found = list(health.models())
    if json:
        for weights in found:
            render.emit_json(
                {
                    "model": weights.model,
                    "serves": weights.serves,
                    "licence": weights.licence,
                    "place": weights.place,
                    "remedy": weights.remedy if not weights.place else "",
                }
            )
        return 0
    rows = [
        (w.model, w.serves, w.licence, render.printable(w.place or f"→ {w.remedy}")) for w in found
    ]
    render.emit_table(("model", "serves", "licence", "where"), rows)
    return 0
