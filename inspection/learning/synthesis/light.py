"""One room: the key light, what a mirror would see of the lamps and walls, and the view's slant."""

from dataclasses import dataclass

import cv2
import numpy as np

from inspection.types import F32

_SIDE = 96
REACH = 1.7  # the room map covers ±REACH in reflected slope; beyond it the rim is repeated


@dataclass(frozen=True, slots=True)
class Light:
    azimuth_rad: float  # where the key light stands, in the frame's plane
    elevation_rad: float
    room: F32  # (96, 96, 3), what a mirror sees for each reflected slope
    key_strength: float
    slant: tuple[float, float]  # how much the line of sight leans over the frame, a unit of half frame

    @property
    def direction(self) -> tuple[float, float, float]:
        flat = float(np.cos(self.elevation_rad))
        return (
            flat * float(np.cos(self.azimuth_rad)),
            flat * float(np.sin(self.azimuth_rad)),
            float(np.sin(self.elevation_rad)),
        )

    def turned(self, angle_rad: float) -> "Light":
        """The same light seen from a frame that is itself turned by `angle_rad` in the picture."""
        centre = (_SIDE - 1) / 2
        matrix = cv2.getRotationMatrix2D((centre, centre), float(np.degrees(angle_rad)), 1.0)
        room = cv2.warpAffine(self.room, matrix, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE)
        return Light(
            self.azimuth_rad - angle_rad,
            self.elevation_rad,
            np.asarray(room, np.float32),
            self.key_strength,
            self.slant,
        )

    def softened(self, roughness: float) -> F32:
        """The room as a rough metal sees it."""
        return np.asarray(cv2.GaussianBlur(self.room, (0, 0), max(0.8, roughness * _SIDE)), np.float32)


def _lamp(u: F32, v: F32, half: tuple[float, float], edge: float) -> F32:
    across = np.clip((half[0] - np.abs(u)) / edge + 0.5, 0, 1)
    along = np.clip((half[1] - np.abs(v)) / edge + 0.5, 0, 1)
    return np.asarray(across * along, np.float32)


def make_light(rng: np.random.Generator) -> Light:
    azimuth, elevation = float(rng.uniform(0, 2 * np.pi)), float(np.radians(rng.uniform(36, 66)))
    axis = np.linspace(-REACH, REACH, _SIDE, dtype=np.float32)
    v, u = np.meshgrid(axis, axis, indexing="ij")
    cos, sin = np.cos(azimuth), np.sin(azimuth)
    toward, beside = u * cos + v * sin, -u * sin + v * cos
    warm = 1 + rng.uniform(-0.09, 0.09) * np.array([1.0, 0.1, -1.0])
    cool = 1 - rng.uniform(0.0, 0.08) * np.array([1.0, 0.15, -1.0])
    walls = (
        rng.uniform(0.24, 0.46) * (1 + 0.6 * np.tanh(1.2 * toward)) * (1 + rng.uniform(-0.25, 0.25) * beside)
    )
    walls = walls * (1 - 0.25 * np.clip(np.hypot(u, v) - 0.7, 0, 1))
    room = walls[..., None] * cool
    distance = min(1.15, 0.95 / np.tan(elevation))
    key = _lamp(
        toward - distance,
        beside - rng.uniform(-0.3, 0.3),
        (rng.uniform(0.18, 0.42), rng.uniform(0.4, 0.9)),
        0.12,
    )
    room = room + rng.uniform(1.1, 2.4) * key[..., None] * warm
    if rng.random() < 0.75:  # a second lamp or window, less bright
        tilt, offset = rng.uniform(0, np.pi), rng.uniform(-0.9, 0.9)
        cross = u * np.cos(tilt) + v * np.sin(tilt) - offset
        room = (
            room
            + rng.uniform(0.3, 0.9)
            * _lamp(cross, v * 0 + 0.0, (rng.uniform(0.06, 0.2), 9.0), 0.1)[..., None]
            * cool
        )
    if rng.random() < 0.7:  # a beam or a machine that hides a strip of the ceiling
        tilt, offset = rng.uniform(0, np.pi), rng.uniform(-0.7, 0.7)
        cross = u * np.cos(tilt) + v * np.sin(tilt) - offset
        room = (
            room
            * (1 - rng.uniform(0.3, 0.65) * _lamp(cross, v * 0, (rng.uniform(0.08, 0.3), 9.0), 0.16))[
                ..., None
            ]
        )
    camera = np.hypot(u - rng.uniform(-0.2, 0.2), v - rng.uniform(-0.2, 0.2))
    room = room * (1 - 0.3 * np.clip(1.2 - camera / 0.22, 0, 1))[..., None]  # the dark lens itself
    lean, turn = rng.uniform(0.05, 0.3), rng.uniform(0, 2 * np.pi)
    return Light(
        azimuth,
        elevation,
        room.astype(np.float32),
        float(rng.uniform(0.55, 1.25)),
        (float(lean * np.cos(turn)), float(lean * np.sin(turn))),
    )
