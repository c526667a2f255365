"""The pictures that lie on the desk, small enough for a screen."""

from dataclasses import dataclass

import streamlit as st

from inspection.images import decode
from inspection.records.record import Record
from inspection.records.store import RecordStore
from inspection.types import U8
from inspection.ui.overlays import encode_jpeg, fit

_SIDE = 1280
_AROUND = 0.1  # of the box, on each side: a defect at the rim stays whole


@dataclass(frozen=True, slots=True)
class Photo:
    whole: bytes  # JPEG
    part: bytes | None  # the part alone, from the picture's own pixels; None where it fills the frame
    size: tuple[int, int]


def get_photo(store: RecordStore, record: Record) -> Photo:
    """PictureMissing or PictureAltered where the file is not what the record says; PictureRefused where it is no picture."""
    return _load_photo(store, record, record.hash)


@st.cache_data(max_entries=16, show_spinner=False)
def _load_photo(_store: RecordStore, _record: Record, record_hash: str) -> Photo:
    # no name: a file that is called "cracked-07.png" would tell the answer
    picture = decode(_store.read_picture(_record), name=f"record {_record.id}")
    box = _record.body["box"]
    part = None if box is None else _cut(picture.pixels, box)
    return Photo(
        whole=encode_jpeg(fit(picture.pixels, _SIDE), quality=92),
        part=None if part is None else encode_jpeg(fit(part, _SIDE), quality=94),
        size=(picture.width, picture.height),
    )


def _cut(pixels: U8, box: list[float]) -> U8 | None:
    height, width = pixels.shape[:2]
    across, down = (box[2] - box[0]) * _AROUND, (box[3] - box[1]) * _AROUND
    left, right = max(0, int(box[0] - across)), min(width, int(box[2] + across) + 1)
    top, bottom = max(0, int(box[1] - down)), min(height, int(box[3] + down) + 1)
    if right - left < 2 or bottom - top < 2 or (right - left) * (bottom - top) > 0.9 * width * height:
        return None
    return pixels[top:bottom, left:right]
