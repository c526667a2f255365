"""How a picture is refused, and how large one may be. Sizes are checked from the header, before anything is decoded."""

from dataclasses import dataclass

from inspection.errors import (
    PictureAnimated,
    PictureDamaged,
    PictureEmpty,
    PictureRefused,
    PictureTooLarge,
    PictureUnsupported,
)

# OpenCV's remap and warpAffine address pixels with 16-bit signed numbers.
MAX_SIDE_PX = 32_767
# A strip thinner than this has no pixel left on its short side once it is scaled to a network's input.
MAX_ASPECT = 100
# Pillow, which decodes the rarer kinds, refuses more than this whatever the settings say.
MAX_PIXELS = 89_478_485

_ADVICE: dict[type[PictureRefused], str] = {
    PictureEmpty: "Check that the camera or the copy had finished writing it, then send it again.",
    PictureDamaged: "Copy or export it again from where it was taken.",
    PictureUnsupported: "Save it as an 8- or 16-bit PNG, JPEG, BMP, TIFF or WebP and send it again.",
    PictureAnimated: "Save the one frame or page to be inspected as a picture of its own.",
    PictureTooLarge: "Crop it or scale it down.",
}


def refuse(
    kind: type[PictureRefused], *, expected: str, got: str, advice: str | None = None
) -> PictureRefused:
    return kind(f"expected {expected}, got {got}. {advice or _ADVICE[kind]}")


@dataclass(frozen=True, slots=True)
class Limits:
    max_bytes: int
    max_pixels: int

    def check_bytes(self, size: int) -> None:
        if size > self.max_bytes:
            raise refuse(
                PictureTooLarge,
                expected=f"at most {self.max_bytes:,} bytes",
                got=f"{size:,}",
                advice="Crop it or compress it more, or raise ASSAY_MAX_PICTURE_BYTES.",
            )

    def check_size(self, width: int, height: int) -> None:
        got = f"{width:,} × {height:,}"
        if width < 1 or height < 1:
            raise refuse(PictureDamaged, expected="a picture of at least one pixel", got=got)
        max_pixels = min(self.max_pixels, MAX_PIXELS)
        if width * height > max_pixels:
            raise refuse(
                PictureTooLarge,
                expected=f"at most {max_pixels:,} pixels",
                got=f"{got} = {width * height:,}",
                advice="Crop it or scale it down, or raise ASSAY_MAX_PICTURE_PIXELS.",
            )
        if max(width, height) > MAX_SIDE_PX:
            raise refuse(PictureTooLarge, expected=f"sides of at most {MAX_SIDE_PX:,} pixels", got=got)
        if max(width, height) > MAX_ASPECT * min(width, height):
            raise refuse(
                PictureTooLarge,
                expected=f"a long side at most {MAX_ASPECT} times the short one",
                got=got,
                advice="Cut it into pieces nearer to a square.",
            )


def refuse_cut(format_name: str, *, expected: str, got: str) -> PictureRefused:
    return refuse(
        PictureDamaged,
        expected=expected,
        got=f"{got} (the {format_name} is cut off)",
        advice="Check that the camera or the copy had finished writing it, then send it again.",
    )
