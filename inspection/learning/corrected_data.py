"""What people corrected becomes a data set: the parts as they were cut for the classifier, with their labels, under the
SHA-256 of all that it holds.

The crop is kept at its own resolution; resized to a network's input it is what that network was served (letterbox.py).
"""

import hashlib
import json
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from inspection.config import Settings
from inspection.errors import DataInvalid, PictureRefused
from inspection.images import decode
from inspection.learning.arrays import ArraySet, read_rgb
from inspection.letterbox import crop_bounds, resize
from inspection.lines import Line
from inspection.records.errors import PictureAltered, PictureMissing, RecordUnknown
from inspection.records.labels import NOT_FOUND, Label, read_labels
from inspection.records.record import Record
from inspection.records.store import RecordStore
from inspection.types import U8, Box
from inspection.writing import write_atomically

MANIFEST = "manifest.json"
HELD_OUT_SHARE, VALIDATION_SHARE = 0.20, 0.15
Side = Literal["teach", "validate", "held out"]


@dataclass(frozen=True, slots=True)
class CorrectedPart:
    picture_sha256: str
    class_name: str
    side: Side
    inspection: int  # the record whose box was cut out
    answers: tuple[int, ...]  # the records that say the class
    box: tuple[float, float, float, float]
    pixels_sha256: str  # of the crop's bytes and shape
    agrees: bool  # the model had said the same

    @property
    def file(self) -> str:
        return f"parts/{self.picture_sha256}.png"

    @property
    def key(self) -> str:
        """In evaluations."""
        return f"corrected/{self.class_name}/{self.picture_sha256[:16]}"


@dataclass(frozen=True, slots=True)
class Unused:
    picture_sha256: str
    answers: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class CorrectedData:
    folder: Path
    sha256: str
    line: str
    class_names: tuple[str, ...]
    parts: tuple[CorrectedPart, ...]  # by picture hash
    left_out: tuple[Unused, ...]
    last_answer: int

    def side(self, side: Side) -> tuple[CorrectedPart, ...]:
        return tuple(part for part in self.parts if part.side == side)

    def counts(self) -> dict[str, int]:
        found = Counter(part.class_name for part in self.parts)
        return {name: found[name] for name in self.class_names}

    def read_crop(self, part: CorrectedPart) -> U8:
        return read_rgb(self.folder / part.file)

    def load(self, parts: tuple[CorrectedPart, ...], *, size: int) -> ArraySet:
        """As a network of this input size is served."""
        pixels = np.empty((len(parts), size, size, 3), np.uint8)
        for place, part in enumerate(parts):
            pixels[place] = resize(self.read_crop(part), size, size)
        labels = np.array([self.class_names.index(part.class_name) for part in parts], np.int64)
        return ArraySet(pixels, labels, tuple(part.key for part in parts))


def choose_side(picture_sha256: str) -> Side:
    """By the picture's hash alone, so that what was held out once is held out for ever."""
    place = int(picture_sha256[:8], 16) / 2**32
    if place < HELD_OUT_SHARE:
        return "held out"
    return "validate" if place < HELD_OUT_SHARE + VALIDATION_SHARE else "teach"


def build_corrected_data(store: RecordStore, line: Line, settings: Settings) -> CorrectedData:
    """The same answers give the same hash and the same folder; what is there is not written again."""
    labels = read_labels(store, line)
    if not labels.held:
        raise DataInvalid(
            f"Expected corrected or confirmed parts of line {line.name} in the records, got none. "
            "Answer some in the review queue first."
        )
    found = [find_part(store, line, label) for label in labels.held]
    parts = [each for each in found if isinstance(each, CorrectedPart)]
    left_out = [
        *(Unused(each.picture_sha256, each.answers, each.reason) for each in labels.left_out),
        *(each for each in found if isinstance(each, Unused)),
    ]
    body = describe(line, parts, left_out, labels.last_answer)
    folder = settings.var_dir / "corrected" / line.name / str(body["sha256"])
    if not (folder / MANIFEST).is_file():
        write_data(store, line, parts, body, folder)
    # the folder may be older than the last answers: those that taught nothing left the data as they were
    return replace(read_corrected_data(folder), left_out=tuple(left_out), last_answer=labels.last_answer)


