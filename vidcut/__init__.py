"""vidcut searches a person's own footage and cuts it."""

from __future__ import annotations

__version__ = "0.1.0"
