"""The frames of a live line, beside the app: a WebSocket that gives them to the page that holds the line's token.

A route of its own passes by the app's login and roles. So the address alone opens nothing: the request must come from
our own origin, and its first message must be the token that the page, inside the app, was given for its own line.
"""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from inspection.conveyor.frames import Frames, find_frames

PATH = "/api/live"
_NOT_YOURS = 1008  # policy violation: the page does not try again
_TOKEN_WITHIN_S = 5.0
_AT_ONCE = 2  # frames on their way; more would be shown late
_LOOK_EVERY_S = 0.008
_served = False


def list_routes() -> list[BaseRoute]:
    """For the server; from then on pages know that the route is there."""
    global _served
    _served = True
    return [WebSocketRoute(PATH, stream)]


def is_served() -> bool:
    return _served


def same_origin(request: HTTPConnection) -> bool:
    """Browsers always say where a WebSocket comes from; what says nothing is no page of ours."""
    origin = request.headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")


async def stream(socket: WebSocket) -> None:
    if not same_origin(socket):
        await socket.close(_NOT_YOURS)
        return
    await socket.accept()
    with suppress(WebSocketDisconnect):
        frames = await _receive_token(socket)
        if frames is None:
            await socket.close(_NOT_YOURS)
            return
        await _serve(socket, frames)


async def _receive_token(socket: WebSocket) -> Frames | None:
    try:
        token = await asyncio.wait_for(socket.receive_text(), _TOKEN_WITHIN_S)
    except (TimeoutError, KeyError):  # nothing came, or bytes
        return None
    return find_frames(token)


async def _serve(socket: WebSocket, frames: Frames) -> None:
    """Until the line stops or the page goes. The page answers each frame that it has drawn."""
    free = asyncio.BoundedSemaphore(_AT_ONCE)
    sending = asyncio.create_task(_send(socket, frames, free))
    listening = asyncio.create_task(_listen(socket, frames, free))
    await asyncio.wait((sending, listening), return_when=asyncio.FIRST_COMPLETED)
    gone = listening.done()
    sending.cancel()
    listening.cancel()
    for outcome in await asyncio.gather(sending, listening, return_exceptions=True):
        if isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect):
            raise outcome
    if not gone:
        await socket.close()


async def _send(socket: WebSocket, frames: Frames, free: asyncio.Semaphore) -> None:
    last = 0
    while not frames.closed:
        number, jpeg = frames.read()
        if number == last or free.locked():  # nothing new, or the page has not drawn the last ones yet
            await asyncio.sleep(_LOOK_EVERY_S)
            continue
        await free.acquire()
        last = number
        await socket.send_bytes(jpeg)


async def _listen(socket: WebSocket, frames: Frames, free: asyncio.Semaphore) -> None:
    while True:
        await socket.receive_text()
        frames.watch()
        with suppress(ValueError):  # "drawn" more often than frames were sent buys no further ones
            free.release()
