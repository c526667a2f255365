"""Pictures with their evidence drawn on them. Arrays in, arrays or encoded bytes out; knows nothing of the page."""

import base64
from dataclasses import replace

import cv2
import numpy as np

from inspection import images
from inspection.images import encode_png
from inspection.types import F32, U8, Box, HeatMap, Inspection
from inspection.ui.palette import BOX_COLOUR, NEUTRAL, VERDICT_STYLES, heat_alpha, heat_colours, hex_to_rgb

SMOOTH_SIDE = 256


def fit(pixels: U8, longest: int) -> U8:
    """Shrink so that the longer side is at most `longest`; a small picture stays as it is."""
    height, width = pixels.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return pixels
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def shrink_evidence(pixels: U8, inspection: Inspection, longest: int) -> tuple[U8, Inspection]:
    """Both at the size of a screen: what is drawn on a small picture costs little and looks the same."""
    small = fit(pixels, longest)
    return small, scale_evidence(inspection, small.shape[1] / pixels.shape[1])


def scale_evidence(inspection: Inspection, factor: float) -> Inspection:
    """The same evidence on the picture resized by `factor`."""
    heat_map = inspection.heat_map
    return replace(
        inspection,
        box=None if inspection.box is None else _scale_box(inspection.box, factor),
        findings=tuple(replace(found, box=_scale_box(found.box, factor)) for found in inspection.findings),
        heat_map=None if heat_map is None else replace(heat_map, crop=_scale_box(heat_map.crop, factor)),
    )


def _scale_box(box: Box, factor: float) -> Box:
    return Box(*(edge * factor for edge in box.as_list()))


def decode_preview(jpeg: bytes) -> U8:
    """Only for what `encode_jpeg` wrote; untrusted bytes go through inspection.images."""
    rgb = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    return np.asarray(rgb, dtype=np.uint8)


def encode_jpeg(pixels: U8, quality: int = 88) -> bytes:
    return images.encode_jpeg(pixels, quality_1_100=quality)


def to_data_url(encoded: bytes) -> str:
    kind = "png" if encoded.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(encoded).decode('ascii')}"


def scale_heat(grid: F32, scale: float) -> F32:
    """0…1 on the model's fixed scale: what is at or above `scale` is 1 in every picture alike."""
    values: F32 = np.clip(grid / scale, 0.0, 1.0).astype(np.float32)
    return values


def smooth_heat(values_0_1: F32, width: int, height: int) -> F32:
    """Interpolate the values, not the colours, and with a smoothstep between the cells' middles.

    Every cell keeps its value and nothing lies outside its neighbours': a cubic's ripples would show heat where none is,
    and plain linear interpolation draws a star around a single hot cell.
    """
    rows, columns = values_0_1.shape
    across = np.tile(_step_between(columns, width), (height, 1))
    down = np.tile(_step_between(rows, height)[:, None], (1, width))
    smooth = cv2.remap(values_0_1, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(smooth, dtype=np.float32)


def _step_between(cells: int, pixels: int) -> F32:
    """For each pixel, where to read among the cells: u = i + t → i + t²(3 − 2t)."""
    places = (np.arange(pixels, dtype=np.float32) + 0.5) * cells / pixels - 0.5
    whole = np.floor(places)
    part = places - whole
    return (whole + part * part * (3 - 2 * part)).astype(np.float32)


def paint_heat(values_0_1: F32) -> U8:
    """(h, w) in 0…1 → (h, w, 4): the colour, and an alpha that rises with the heat."""
    index = np.rint(values_0_1 * 255).astype(np.intp)
    alphas = np.array([round(heat_alpha(step / 255) * 255) for step in range(256)], dtype=np.uint8)
    return np.dstack([heat_colours()[index], alphas[index]])


def draw_legend(width: int = 240, height: int = 14) -> bytes:
    """PNG: the colours from no heat to all of it, as they look on metal."""
    painted = paint_heat(np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1)))
    alpha = painted[..., 3:] / np.float32(255)
    ground = np.array(hex_to_rgb(NEUTRAL), np.float32)
    return encode_png(np.rint(ground * (1 - alpha) + painted[..., :3] * alpha).astype(np.uint8))


def heat_layers(heat_map: HeatMap) -> tuple[bytes, bytes]:
    """The native grid, a pixel a cell, and the smooth map: two small PNGs that the browser stretches over the crop."""
    values = scale_heat(heat_map.grid, heat_map.scale)
    native = encode_png(paint_heat(values))
    return native, encode_png(paint_heat(smooth_heat(values, SMOOTH_SIDE, SMOOTH_SIDE)))