def write_data(
    store: RecordStore, line: Line, parts: Sequence[CorrectedPart], body: Mapping[str, Any], folder: Path
) -> None:
    """The folder is there whole, or not at all."""
    scratch = folder.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.part")
    (scratch / "parts").mkdir(parents=True)
    try:
        for part in parts:
            write_crop(scratch / part.file, cut_crop(store, line, store.get(part.inspection)))
        write_atomically(scratch / MANIFEST, (json.dumps(body, indent=1, sort_keys=True) + "\n").encode())
        if not (folder / MANIFEST).is_file():
            os.replace(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def find_part(store: RecordStore, line: Line, label: Label) -> CorrectedPart | Unused:
    try:
        record = store.get(label.subject_id)
        if record.body["box"] is None:
            return Unused(label.picture_sha256, label.answers, NOT_FOUND)
        crop = cut_crop(store, line, record)
    except (PictureMissing, PictureAltered, RecordUnknown, PictureRefused) as error:
        return Unused(label.picture_sha256, label.answers, f"{error.kind}: {error}")
    x1, y1, x2, y2 = record.body["box"]
    return CorrectedPart(
        picture_sha256=label.picture_sha256,
        class_name=label.class_name,
        side=choose_side(label.picture_sha256),
        inspection=label.subject_id,
        answers=label.answers,
        box=(x1, y1, x2, y2),
        pixels_sha256=hash_pixels(crop),
        agrees=label.agrees,
    )


def cut_crop(store: RecordStore, line: Line, record: Record) -> U8:
    """As it was served to the classifier, at its own resolution."""
    picture = decode(store.read_picture(record), name=str(record.picture_sha256))
    margin = line.locate.margin if line.locate.mode == "detector" else 0.0
    box = Box(*record.body["box"])
    bounds = crop_bounds(box, margin, width=picture.width, height=picture.height)
    return np.ascontiguousarray(
        picture.pixels[int(bounds.y1) : int(bounds.y2), int(bounds.x1) : int(bounds.x2)]
    )


def write_crop(path: Path, crop: U8) -> None:
    import cv2

    done, encoded = cv2.imencode(".png", crop[..., ::-1])
    assert done
    path.write_bytes(encoded.tobytes())


def hash_pixels(pixels: U8) -> str:
    """Of the pixels and not of the file: another release of the encoder may write the same picture otherwise."""
    shape = ",".join(map(str, pixels.shape)).encode()
    return hashlib.sha256(shape + b"\n" + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def describe(
    line: Line, parts: list[CorrectedPart], left_out: list[Unused], last_answer: int
) -> dict[str, Any]:
    content: dict[str, Any] = {
        "format": 1,
        "line": line.name,
        "classes": list(line.classes),
        "parts": [asdict(part) for part in parts],
    }
    return {
        **content,
        "sha256": hash_content(content),
        # what taught nothing is told, but it is not the data
        "left_out": [asdict(each) for each in left_out],
        "last_answer": last_answer,
    }


def hash_content(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_corrected_data(folder: Path) -> CorrectedData:
    """The labels are held to their hash; `check_crops` does so with the pixels."""
    path = folder / MANIFEST
    if not path.is_file():
        raise DataInvalid(f"Expected corrected parts in {folder}, found no {MANIFEST}. Build them again.")
    told = json.loads(path.read_text(encoding="utf-8"))
    content = {name: told.get(name) for name in ("format", "line", "classes", "parts")}
    if hash_content(content) != told.get("sha256") or folder.name != told["sha256"]:
        raise DataInvalid(
            f"Expected {path} to have the SHA-256 of its folder's name, got another: it was changed. "
            "Remove the folder and build it again from the records."
        )
    parts = tuple(
        CorrectedPart(**{**each, "answers": tuple(each["answers"]), "box": tuple(each["box"])})
        for each in told["parts"]
    )
    return CorrectedData(
        folder=folder,
        sha256=told["sha256"],
        line=told["line"],
        class_names=tuple(told["classes"]),
        parts=parts,
        left_out=tuple(Unused(**{**each, "answers": tuple(each["answers"])}) for each in told["left_out"]),
        last_answer=told["last_answer"],
    )


def check_crops(data: CorrectedData) -> None:
    """Before they teach."""
    for part in data.parts:
        if hash_pixels(data.read_crop(part)) != part.pixels_sha256:
            raise DataInvalid(
                f"Expected {data.folder / part.file} to have the pixels of the manifest, got others: it was changed. "
                "Remove the folder and build it again from the records."
            )
