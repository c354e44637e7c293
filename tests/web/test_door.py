"""Who is let in, and who is not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from uvicorn.server import ServerState

from vidcut.web import serving
from vidcut.web.guard import Key

if TYPE_CHECKING:
    from tests.web.served import Served

ROUTES = (
    "/", "/page/index.html", "/api/about", "/api/search?q=cat", "/api/videos", "/api/videos/1",
    "/api/videos/1/curve?q=cat", "/api/snap?video=1", "/api/jobs", "/api/jobs/events",
    "/api/jobs/1", "/api/jobs/1/files/0", "/media/1", "/media/1/play", "/media/1/frame",
    "/media/1/sprite", "/nowhere",
)  # fmt: skip
EFFECTS = (
    ("POST", "/api/jobs"), ("DELETE", "/api/jobs/1"), ("POST", "/api/command"),
    ("POST", "/api/script/plan"),
)  # fmt: skip


@pytest.mark.parametrize("path", ROUTES)
def test_nothing_is_told_without_the_cookie(served: Served, path: str) -> None:
    for cookie in (None, "", f"vidcut-{served.port}=", f"vidcut-{served.port}=wrong", "a=b; ;=;"):
        assert served.get(path, cookie=cookie).status == 401


def test_who_comes_when_it_is_full_is_told(served: Served) -> None:
    others = [served.connect() for _ in range(70)]
    try:
        for other in others:
            other.connect()
        told = served.get("/api/about")
        assert (told.status, told.headers["content-type"]) == (503, "application/json")
        assert "too many" in told.json["error"]
    finally:
        for other in others:
            other.close()
    while served.get("/api/about").status == 503:
        pass
    assert served.get("/api/about").status == 200


@pytest.mark.parametrize(("method", "path"), EFFECTS)
def test_nothing_is_done_without_the_cookie(served: Served, method: str, path: str) -> None:
    assert served.ask(method, path, body=b"{}", cookie=None).status == 401


def test_the_token_opens_and_the_cookie_stays_here(served: Served) -> None:
    door = served.get(served.address.removeprefix(served.base), cookie=None)
    assert (door.status, door.headers["location"]) == (303, "/")
    name, *rules = door.headers["set-cookie"].lower().split("; ")
    assert name.startswith(f"vidcut-{served.port}=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(rules)


@pytest.mark.parametrize("token", ["", "wrong", "%00", "x" * 2000, "%C3%BC"])
def test_a_wrong_token_does_not(served: Served, token: str) -> None:
    door = served.get(f"/?token={token}", cookie=None)
    assert door.status == 401
    assert "set-cookie" not in door.headers


def test_the_token_opens_no_other_door(served: Served) -> None:
    token = urlsplit(served.address).query
    assert served.get(f"/api/about?{token}", cookie=None).status == 401


def test_a_ticket_opens_once() -> None:
    key = Key(8080)
    ticket = key.ticket()
    assert ticket != key.token
    assert [key.opens(ticket), key.opens(ticket), key.opens(key.token)] == [True, False, True]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.:{port}", "",
     "127.0.0.1.evil.example:{port}", "192.168.0.1:{port}", "0.0.0.0:{port}", "[::2]:{port}"],
)  # fmt: skip
def test_a_rebound_name_is_not_ours(served: Served, host: str) -> None:
    told = served.get("/api/about", host=host.format(port=served.port))
    assert told.status == 403


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}"])
def test_the_loopback_s_names_are(served: Served, host: str) -> None:
    assert served.get("/api/about", host=host.format(port=served.port)).status == 200


def test_two_hosts_are_none(served: Served) -> None:
    connection = served.connect()
    connection.putrequest("GET", "/api/about")
    connection.putheader("Host", "evil.example")
    connection.putheader("Cookie", served.cookie)
    connection.endheaders()
    assert connection.getresponse().status in {400, 403}


@pytest.mark.parametrize(("method", "path"), EFFECTS)
@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1"]
)
def test_an_effect_comes_from_the_page_alone(
    served: Served, method: str, path: str, origin: str | None
) -> None:
    sent = origin and origin.format(port=served.port)
    assert served.ask(method, path, body=b"{}", origin=sent).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_shows_none_of_our_media(served: Served, site: str) -> None:
    assert served.get("/media/1/frame", sec_fetch_site=site).status == 403
    assert served.ask("POST", "/api/jobs", body=b"{}", sec_fetch_site=site).status == 403
    told = served.get("/api/about", origin="http://evil.example")
    assert told.status == 403


def test_a_link_from_another_site_opens_without_a_redirect(served: Served) -> None:
    """Browsers keep a strict cookie back after a redirect of what another site began."""
    door = served.get(
        served.address.removeprefix(served.base),
        cookie=None,
        sec_fetch_site="cross-site",
        sec_fetch_mode="navigate",
    )
    assert (door.status, door.headers["refresh"]) == (200, "0; url=/")
    assert "set-cookie" in door.headers


@pytest.mark.parametrize("path", ["/", "/api/about", "/media/1", "/media/99", "/nowhere"])
@pytest.mark.parametrize("cookie", ["theirs", "none"])
def test_every_answer_tells_browsers_what_the_page_may_do(
    served: Served, path: str, cookie: str
) -> None:
    headers = served.get(path, cookie=served.cookie if cookie == "theirs" else None).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_no_other_method_does_anything(served: Served, method: str) -> None:
    assert served.ask(method, "/api/about").status in {400, 405}


def test_what_has_an_effect_is_no_get(served: Served) -> None:
    assert served.get("/api/command").status == 405
    assert served.get("/api/script/plan").status == 405


def test_too_much_is_refused(served: Served) -> None:
    assert served.get(f"/api/search?q={'x' * 20_000}").status == 414
    assert served.ask("POST", "/api/command", body=b"x" * (2 << 20)).status == 413
    assert served.ask("POST", "/api/command", body=b"[" * 100_000).status == 400
    assert served.ask("POST", "/api/command", body=b"[]").status == 400
    assert served.post("/api/command", {}, content_type="text/plain").status == 415


@pytest.mark.parametrize(
    "path",
    ["/page/..%2fapp.py", "/page/../app.py", "/page/%2e%2e/app.py", "/page/..%5capp.py",
     "/page//etc/passwd", "/page/%00", "/page/index.html%00.js", "/page/guard.py",
     "/media/..%2f..%2fetc%2fpasswd", "/media/%2fetc%2fpasswd", "/media/-1", "/media/1.0",
     "/media/99999999999999999999999", "/media/1%00", "/media/0x1",
     "/api/jobs/..%2f..%2f/files/0", "/api/jobs/1/files/..%2f..%2fx"],
)  # fmt: skip
def test_no_path_leads_out(served: Served, path: str) -> None:
    assert served.get(path).status in {400, 404}


def test_who_connects_and_does_not_ask_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_PATIENCE_S", 0.2)
    request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"

    async def slow(_scope: Any, _receive: Any, send: Any) -> None:
        await asyncio.sleep(0.5)  # an answer may take longer than asking
        length = [(b"content-length", b"4")]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": b"done"})

    async def said(port: int, *parts: bytes) -> bytes:
        """What is answered last until the server hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for part in parts:
            writer.write(part)
            if part is request:
                await reader.readuntil(b"done")
        try:
            return await asyncio.wait_for(reader.read(), 3)
        finally:
            writer.close()

    async def all_of_them() -> None:
        config = uvicorn.Config(slow, log_config=None, timeout_keep_alive=60, lifespan="off")
        config.load()
        loop, state = asyncio.get_running_loop(), ServerState()
        server = await loop.create_server(
            lambda: serving._Impatient(config, state, {}), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        assert await said(port) == b""
        assert await said(port, b"GET / HT") == b""
        assert await said(port, request, b"GET / HT") == b""
        server.close()

    asyncio.run(all_of_them())
