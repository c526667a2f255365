"""Pictures of machined aluminium parts on a belt, made from a seed, with their defects known to the pixel."""

from inspection.learning.synthesis.belt import Belt, make_belt
from inspection.learning.synthesis.blending import blend_patch
from inspection.learning.synthesis.dataset import (
    NO_PART,
    TRAINED_DESIGNS,
    PlannedScene,
    plan_dataset,
    write_dataset,
    write_scene,
)
from inspection.learning.synthesis.defects import CONDITIONS
from inspection.learning.synthesis.light import Light, make_light
from inspection.learning.synthesis.parts import DESIGNS, HELD_OUT_DESIGNS
from inspection.learning.synthesis.pose import Pose, fit_pose, pick_pose
from inspection.learning.synthesis.scene import Placed, Scene, place, render_scene
from inspection.learning.synthesis.sprite import Kind, Sprite, render_part

__all__ = [
    "CONDITIONS",
    "DESIGNS",
    "HELD_OUT_DESIGNS",
    "Belt",
    "Kind",
    "Light",
    "Placed",
    "PlannedScene",
    "Pose",
    "Scene",
    "Sprite",
    "TRAINED_DESIGNS",
    "NO_PART",
    "blend_patch",
    "plan_dataset",
    "write_dataset",
    "write_scene",
    "fit_pose",
    "make_belt",
    "make_light",
    "pick_pose",
    "place",
    "render_part",
    "render_scene",
]
