"""Who may ask: whoever has the token, by a name of this machine, from the page itself.

A page on another site can make a browser ask 127.0.0.1, and a name that it owns can be made to
mean 127.0.0.1 (DNS rebinding). Hence the Host must be one that this server goes by, whatever
has an effect must say that it comes from the page, and the cookie goes with nothing that
another site began. Other programs of the same machine are kept out by the token alone.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from vidcut.web.told import in_json

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_BYTES = 32
_WITHOUT_EFFECT = ("GET", "HEAD")
_OUTSIDE = ("cross-site", "same-site")
"""Of ``Sec-Fetch-Site``; another port of this machine is the same site."""
_MOST_QUERY_BYTES = 16_384
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
        " media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_DOOR = """<!doctype html><html lang="en"><meta charset="utf-8"><title>vidcut</title>
<h1>vidcut</h1><p>Open the address that <code>vidcut serve</code> has printed: it holds the key.
<p lang="zh">请打开 <code>vidcut serve</code> 打印的地址，其中含有密钥。</html>"""


@dataclass(frozen=True)
class Key:
    """What opens the door: the token in the address, then the cookie."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(_BYTES))
    session: str = field(default_factory=lambda: secrets.token_urlsafe(_BYTES))
    tickets: set[str] = field(default_factory=set)
    """Tokens that open it once: a browser's command line is seen by everybody on the machine."""

    @property
    def cookie(self) -> str:
        """Its name: cookies know no ports, and each server is to have its own."""
        return f"vidcut-{self.port}"

    def ticket(self) -> str:
        """A token that is good once."""
        new = secrets.token_urlsafe(_BYTES)
        self.tickets.add(new)
        return new

    def opens(self, token: str) -> bool:
        """Whether it is the token, or a ticket, which is spent."""
        if _is_same(token, self.token):
            return True
        if spent := {one for one in self.tickets if _is_same(token, one)}:
            self.tickets.difference_update(spent)
        return bool(spent)

    def is_held(self, cookies: str) -> bool:
        """Whether the cookie is among these."""
        try:
            found = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return False
        return found is not None and _is_same(found.value, self.session)


class Guard:
    """Lets in whom it may, and says to browsers what the page may do.

    Args:
        app: what is behind it.
        key: what opens.
        host: the address that the server listens at.
    """

    def __init__(self, app: ASGIApp, key: Key, host: str) -> None:
        self._app = app
        self._key = key
        self._names = {*LOOPBACK, _in_address(host)}
        self._any_address = host in {"0.0.0.0", "::"}  # noqa: S104  (asked for by name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let through."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("cache-control", "no-store")
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        answer = self._refusal(scope) or self._door(scope)
        await (answer or self._app)(scope, receive, in_json(send_guarded))

    def _refusal(self, scope: Scope) -> Response | None:
        """What is said to whoever comes by a wrong way."""
        headers = Headers(scope=scope)
        if len(scope["query_string"]) > _MOST_QUERY_BYTES:
            return _refused("the query is too long; ask for less", 414)
        if not self._is_ours(headers):
            return _refused("this server does not go by that name; use the printed address", 403)
        if not self._is_from_here(scope, headers):
            return _refused("only vidcut's own page may ask this", 403)
        return None

    def _is_ours(self, headers: Headers) -> bool:
        """Whether the one Host is a name that only this machine can have."""
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            return False
        name, port = _parted(hosts[0].lower())
        if port != str(self._key.port):
            return False
        return name in self._names or (self._any_address and _is_address(name))

    @staticmethod
    def _is_from_here(scope: Scope, headers: Headers) -> bool:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None and origin.lower() != f"http://{headers['host'].lower()}":
            return False
        if scope["method"] not in _WITHOUT_EFFECT:
            return origin is not None and site in {None, "same-origin"}
        is_visit = scope["path"] == "/" and headers.get("sec-fetch-mode") in {None, "navigate"}
        return is_visit or site not in _OUTSIDE

    def _door(self, scope: Scope) -> Response | None:
        """None for whoever has the cookie; the cookie for whoever has the token."""
        headers = Headers(scope=scope)
        is_front = scope["path"] == "/" and scope["method"] in _WITHOUT_EFFECT
        tokens = parse_qs(scope["query_string"].decode("latin-1")).get("token") if is_front else ()
        if tokens and self._key.opens(tokens[0]):
            return self._opened(headers)
        if not tokens and self._key.is_held(headers.get("cookie", "")):
            return None
        if is_front:
            return HTMLResponse(_DOOR, 401)
        return _refused("no key; open the address that 'vidcut serve' has printed", 401)

    def _opened(self, headers: Headers) -> Response:
        answer: Response = RedirectResponse("/", 303)
        if headers.get("sec-fetch-site") in _OUTSIDE:
            # After a redirect of what another site began, browsers keep the cookie back.
            answer = Response(headers={"refresh": "0; url=/"})
        answer.set_cookie(
            self._key.cookie, self._key.session, httponly=True, samesite="strict", path="/"
        )
        return answer


def _refused(why: str, status: int) -> Response:
    return JSONResponse({"error": why}, status)


def _parted(host: str) -> tuple[str, str]:
    """Name and port; without one it is HTTP's."""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return host, "80"
    return name, port


def _in_address(host: str) -> str:
    return f"[{host.lower()}]" if ":" in host else host.lower()


def _is_address(name: str) -> bool:
    """Whether it is a number and no name: nobody can make it mean something else."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