def spread_heat(heat_map: HeatMap, *, width: int, height: int, smooth: bool = True) -> F32:
    """The map on the whole picture, 0…1: (height, width), zero beyond the crop."""
    whole = np.zeros((height, width), np.float32)
    left, top, right, bottom = (round(edge) for edge in heat_map.crop.as_list())
    if right <= left or bottom <= top:
        return whole
    values = scale_heat(heat_map.grid, heat_map.scale)
    size = right - left, bottom - top
    patch = (
        smooth_heat(values, *size) if smooth else cv2.resize(values, size, interpolation=cv2.INTER_NEAREST)
    )
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    whole[y1:y2, x1:x2] = patch[y1 - top : y2 - top, x1 - left : x2 - left]
    return whole


def blend_heat(pixels: U8, heat_map: HeatMap, *, opacity_0_1: float = 0.7, smooth: bool = True) -> U8:
    height, width = pixels.shape[:2]
    painted = paint_heat(spread_heat(heat_map, width=width, height=height, smooth=smooth))
    alpha = painted[..., 3:].astype(np.float32) / 255.0 * opacity_0_1
    blended = pixels * (1 - alpha) + painted[..., :3] * alpha
    drawn: U8 = np.rint(blended).astype(np.uint8)
    return drawn


def draw_box(pixels: U8, box: Box, colour: str = BOX_COLOUR) -> U8:
    """A dark line under a light one: seen on any ground."""
    drawn = pixels.copy()
    thickness = max(1, round(max(pixels.shape[:2]) / 400))
    first, last = (round(box.x1), round(box.y1)), (round(box.x2) - 1, round(box.y2) - 1)
    cv2.rectangle(drawn, first, last, (10, 14, 18), thickness * 3, cv2.LINE_AA)
    cv2.rectangle(drawn, first, last, hex_to_rgb(colour), thickness, cv2.LINE_AA)
    return drawn


def draw_evidence(pixels: U8, inspection: Inspection, *, opacity_0_1: float = 0.7, smooth: bool = True) -> U8:
    """The picture as an inspector sees it: heat first, then the part's box, then the boxes of the defects."""
    drawn = pixels
    if inspection.heat_map is not None:
        drawn = blend_heat(drawn, inspection.heat_map, opacity_0_1=opacity_0_1, smooth=smooth)
    if inspection.box is not None:
        drawn = draw_box(drawn, inspection.box)
    for finding in inspection.findings:
        drawn = draw_box(drawn, finding.box, VERDICT_STYLES[inspection.verdict.kind].fill)
    return drawn


def draw_outline(pixels: U8, defect: U8) -> U8:
    """A line around what is marked as a defect, a little apart from it so that the defect itself stays in sight.

    `defect` has the picture's height and width.
    """
    drawn = pixels.copy()
    apart = max(3, round(max(pixels.shape[:2]) / 60)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (apart, apart))
    wide = cv2.dilate((defect > 0).astype(np.uint8), kernel)
    edges, _ = cv2.findContours(wide, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, edges, -1, (10, 14, 18), 3, cv2.LINE_AA)
    cv2.drawContours(drawn, edges, -1, hex_to_rgb(BOX_COLOUR), 1, cv2.LINE_AA)
    return drawn


def cut_box(pixels: U8, box: Box) -> U8:
    """The part of a picture, or of a mask, inside a box; at least a pixel."""
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = (round(edge) for edge in box.as_list())
    x1, y1 = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
    return pixels[y1 : max(min(y2, height), y1 + 1), x1 : max(min(x2, width), x1 + 1)]


def draw_thumbnail(pixels: U8, inspection: Inspection, side: int = 240) -> U8:
    """A square with a bar in the verdict's colour: many of them can be read at a glance."""
    shown = draw_evidence(pixels, inspection)
    square = cut_square(shown, side)
    bar = max(4, side // 24)
    square[-bar:] = hex_to_rgb(VERDICT_STYLES[inspection.verdict.kind].fill)
    return square


def cut_square(pixels: U8, side: int) -> U8:
    """The middle square, resized."""
    height, width = pixels.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    middle = pixels[top : top + edge, left : left + edge]
    kernel = cv2.INTER_AREA if edge > side else cv2.INTER_LINEAR
    return np.array(cv2.resize(middle, (side, side), interpolation=kernel), dtype=np.uint8)
