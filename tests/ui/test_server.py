"""The server's own parts: headers on every answer, and an app that Streamlit finds."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from starlette.types import Message, Receive, Scope, Send
from streamlit.web.server.app_discovery import discover_asgi_app

from inspection.config import ROOT, load_settings
from inspection.types import PRECISIONS
from inspection.ui import inspectors, resources
from server import SECURITY_HEADERS, SecurityHeaders, warm


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


def test_what_cannot_be_warmed_keeps_nothing_else_cold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, place in (("ASSAY_VAR", "var"), ("ASSAY_LINES", "lines"), ("ASSAY_WEIGHTS", "weights")):
        monkeypatch.setenv(name, str(tmp_path / place))
    (tmp_path / "lines").mkdir()  # and no line in it
    left = tmp_path / "weights/plates/.half.part"
    left.mkdir(parents=True)

    def fail(*_told: object, **_more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("inspection.cache_bound.trim_cache", fail)
    load_settings.cache_clear()
    st.cache_resource.clear()
    try:
        warm()
    finally:
        load_settings.cache_clear()
        st.cache_resource.clear()
    assert not left.exists(), "the weights were looked after all the same"
    assert (tmp_path / "var/jobs").is_dir(), "and so was the long work"
    assert "The first line: not warm" in caplog.text and "The cache: not warm" in caplog.text


def test_the_champion_is_loaded_before_anybody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the precision that the first page begins with."""
    monkeypatch.setenv("ASSAY_VAR", str(tmp_path))
    load_settings.cache_clear()
    st.cache_resource.clear()
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(inspectors, "get_inspector", lambda *told: asked.append(told))
    try:
        warm()
        line = resources.get_line(resources.line_names()[0])
        precision, _ = inspectors.serve_precision(line, line.champion, PRECISIONS[0])
        assert asked == [(line.name, line.champion, precision)]
    finally:
        load_settings.cache_clear()
        st.cache_resource.clear()
