"""From the bytes of an entry to its outcome and the pictures that show it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inspection.errors import PictureRefused
from inspection.images import decode
from inspection.types import Inspection, Picture
from inspection.ui.keeping import keep_or_hold
from inspection.ui.overlays import (
    decode_preview,
    draw_evidence,
    draw_thumbnail,
    encode_jpeg,
    scale_evidence,
    shrink_evidence,
)
from inspection.ui.state import Entry
from inspection.ui.uploads import Refusal

if TYPE_CHECKING:
    from inspection.pipeline import Inspector

PREVIEW_SIDE = 1280


@dataclass(frozen=True, slots=True)
class KeptInspector:
    """An inspector whose every inspection is kept."""

    inspector: "Inspector"
    source: str  # "sample", "upload" or "camera"

    def inspect(self, picture: Picture) -> Inspection:
        return self.inspector.inspect(picture)

    def keep(self, inspection: Inspection, picture: bytes) -> None:
        keep_or_hold(inspection, picture, inspector=self.inspector, source=self.source)


def judge(entry: Entry, inspector: "Inspector | KeptInspector") -> Entry:
    """A picture that is refused is an outcome like another; it stands beside those that went through."""
    try:
        picture = decode(entry.data, name=entry.name)
        inspection = inspector.inspect(picture)
    except PictureRefused as error:
        return replace(entry, outcome=Refusal.of(entry.name, error))
    pixels, shrunk = shrink_evidence(picture.pixels, inspection, PREVIEW_SIDE)
    judged = replace(
        entry,
        outcome=inspection,
        thumbnail=encode_jpeg(draw_thumbnail(pixels, shrunk), quality=80),
        preview=entry.preview or encode_jpeg(pixels),
        size=(picture.width, picture.height),
    )
    if isinstance(inspector, KeptInspector):  # last: what is kept is also settled, so it is not kept again
        inspector.keep(inspection, entry.data)
    return judged


def mark_pictures(entries: Sequence[Entry]) -> Iterator[tuple[int, bytes]]:
    """(position, JPEG with the evidence drawn on it) of every entry that was inspected."""
    for position, entry in enumerate(entries):
        if entry.inspection is None or entry.preview is None:
            continue
        pixels = decode_preview(entry.preview)
        factor = pixels.shape[1] / entry.size[0]
        yield position, encode_jpeg(draw_evidence(pixels, scale_evidence(entry.inspection, factor)))
