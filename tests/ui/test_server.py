"""The server's own parts: headers on every answer, and an app that Streamlit finds."""

import asyncio
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from streamlit.web.server.app_discovery import discover_asgi_app

from inspection.config import ROOT
from server import SECURITY_HEADERS, SecurityHeaders


def ask(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    async def nothing() -> Any:
        return {"type": "http.request"}

    asyncio.run(SecurityHeaders(answer)({"type": "http"}, nothing, keep))
    assert sent[1] == {"type": "http.response.body", "body": b""}
    return dict(sent[0]["headers"])


def test_every_answer_has_the_headers() -> None:
    got = ask([(b"content-type", b"text/html")])
    assert got[b"content-type"] == b"text/html"
    assert {name.encode() for name in SECURITY_HEADERS} <= set(got)
    assert b"default-src 'self'" in got[b"content-security-policy"]


def test_a_header_that_the_app_set_is_kept() -> None:
    got = ask([(b"X-Frame-Options", b"DENY")])
    assert b"x-frame-options" not in got and got[b"X-Frame-Options"] == b"DENY"


def test_no_source_outside_this_host_is_allowed() -> None:
    policy = SECURITY_HEADERS["content-security-policy"]
    assert "http" not in policy and "*" not in policy


def test_streamlit_finds_the_app() -> None:
    assert discover_asgi_app(ROOT / "server.py").is_asgi_app
