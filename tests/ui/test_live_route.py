"""The door of the live line's frames: who may come in, and what is sent to whom."""

import asyncio
from typing import Any

import pytest
from starlette.websockets import WebSocket

from inspection.conveyor.frames import Frames, open_frames
from inspection.ui import live_route


class Peer:
    """The browser's end of a WebSocket: what it says, and what it was sent."""

    def __init__(self, *said: str, origin: str | None = "http://here:1") -> None:
        headers = [(b"host", b"here:1")] + ([] if origin is None else [(b"origin", origin.encode())])
        self.scope = {"type": "websocket", "path": live_route.PATH, "headers": headers, "query_string": b""}
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.said = said
        self.sent: list[dict[str, Any]] = []

    async def talk(self, timeout_s: float = 10.0) -> None:
        self.incoming.put_nowait({"type": "websocket.connect"})
        for text in self.said:
            self.incoming.put_nowait({"type": "websocket.receive", "text": text})
        socket = WebSocket(self.scope, self.incoming.get, self._send)  # type: ignore[arg-type]
        await asyncio.wait_for(live_route.stream(socket), timeout_s)

    async def _send(self, message: Any) -> None:
        self.sent.append(message)
        if message["type"] == "websocket.send":
            self.got(message["bytes"])

    def got(self, frame: bytes) -> None:
        """Answers each frame, and leaves after the third."""
        if len(self.frames) < 3:
            self.incoming.put_nowait({"type": "websocket.receive", "text": "drawn"})
        else:
            self.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})

    @property
    def frames(self) -> list[bytes]:
        return [message["bytes"] for message in self.sent if message["type"] == "websocket.send"]


@pytest.mark.parametrize("origin", [None, "", "http://elsewhere:1", "http://here:2", "null"])
def test_another_origin_is_refused_at_the_door(origin: str | None) -> None:
    peer = Peer(open_frames().token, origin=origin)
    asyncio.run(peer.talk())
    assert [message["type"] for message in peer.sent] == ["websocket.close"]


@pytest.mark.parametrize("token", ["", "guess", "x" * 43])
def test_a_token_that_was_not_given_opens_nothing(token: str) -> None:
    peer = Peer(token)
    asyncio.run(peer.talk())
    assert peer.sent[-1] == {"type": "websocket.close", "code": 1008, "reason": ""} and not peer.frames


def test_silence_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_route, "_TOKEN_WITHIN_S", 0.05)
    peer = Peer()
    asyncio.run(peer.talk())
    assert peer.sent[-1]["code"] == 1008


def test_drawn_said_too_often_buys_no_further_frames() -> None:
    class Greedy(Peer):
        def got(self, frame: bytes) -> None:
            if len(self.frames) == 1:
                for _ in range(50):
                    self.incoming.put_nowait({"type": "websocket.receive", "text": "drawn"})

    frames = open_frames()
    peer = Greedy(frames.token)
    asyncio.run(serve(peer, frames, 15))
    assert len(peer.frames) <= 3


async def serve(peer: Peer, frames: Frames, count: int) -> None:
    async def publish() -> None:
        for number in range(count):
            frames.publish(f"frame {number}".encode())
            await asyncio.sleep(0.03)
        frames.close()

    publishing = asyncio.create_task(publish())
    await peer.talk()
    publishing.cancel()


def test_who_has_the_token_sees_each_frame_once_in_order() -> None:
    frames = open_frames()
    peer = Peer(frames.token)
    asyncio.run(serve(peer, frames, 40))
    numbers = [int(frame.split()[1]) for frame in peer.frames]
    assert numbers == sorted(set(numbers)) and 3 <= len(numbers) <= 4
    assert frames.unwatched_s < 5


def test_the_end_of_the_line_ends_the_stream() -> None:
    frames = open_frames()
    peer = Peer(frames.token)
    asyncio.run(serve(peer, frames, 1))
    assert peer.sent[-1]["type"] == "websocket.close" and peer.sent[-1]["code"] == 1000


def test_a_page_that_draws_nothing_is_sent_no_more() -> None:
    class Idle(Peer):
        def got(self, frame: bytes) -> None: ...

    frames = open_frames()
    peer = Idle(frames.token)
    asyncio.run(serve(peer, frames, 15))
    assert len(peer.frames) == 2
