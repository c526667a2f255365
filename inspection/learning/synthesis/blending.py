"""Poisson blending of a real defect's patch into a sound picture (Pérez et al. 2003), for classes with few examples."""

import cv2
import numpy as np

from inspection.errors import DataInvalid
from inspection.types import U8

_ERODED = 3


def blend_patch(target: U8, patch: U8, mask: U8, centre: tuple[int, int]) -> U8:
    """`target` with the masked part of `patch` grown into it round `centre` (x, y).

    target (h, w, 3), patch (a, b, 3), mask (a, b) with 255 where the defect is. What would fall outside the
    target is left off, so that any centre inside the picture will do.
    """
    _check(target, patch, mask, centre)
    if not (mask > 127).any():
        return target.copy()
    patch, mask = _widen(patch, mask)
    rows, columns = np.nonzero(mask)
    top, left = int(rows.min()), int(columns.min())
    bottom, right = int(rows.max()) + 1, int(columns.max()) + 1
    # cv2 solves on the target round the mask's own box and wants a rim of one pixel everywhere.
    x0 = int(centre[0]) - (right - left) // 2
    y0 = int(centre[1]) - (bottom - top) // 2
    height, width = target.shape[:2]
    cut_left, cut_top = max(0, 2 - x0), max(0, 2 - y0)
    cut_right, cut_bottom = max(0, x0 + right - left - (width - 2)), max(0, y0 + bottom - top - (height - 2))
    left, top, right, bottom = left + cut_left, top + cut_top, right - cut_right, bottom - cut_bottom
    if right - left < 2 or bottom - top < 2:
        return target.copy()
    piece, shape = _with_rim(patch, mask, (top, bottom, left, right))
    if not shape.any():
        return target.copy()
    return _solve(target, piece, shape, (x0 + cut_left - 1, y0 + cut_top - 1))


def _check(target: U8, patch: U8, mask: U8, centre: tuple[int, int]) -> None:
    if target.ndim != 3 or patch.ndim != 3 or target.shape[2] != 3 or patch.shape[2] != 3:
        raise DataInvalid(
            f"Expected two RGB pictures, got shapes {target.shape} and {patch.shape}. Convert them to RGB first."
        )
    if mask.shape != patch.shape[:2]:
        raise DataInvalid(
            f"Expected a mask of the patch's size {patch.shape[:2]}, got {mask.shape}. Cut both from one picture."
        )
    x, y = centre
    if not (0 <= x < target.shape[1] and 0 <= y < target.shape[0]):
        raise DataInvalid(
            f"Expected a centre inside {target.shape[1]} × {target.shape[0]}, got {centre}. Choose a place on the part."
        )


def _widen(patch: U8, mask: U8) -> tuple[U8, U8]:
    """seamlessClone first takes three pixels off the mask all round; they are given here, so the defect stays whole."""
    edge = (_ERODED,) * 4
    wide = cv2.copyMakeBorder(np.where(mask > 127, 255, 0).astype(np.uint8), *edge, cv2.BORDER_CONSTANT)
    wide = cv2.dilate(wide, np.ones((3, 3), np.uint8), iterations=_ERODED)
    return np.asarray(cv2.copyMakeBorder(patch, *edge, cv2.BORDER_REPLICATE), np.uint8), np.asarray(
        wide, np.uint8
    )


def _with_rim(patch: U8, mask: U8, box: tuple[int, int, int, int]) -> tuple[U8, U8]:
    """The masked box with one pixel around it, so that the guidance field has a neighbour everywhere."""
    top, bottom, left, right = box
    padded = cv2.copyMakeBorder(patch, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    piece = padded[top : bottom + 2, left : right + 2]
    shape = np.zeros(piece.shape[:2], np.uint8)
    shape[1:-1, 1:-1] = np.where(mask[top:bottom, left:right] > 127, 255, 0)
    return np.ascontiguousarray(piece), shape


def _solve(target: U8, piece: U8, shape: U8, corner: tuple[int, int]) -> U8:
    """seamlessClone places the centre of the mask's bounding box, so the box must be known to the pixel."""
    left, top, width, height = cv2.boundingRect(shape)
    place = (corner[0] + left + width // 2, corner[1] + top + height // 2)
    return np.asarray(cv2.seamlessClone(piece, target, shape, place, cv2.NORMAL_CLONE), np.uint8)
