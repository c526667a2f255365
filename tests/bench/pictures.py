"""Pictures to measure with: a line's samples, each time a little brighter or darker, so that no two have the same bytes."""

import io
import zipfile
from dataclasses import dataclass

import cv2
import numpy as np

from inspection.lines import Line


@dataclass(frozen=True, slots=True)
class Made:
    name: str
    data: bytes  # JPEG


def make_pictures(line: Line, count: int, *, seed: int) -> list[Made]:
    rng = np.random.default_rng(seed)
    sources = [cv2.imread(str(path)) for path in line.samples()]
    made = []
    for number in range(count):
        source = sources[number % len(sources)]
        assert source is not None, "a sample that ships can be read"
        changed = cv2.convertScaleAbs(source, alpha=float(rng.uniform(0.92, 1.08)))
        coded = np.asarray(cv2.imencode(".jpg", changed)[1])
        made.append(Made(f"part-{seed}-{number:03d}.jpg", coded.tobytes()))
    return made


def pack(pictures: list[Made]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as writer:
        for picture in pictures:
            writer.writestr(picture.name, picture.data)
    return stream.getvalue()
