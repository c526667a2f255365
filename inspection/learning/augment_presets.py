"""How pictures may vary, as data: one `Augment` a recipe, the documents' own among them."""

from dataclasses import dataclass, replace
from typing import Literal

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Augment:
    """Chances are 0…1; a span is drawn from evenly (ratios on a logarithmic scale)."""

    name: str
    flip_x_chance: float = 0.0
    flip_y_chance: float = 0.0
    quarter_turns: bool = False
    rotate_degrees: float = 0.0  # ±
    zoom: Span = (1.0, 1.0)  # > 1 enlarges
    shift: float = 0.0  # ± part of the side
    perspective: float = 0.0  # how far a corner may wander, part of the side
    crop_area: Span | None = None  # a random rectangle of this part of the picture, stretched to the square
    crop_ratio: Span = (3 / 4, 4 / 3)
    brightness: Span = (1.0, 1.0)  # factor
    contrast: Span = (1.0, 1.0)
    gamma: Span = (1.0, 1.0)
    saturation: Span = (1.0, 1.0)
    hue_turns: float = 0.0  # ± part of a full turn
    noise_chance: float = 0.0
    noise_std: float = 0.0  # largest, in grey levels
    blur_chance: float = 0.0
    blur_sigma: float = 0.0  # largest, in pixels
    jpeg_chance: float = 0.0
    jpeg_quality: Span = (30, 95)  # of 100
    erase_chance: float = 0.0
    erase_area: Span = (0.02, 0.12)
    whiten: float = 0.0  # largest share of the ZCA-whitened picture in the blend
    mixup_alpha: float = 0.0
    cutmix_alpha: float = 0.0
    mix_chance: float = 0.5
    mosaic_chance: float = 0.0  # detection only: four pictures in one
    round_parts: bool = False  # detection only: a turned box keeps the extent of the ellipse inside it
    least_visible: float = 0.3  # detection only: a box of which less is left in the picture is forgotten
    border: Literal["reflect", "replicate", "grey"] = "reflect"


PRESETS: dict[str, Augment] = {
    "none": Augment("none"),
    "gentle": Augment("gentle", flip_x_chance=0.5, shift=0.03, zoom=(0.95, 1.05), brightness=(0.9, 1.1)),
    "line-default": Augment(
        "line-default",
        flip_x_chance=0.5,
        flip_y_chance=0.5,
        rotate_degrees=180,
        zoom=(0.9, 1.15),
        shift=0.06,
        brightness=(0.75, 1.25),
        contrast=(0.8, 1.25),
        gamma=(0.8, 1.25),
        noise_chance=0.3,
        noise_std=6,
        blur_chance=0.15,
        blur_sigma=0.9,
    ),
    # A rolled strip has a direction: scratches run along it, so flips and small turns only.
    "strip": Augment(
        "strip",
        flip_x_chance=0.5,
        flip_y_chance=0.5,
        rotate_degrees=8,
        zoom=(0.85, 1.25),
        shift=0.1,
        brightness=(0.7, 1.3),
        contrast=(0.7, 1.4),
        gamma=(0.75, 1.3),
        noise_chance=0.3,
        noise_std=6,
        blur_chance=0.1,
        blur_sigma=0.8,
        mixup_alpha=0.2,
        cutmix_alpha=0.8,
        mix_chance=0.4,
    ),
    "detect": Augment(
        "detect",
        flip_x_chance=0.5,
        flip_y_chance=0.5,
        quarter_turns=True,
        rotate_degrees=12,
        zoom=(0.6, 1.5),
        shift=0.15,
        brightness=(0.7, 1.3),
        contrast=(0.75, 1.3),
        gamma=(0.8, 1.25),
        saturation=(0.6, 1.4),
        hue_turns=0.03,
        noise_chance=0.3,
        noise_std=6,
        mosaic_chance=0.3,
        border="grey",
    ),
    "detect-round": Augment(
        "detect-round",
        flip_x_chance=0.5,
        flip_y_chance=0.5,
        rotate_degrees=180,
        zoom=(0.6, 1.5),
        shift=0.15,
        brightness=(0.7, 1.3),
        contrast=(0.75, 1.3),
        gamma=(0.8, 1.25),
        noise_chance=0.3,
        noise_std=6,
        mosaic_chance=0.3,
        round_parts=True,
        border="grey",
    ),
    "detect-strip": Augment(
        "detect-strip",
        flip_x_chance=0.5,
        flip_y_chance=0.5,
        zoom=(0.7, 1.5),
        shift=0.15,
        brightness=(0.7, 1.3),
        contrast=(0.7, 1.4),
        mosaic_chance=0.5,
        border="grey",
    ),
    "seed000": Augment(  # RandomResizedCrop, HFlip, ColorJitter(.2, .2, .2, .1), Rotation 15°
        "seed000",
        flip_x_chance=0.5,
        rotate_degrees=15,
        crop_area=(0.8, 1.0),
        brightness=(0.8, 1.2),
        contrast=(0.8, 1.2),
        saturation=(0.8, 1.2),
        hue_turns=0.1,
        border="replicate",
    ),
    "seed002": Augment(  # ZCA whitening, flips, rotation, zoom
        "seed002",
        flip_x_chance=0.5,
        flip_y_chance=0.5,
        rotate_degrees=40,
        zoom=(0.8, 1.2),
        whiten=0.5,
        border="replicate",
    ),
    "seed004": Augment(  # ±30°, shift 30 %, zoom 40 %, flips, brightness 60–140 %
        "seed004",
        flip_x_chance=0.5,
        flip_y_chance=0.5,
        rotate_degrees=30,
        shift=0.3,
        zoom=(0.6, 1.4),
        brightness=(0.6, 1.4),
        border="replicate",
    ),
}

# Other lamps, cameras and files than those that taught: what the robustness curves ask.
PRESETS["line-rough"] = replace(
    PRESETS["line-default"],
    name="line-rough",
    brightness=(0.5, 1.4),
    contrast=(0.6, 1.4),
    noise_chance=0.4,
    noise_std=20,
    blur_chance=0.25,
    blur_sigma=2.0,
    jpeg_chance=0.4,
    jpeg_quality=(15, 95),
    erase_chance=0.2,
    erase_area=(0.01, 0.06),
)
# Half a part at the picture's edge is no part, so none may be taught; only turns that keep a box tight.
PRESETS["detect-whole"] = replace(
    PRESETS["detect"],
    name="detect-whole",
    rotate_degrees=0,
    zoom=(0.75, 1.25),
    shift=0.12,
    mosaic_chance=0.15,
    least_visible=0.9,
)
# To end with: pictures nearly as the camera takes them, and no mosaics.
PRESETS["detect-calm"] = replace(
    PRESETS["detect-strip"], name="detect-calm", zoom=(0.85, 1.25), shift=0.08, mosaic_chance=0.0
)
# A part that fills its picture soon loses a tenth of itself: less wandering, and three quarters of it are still a part.
PRESETS["detect-filled"] = replace(
    PRESETS["detect-whole"], name="detect-filled", zoom=(0.6, 1.12), shift=0.08, least_visible=0.75
)
