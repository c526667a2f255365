"""What comes down the belt: the file that the camera hands over, and the piece of belt that is shown meanwhile."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np

from inspection.conveyor.world import VIEW_HEIGHT, VIEW_WIDTH, keep_whole, open_world, read_kept, world_dir
from inspection.errors import PictureRefused
from inspection.images import encode_png
from inspection.types import U8

SHOWN_WIDTH, SHOWN_HEIGHT = 480, 360  # a piece of belt on the screen


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    shot: bytes  # untrusted, if it came from a folder
    shown: U8  # (SHOWN_HEIGHT, SHOWN_WIDTH, 3)
    scale: float  # shown pixels a pixel of the shot
    offset: tuple[float, float]  # where the shot's corner lies on what is shown
    truth: str | None = None  # the class that it was made with, where that is known
    refused: PictureRefused | None = None  # of a file that is there and was not read: why


class Source(Protocol):
    def open(self) -> None: ...

    def take(self) -> Part | None:
        """The next part, or None while there is none: then an empty piece of belt comes by."""
        ...

    def close(self) -> None: ...


def show_view(pixels: U8) -> U8:
    """A whole field of the camera at the size of the screen."""
    size = (SHOWN_WIDTH, SHOWN_HEIGHT)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=1)
def draw_empty() -> U8:
    """Belt with nothing on it; shared, so never written to."""
    path = world_dir() / "empty.png"
    kept = read_kept(path)
    if kept is not None:
        return kept[1]
    shown = show_view(open_world().draw_empty())
    keep_whole(path, encode_png(shown))
    return shown


def lay_picture(pixels: U8, ground: U8) -> tuple[U8, float, tuple[float, float]]:
    """A picture of any size, laid whole on a shown piece of belt: what is shown, its scale and its corner."""
    height, width = pixels.shape[:2]
    room_w, room_h = SHOWN_WIDTH - 24, SHOWN_HEIGHT - 24
    scale = min(room_w / width, room_h / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (SHOWN_WIDTH - size[0]) // 2, (SHOWN_HEIGHT - size[1]) // 2
    shown = ground.copy()
    shown[top : top + size[1], left : left + size[0]] = cv2.resize(pixels, size, interpolation=kernel)
    return shown, scale, (float(left), float(top))


def make_part(name: str, shot: bytes, pixels: U8, truth: str) -> Part:
    """A synthesised one: the shot is the whole piece of belt."""
    assert pixels.shape[:2] == (VIEW_HEIGHT, VIEW_WIDTH)
    return Part(name, shot, show_view(pixels), SHOWN_WIDTH / VIEW_WIDTH, (0.0, 0.0), truth)
