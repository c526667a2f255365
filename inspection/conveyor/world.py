"""The line's own belt, lamp and camera: where synthesised parts are photographed as they come by.

One belt, one light and one exposure for all parts, as at a real line; everything else is the synthesis that the models
were trained on. A part is rendered once, on a piece of belt as long as the pitch, and the pieces fit one another: what
moves is then only slices of pictures that are ready.
"""

import logging
import threading
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from inspection.config import load_settings
from inspection.learning.synthesis.belt import Belt, make_belt
from inspection.learning.synthesis.camera import Camera, expose, make_camera, meter
from inspection.learning.synthesis.camera import develop as develop_picture
from inspection.learning.synthesis.channels import repeat3
from inspection.learning.synthesis.light import Light, make_light
from inspection.learning.synthesis.pose import fit_pose, pick_pose
from inspection.learning.synthesis.scene import light_belt, place
from inspection.learning.synthesis.sprite import draw_blueprint, render_part
from inspection.learning.synthesis.textures import stream
from inspection.types import F32, U8
from inspection.writing import write_atomically

_log = logging.getLogger("assay.belt")
REVISION = (
    1  # raise it when this world or the synthesis changes what is drawn: names the folder of what is kept
)
VIEW_WIDTH, VIEW_HEIGHT = 640, 480  # what the inspecting camera sees: the size of the training scenes
_OVERLAP = 80  # columns over which the belt's end runs into its start
_BELT_SEED, _LIGHT_SEED, _CAMERA_SEED = 36, 4, 9
_BELT, _LIGHT, _CAMERA, _POSE = 3, 2, 5, 4  # purposes of random streams


@dataclass(frozen=True, slots=True)
class World:
    belt: Belt  # its pixels repeat without a seam along x
    light: Light
    camera: Camera
    gain: float

    def develop(self, pixels: F32) -> U8:
        return develop_picture(expose(pixels, self.camera, self.gain), self.camera)

    def draw_empty(self) -> U8:
        """A piece of belt with nothing on it: (VIEW_HEIGHT, VIEW_WIDTH, 3)."""
        return self.develop(self.belt.pixels * repeat3(light_belt(self.belt, self.light)))

    def draw_part(self, seed: int, *, design: str, condition: str, severity_0_1: float) -> U8:
        pose = pick_pose(stream(seed, _POSE), (VIEW_WIDTH, VIEW_HEIGHT))
        blueprint = draw_blueprint(seed, design)
        pose = fit_pose(replace(pose, x=VIEW_WIDTH / 2), blueprint.outline, (VIEW_WIDTH, VIEW_HEIGHT))
        sprite = render_part(
            seed,
            blueprint,
            design=design,
            condition=condition,
            severity_0_1=severity_0_1,
            light=self.light,
            pose=pose,
        )
        return self.develop(place(sprite, self.belt, self.light, pose).pixels)


_making = threading.Lock()


def open_world() -> World:
    with _making:  # who comes second waits, instead of making another
        return _make_world()


@lru_cache(maxsize=1)
def _make_world() -> World:
    light = make_light(stream(_LIGHT_SEED, _LIGHT))
    # Turned until it shines across the belt: along it every piece is then lit alike, and no seam is seen.
    light = light.turned(light.azimuth_rad - np.pi / 2)
    belt = _close(make_belt(stream(_BELT_SEED, _BELT), VIEW_WIDTH + _OVERLAP, VIEW_HEIGHT))
    camera = make_camera(stream(_CAMERA_SEED, _CAMERA), VIEW_WIDTH, belt.along_rad)
    # The vignette would show at each seam; the strobe of a line's camera leaves no motion blur.
    camera = replace(camera, vignette=0.0, motion=(0.0, 0.0), exposure=1.0)
    lit = belt.pixels * repeat3(light_belt(belt, light))
    return World(belt, light, camera, meter(lit, None, light))


def _close(belt: Belt) -> Belt:
    """The columns beyond the end fade over the first ones, so that the belt runs into itself."""
    fade = np.linspace(0, 1, _OVERLAP, dtype=np.float32)[None, :, None]
    pixels = belt.pixels[:, :VIEW_WIDTH].copy()
    pixels[:, :_OVERLAP] = pixels[:, :_OVERLAP] * fade + belt.pixels[:, VIEW_WIDTH:] * (1 - fade)
    return replace(belt, pixels=np.ascontiguousarray(pixels))


def world_dir() -> Path:
    """Where what was drawn is kept, so that a later start has it at once."""
    return load_settings().cache_dir / "belt" / f"r{REVISION}"


def keep_whole(path: Path, data: bytes) -> None:
    """Where the disk takes it not, it is drawn anew the next time: the belt goes on."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        _log.warning("%s could not be kept: %s", path.name, error)


def read_kept(path: Path) -> tuple[bytes, U8] | None:
    """The file and its pixels, (height, width, 3), RGB; None where there is none, or what a power cut left of one. One that
    may not be read is as none: it is drawn anew."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    return None if pixels is None else (data, np.asarray(pixels, np.uint8))


def encode_shot(pixels: U8, quality_1_100: int = 92) -> bytes:
    """The file that the line's camera hands over."""
    _, coded = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality_1_100]
    )
    return coded.tobytes()
