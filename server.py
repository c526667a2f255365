"""The same app behind st.App: models warmed, security headers, the frames of live lines. `streamlit run server.py`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inspection.ui.live_route import list_routes

_log = logging.getLogger("assay.server")

# Streamlit's page needs inline styles, workers from blobs and compiled expressions (Vega); components v2 are imported
# from blobs. Nothing may be loaded from, or sent to, any other host.
_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)
SECURITY_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
}


class SecurityHeaders:
    """Plain ASGI: a wrapper around the request would hold back streamed answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                extra = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
                message = {
                    **message,
                    "headers": [*message["headers"], *(pair for pair in extra if pair[0] not in present)],
                }
            await send(message)

        await self._app(scope, receive, send_with_headers)


def warm() -> None:
    """What the first visitor would wait for: the charts, the default line's samples and champion; then the rest."""
    from inspection.cache_bound import trim_cache
    from inspection.config import load_settings
    from inspection.errors import AssayError
    from inspection.jobs.desk import open_desk
    from inspection.placing import sweep_weights
    from inspection.ui import charts, inspectors, keeping, resources

    def warm_line() -> None:
        line = resources.get_line(resources.line_names()[0])
        resources.get_samples(line.name)
        inspectors.get_serving_inspector(line)

    charts.build_timings({"decode": 1.0, "total": 1.0})
    steps: dict[str, Callable[[], object]] = {
        "The first line": warm_line,
        "The records": lambda: keeping.get_store().warm(),
        "The cache": lambda: trim_cache(
            load_settings().cache_dir, most_bytes=load_settings().max_cache_bytes
        ),
        "The weights": lambda: sweep_weights(load_settings().weights_dir),  # what a killed process left
        "The long work": lambda: open_desk(load_settings()).list_jobs(),  # what waited for this start goes on
    }
    for name, step in steps.items():
        try:
            step()
        except (AssayError, OSError) as error:
            # the page says it too, and a server without it still serves the others
            _log.warning("%s: not warm: %s", name, error)


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """The page is served at once; the warming goes on beside it, and a first visitor waits on the same cache entry."""
    warming = asyncio.create_task(asyncio.to_thread(warm))
    yield
    with suppress(asyncio.CancelledError):
        warming.cancel()
        await warming


def say_fault(error: Exception) -> bool:
    """A fault of ours: the log has all of it, the page one sentence. What a press was refused for is said as anywhere."""
    from inspection.errors import AssayError
    from inspection.ui.widgets import show_error

    if isinstance(error, AssayError):  # out of a callback, which runs before app.py and its own handling
        show_error(error)
        return True
    _log.error("A page failed.", exc_info=error)
    st.error(
        "Something went wrong on our side. Reload the page; if it happens again, the server's log says what it was.",
        title="This page failed",
        icon=":material/bug_report:",
    )
    return True


app = st.App(
    Path(__file__).parent / "app.py",
    lifespan=lifespan,
    routes=list_routes(),
    middleware=[Middleware(SecurityHeaders)],
    on_script_error=say_fault,
)
