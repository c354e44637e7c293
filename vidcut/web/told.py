r"""JSON as it goes to the page: names that are no UTF-8 keep their bytes, as `\udcff`."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse


class Told(JSONResponse):
    """A JSON answer in ASCII, which `JSON.parse` reads whatever is in it."""

    def render(self, content: Any) -> bytes:
        """As starlette asks."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")
