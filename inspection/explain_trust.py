"""How far a heat map can be trusted where the defect is known: how much of it lies there, beside what chance gives."""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from inspection.errors import DataInvalid
from inspection.formats import png
from inspection.formats.samples import U16, scale_to_8_bits, turn_upright
from inspection.images import decode, read_limits
from inspection.types import F32, U8, Box, Finding, HeatMap


@dataclass(frozen=True, slots=True)
class Overlap:
    """Of the crop, all three in 0…1 but the lift, which is 1 for a map that knows nothing."""

    heat_inside: float  # the map's share of heat that lies on the defect
    area_inside: float  # the defect's share of the area
    peak_inside: bool  # the warmest cell touches the defect

    @property
    def lift(self) -> float:
        return self.heat_inside / self.area_inside


def measure_overlap(heat_map: HeatMap, defect: U8) -> Overlap | None:
    """`defect`: (height, width) of the picture, above zero where the defect is. None where there is nothing to compare."""
    cells = share_cells(defect, heat_map.crop, shape=heat_map.grid.shape)
    heat, area = float(heat_map.grid.sum()), float(cells.mean())
    if heat <= 0 or area <= 0:
        return None
    row, column = np.unravel_index(int(heat_map.grid.argmax()), heat_map.grid.shape)
    return Overlap(
        heat_inside=float((heat_map.grid * cells).sum()) / heat,
        area_inside=area,
        peak_inside=bool(cells[row, column] > 0),
    )


def share_cells(defect: U8, crop: Box, *, shape: tuple[int, ...]) -> F32:
    """What share of each cell of the map's native grid lies on the defect: the map is not smoothed to be judged."""
    left, top, right, bottom = (round(edge) for edge in crop.as_list())
    part = (defect[max(top, 0) : bottom, max(left, 0) : right] > 0).astype(np.float32)
    if part.size == 0:
        return np.zeros(shape, np.float32)
    rows, columns = shape
    # a whole number of pixels a cell first, so that the averaging below loses none
    tall, wide = -(-part.shape[0] // rows) * rows, -(-part.shape[1] // columns) * columns
    large = cv2.resize(part, (wide, tall), interpolation=cv2.INTER_NEAREST)
    shares: F32 = large.reshape(rows, tall // rows, columns, wide // columns).mean(axis=(1, 3))
    return shares


def mask_of_boxes(findings: tuple[Finding, ...], *, width: int, height: int) -> U8:
    """Boxes as a mask, where no other is at hand: they are a detector's guess, and whoever shows them says so."""
    mask = np.zeros((height, width), np.uint8)
    for found in findings:
        x1, y1, x2, y2 = (round(edge) for edge in found.box.as_list())
        mask[max(y1, 0) : y2, max(x1, 0) : x2] = 255
    return mask


def read_mask(data: bytes, *, width: int, height: int) -> U8:
    """A mask that a person brings. Pictures are laid on white, which would make a transparent ground the defect."""
    pixels = decode(data, name="mask").pixels
    return fit_mask(lay_on_black(data) if data.startswith(png.MAGIC) else pixels, width=width, height=height)


def lay_on_black(data: bytes) -> U8:
    """A PNG that was decoded before → (height, width): its brightest channel, zero where it is wholly transparent."""
    header = png.read_header(data, read_limits(None))
    stored = b"".join([png.MAGIC, *(data[start:end] for start, end in header.kept)])
    samples = cast(U8 | U16, cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_UNCHANGED))
    if samples.ndim == 2:
        transparent = png.whiten_key(np.zeros(samples.shape, np.uint8), samples, header) > 0
    else:
        transparent = (samples[..., 3:] == 0).any(axis=2)  # there may be no fourth channel
        samples = samples[..., :3].max(axis=2)
    samples[transparent] = 0
    return turn_upright(scale_to_8_bits(samples), header.orientation)


def fit_mask(mask: U8, *, width: int, height: int) -> U8:
    """A mask has to be of the picture that it belongs to, and to tell the defect from the rest."""
    grey = mask.max(axis=2) if mask.ndim == 3 else mask
    if grey.shape != (height, width):
        raise DataInvalid(
            f"Expected a mask of {width} × {height} pixels, as the picture has, got {grey.shape[1]} × {grey.shape[0]}. "
            "Send the mask of this picture."
        )
    marked = np.count_nonzero(grey)
    if marked in (0, grey.size):
        raise DataInvalid(
            "Expected a mask that is bright where the defect is and black elsewhere, got one that is "
            f"{'bright' if marked else 'black'} everywhere. Paint the defect white on black and send that."
        )
    return np.asarray(grey, dtype=np.uint8)
