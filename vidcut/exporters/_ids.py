"""Ids that stay the same for the same edit: UUIDs of version 5, of what they stand for."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from vidcut.records import Take

if TYPE_CHECKING:
    from vidcut.records import Edit

_HOUSE = uuid.uuid5(uuid.NAMESPACE_URL, "vidcut/edit")


def of_edit(edit: Edit) -> uuid.UUID:
    """Of all that an edit says: its name, rate and size, and its items with their files."""
    items = (
        (item.source, item.span.start, item.span.end, item.title, item.note)
        if isinstance(item, Take)
        else (item.duration_us, item.title)
        for item in edit.items
    )
    said = (edit.name, str(edit.rate), edit.width, edit.height, *items)
    return uuid.uuid5(_HOUSE, ascii(said))


def identity(seed: uuid.UUID, part: str) -> str:
    """Of one part of an edit, in capitals."""
    return str(uuid.uuid5(seed, part)).upper()
