"""How a picture becomes a network's input. Training and serving call the same functions, so they agree to the bit."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.types import U8, Box

PAD_GREY = 114  # the value that detectors of the YOLO family are trained to ignore
LEAST_MASK = 32  # of 255: a pixel of which a defect fills an eighth shows it


def resize(pixels: U8, width: int, height: int) -> U8:
    """Area averaging where the picture shrinks (no aliasing of fine defects), bilinear where it grows."""
    if pixels.shape[1] == width and pixels.shape[0] == height:
        return pixels
    shrinks = width * height < pixels.shape[1] * pixels.shape[0]
    kernel = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cast(U8, cv2.resize(pixels, (width, height), interpolation=kernel))


def letterbox(pixels: U8, size: int) -> tuple[U8, float, tuple[int, int]]:
    """Fit the whole picture into a grey square: (the square, its scale, the offset (dx, dy) of the picture)."""
    height, width = pixels.shape[:2]
    scale = size / max(height, width)
    new_width, new_height = max(1, round(width * scale)), max(1, round(height * scale))
    dx, dy = (size - new_width) // 2, (size - new_height) // 2
    square = np.full((size, size, 3), PAD_GREY, np.uint8)
    square[dy : dy + new_height, dx : dx + new_width] = resize(pixels, new_width, new_height)
    return square, scale, (dx, dy)


def boxes_to_letterbox(
    boxes: NDArray[np.floating], scale: float, offset: tuple[int, int]
) -> NDArray[np.float32]:
    """boxes: (m, 4) x1 y1 x2 y2 on the picture → on the square."""
    moved = boxes * scale + np.array([*offset, *offset])
    return cast(NDArray[np.float32], moved.astype(np.float32))


def boxes_from_letterbox(
    boxes: NDArray[np.floating], scale: float, offset: tuple[int, int]
) -> NDArray[np.float32]:
    """The inverse; a box that lay on the padding comes out beyond the picture and is the caller's to clip."""
    moved = (boxes - np.array([*offset, *offset])) / scale
    return cast(NDArray[np.float32], moved.astype(np.float32))


def crop_bounds(box: Box, margin: float, *, width: int, height: int) -> Box:
    """The whole-pixel square around a box, `margin` of its longer side wider on each side.

    Where the square would leave the picture it is pushed back inside; where the picture is too small for it, it takes
    all there is in that direction, and the crop is then a rectangle.
    """
    side = max(1, round(max(box.x2 - box.x1, box.y2 - box.y1) * (1 + 2 * margin)))
    crop_width, crop_height = min(side, width), min(side, height)
    left = round((box.x1 + box.x2 - crop_width) / 2)
    top = round((box.y1 + box.y2 - crop_height) / 2)
    left = min(max(left, 0), width - crop_width)
    top = min(max(top, 0), height - crop_height)
    return Box(left, top, left + crop_width, top + crop_height)


def crop_box(pixels: U8, box: Box, *, margin: float, size: int) -> U8:
    """The crop that a classifier sees: (size, size, 3). `crop_bounds` says where it lies on the picture."""
    height, width = pixels.shape[:2]
    bounds = crop_bounds(box, margin, width=width, height=height)
    crop = pixels[int(bounds.y1) : int(bounds.y2), int(bounds.x1) : int(bounds.x2)]
    return np.ascontiguousarray(resize(crop, size, size))


def crop_mask(mask: U8, box: Box, *, margin: float, size: int) -> U8:
    """(size, size), 0 or 255, in the crop that `crop_box` makes; a hair crack survives the shrinking."""
    cropped = crop_box(mask, box, margin=margin, size=size)
    return np.where(cropped >= LEAST_MASK, 255, 0).astype(np.uint8)
