"""The Hugging Face hub: what its cache holds, and fetching what it does not, all of it checked.

A file counts as fetched when it is what vidcut knows it to be, or, of a model that vidcut does
not name itself, what the hub declared it to be: its cache calls each file by its hash, which the
hub's own client never compares with what arrived.

Plug-ins alone import this. Nothing here imports torch.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import huggingface_hub
from huggingface_hub import constants

from vidcut import weights
from vidcut.errors import MissingError
from vidcut.weights import WeightFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.request import OpenerDirector

_PATIENCE_S = 5.0
"""For an answer to begin, and for more of one to arrive: the client itself waits 10 s."""
_SWITCHES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_COMMIT_CHARACTERS = 12
_NOT_FOUND = 404
_ELSEWHERE = range(300, 400)


@dataclass(frozen=True, slots=True)
class Address:
    """A file of a repository."""

    repo: str
    file: str
    revision: str = "main"
    """A commit's hash, where it is pinned."""
    sha256: str = ""
    """What it must hold; empty for what the hub declares."""

    def __str__(self) -> str:
        pinned = "" if self.revision == "main" else f"@{self.revision[:_COMMIT_CHARACTERS]}"
        return f"{self.repo}{pinned}/{self.file}"


def cached(address: Address) -> Path | None:
    """The file in the cache, whatever it holds; None where it is not there."""
    try:
        found = huggingface_hub.try_to_load_from_cache(
            address.repo, address.file, revision=address.revision
        )
    except ValueError:  # no repository could have this name
        return None
    return Path(found) if isinstance(found, str) else None


def commit(path: Path) -> str:
    """The revision of a file in the cache: ``…/snapshots/REVISION/FILE``."""
    parts = path.parts
    return parts[parts.index("snapshots") + 1] if "snapshots" in parts else ""


def known(address: Address, path: Path) -> WeightFile:
    """The file with the hash that it must have; an empty one where nobody has told."""
    name = path.resolve().name
    return WeightFile(str(path), address.sha256 or (name if weights.is_digest(name) else ""))


def fetched(address: Address, *, offline: bool) -> Path | None:
    """A file of a repository, from the cache or the network, and checked; None if it has none.

    Raises:
        MissingError: it cannot be had, or is not what it is to be.
    """
    here = cached(address)
    if here is not None and _is_right(address, here):
        return here
    if offline:
        why = "damaged in the cache" if here is not None else "not in the cache"
        raise missing(str(address), f"{why}, and vidcut is offline")
    if here is not None:
        _remove(here)
    if not _answers(address):
        return None
    try:
        with _impatient():
            arrived = huggingface_hub.hf_hub_download(
                address.repo, address.file, revision=address.revision, etag_timeout=_PATIENCE_S
            )
    except Exception as error:  # the hub's client, httpx and the disk each have their own
        raise missing(str(address), error) from error
    path = Path(arrived)
    if _is_right(address, path):
        return path
    digest = weights.digest_of(path)
    _remove(path)
    wanted = known(address, path).digest
    fact = f"its sha256 is {digest[:12]}…, not {wanted[:12]}…, and it was thrown away"
    raise missing(str(address), f"what arrived is damaged or not the file that was meant: {fact}")


def missing(what: str, why: object) -> MissingError:
    """What to raise where weights cannot be had."""
    first = str(why).strip().partition("\n")[0] or type(why).__name__
    remedy = "use '--visual-model labels', or set HF_ENDPOINT to a mirror that answers"
    return MissingError(f"{what} cannot be fetched ({first}); {remedy}")


@contextmanager
def unplugged() -> Iterator[None]:
    """Keeps the hub's libraries from the network: they read these when imported, or later."""
    before = {name: os.environ.get(name) for name in _SWITCHES}
    online = constants.HF_HUB_OFFLINE
    os.environ.update(dict.fromkeys(_SWITCHES, "1"))
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = online
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({name: value} if value is not None else {})


def _answers(address: Address) -> bool:
    """Whether the hub has the file; asked once, for the client asks for minutes before it gives up.

    Raises:
        MissingError: it does not say so in time.
    """
    # Here, for TLS comes with them, and a search by a model that is here asks no hub.
    from http.client import HTTPException  # noqa: PLC0415
    from urllib.error import HTTPError  # noqa: PLC0415
    from urllib.request import Request  # noqa: PLC0415

    if constants.HF_HUB_OFFLINE:
        raise missing(str(address), "HF_HUB_OFFLINE is set")
    url = huggingface_hub.hf_hub_url(address.repo, address.file, revision=address.revision)
    token = huggingface_hub.get_token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        if not url.startswith(("http://", "https://")):
            raise missing(str(address), f"{url} is no address")
        asked = Request(url, headers=headers, method="HEAD")  # noqa: S310  (as just seen)
        with _opener().open(asked, timeout=_PATIENCE_S):
            return True
    except HTTPError as error:
        error.close()
        if error.code in _ELSEWHERE:
            return True
        if error.code == _NOT_FOUND and error.headers.get("X-Error-Code") == "EntryNotFound":
            return False
        raise missing(str(address), f"the hub says {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise missing(str(address), getattr(error, "reason", error)) from error


def _opener() -> OpenerDirector:
    """What opens an address and goes nowhere else.

    The token is for the hub alone, and where to go next is an answer.
    """
    from urllib.request import HTTPRedirectHandler, build_opener  # noqa: PLC0415  (as above)

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_asked: object) -> None:
            """None, so that the redirection is raised."""

    return build_opener(Stay)


def _is_right(address: Address, path: Path) -> bool:
    try:
        file = known(address, path)
        return not file.digest or weights.is_right(file)
    except OSError as error:
        raise missing(str(address), error) from error


def _remove(path: Path) -> None:
    """A file of the cache and its name: half a download or a damaged one is worth nothing."""
    blob = path.resolve()
    for one in (path, blob):
        with suppress(OSError):
            one.unlink()


@contextmanager
def _impatient() -> Iterator[None]:
    """Bound how long the client waits for the next byte, unless its variable says so already."""
    before = constants.HF_HUB_DOWNLOAD_TIMEOUT, constants.HF_HUB_DISABLE_XET
    if "HF_HUB_DOWNLOAD_TIMEOUT" not in os.environ:
        constants.HF_HUB_DOWNLOAD_TIMEOUT = int(_PATIENCE_S)
    constants.HF_HUB_DISABLE_XET = True  # a transport with patience of its own
    try:
        yield
    finally:
        constants.HF_HUB_DOWNLOAD_TIMEOUT, constants.HF_HUB_DISABLE_XET = before
