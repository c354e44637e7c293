"""A library in a browser: the server of ``vidcut serve``, and the page that it gives out.

Beside the command line, on the same public Library. starlette and uvicorn come with the extra
``web``; only ``vidcut serve`` imports this package. What the page asks, and what it is
answered, docs/serve.md tells.
"""
