"""Pictures varied a batch at a time on the device where the network learns.

A GPU learns from more pictures a second than the processor's threads can vary. What is varied, and how far, is as in
`augment`; what is drawn for a picture is not, as it is drawn for the whole batch at once. Nor is each picture shrunk for
its own zoom before it is moved, but the batch for the recipe's mean.
"""

from dataclasses import fields

import torch
from torch import Tensor
from torch.nn import functional

from inspection.errors import DataInvalid
from inspection.learning.augment_presets import Augment, Span

KNOWN = {
    "name",
    "flip_x_chance",
    "flip_y_chance",
    "rotate_degrees",
    "zoom",
    "shift",
    "brightness",
    "contrast",
    "gamma",
    "noise_chance",
    "noise_std",
    "blur_chance",
    "blur_sigma",
}
_BLUR_REACH = 3  # pixels to either side
_LEAST_SIGMA = 0.3
MOST_SIGMA = 1.0  # what the reach holds
LEAST_SHRINK = 0.75  # as in `augment.warp`: below it, a bilinear look skips over pixels


def check_known(augment: Augment) -> None:
    plain = Augment(augment.name)
    beyond = [
        each.name
        for each in fields(augment)
        if each.name not in KNOWN and getattr(augment, each.name) != getattr(plain, each.name)
    ]
    if augment.blur_sigma > MOST_SIGMA:
        beyond.append("blur_sigma")
    if beyond:
        raise DataInvalid(
            f"Expected a recipe whose variations can be made on the device where the network learns, got '{augment.name}' with "
            f"{', '.join(beyond)}. Name another, such as guided."
        )


def vary_batch(
    pixels: Tensor, masks: Tensor, augment: Augment, *, size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """pixels: (n, side, side, 3), bytes · masks: (n, side, side), bytes → levels (n, 3, size, size), whole numbers of 0 to 255,
    and masks (n, size, size), fractions too: where an edge was moved to lies between pixels. Light, noise and blur leave
    the masks alone. The pictures are in no order: the first of them are blurred."""
    stacked = torch.cat([pixels, masks[..., None]], dim=3).permute(0, 3, 1, 2).float()
    stacked = shrink(stacked, augment, size=size)
    turns, shifts = draw_motion(len(pixels), augment, generator)
    moved = move(stacked, turns, shifts, size=size)
    levels = change_light(moved[:, :3], augment, generator)
    levels = blur_some(levels, augment, generator)
    levels = add_noise(levels, augment, generator)
    return levels.round_().clamp_(0, 255), moved[:, 3]


def shrink(pictures: Tensor, augment: Augment, *, size: int) -> Tensor:
    """Averaged over areas to the scale at which they are shown, where that is far below their own."""
    side = pictures.shape[2]
    scale = size / side * (augment.zoom[0] * augment.zoom[1]) ** 0.5
    if scale >= LEAST_SHRINK:
        return pictures
    return functional.interpolate(pictures, size=max(1, round(side * scale)), mode="area")


def draw_motion(count: int, augment: Augment, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Flip, zoom and turn as one matrix (n, 2, 2), then the shift (n, 2): source → target, both squares of −½ to ½."""
    zoom = draw(count, augment.zoom, generator, log=True)
    flips = [
        1 - 2 * (draw(count, (0, 1), generator) < chance).float()
        for chance in (augment.flip_x_chance, augment.flip_y_chance)
    ]
    angle = torch.deg2rad(draw(count, (-augment.rotate_degrees, augment.rotate_degrees), generator))
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    scale = torch.stack([zoom * flips[0], zoom * flips[1]], 1)
    shifts = torch.stack([draw(count, (-augment.shift, augment.shift), generator) for _ in range(2)], 1)
    return turn * scale[:, None, :], shifts


def move(pictures: Tensor, turns: Tensor, shifts: Tensor, *, size: int) -> Tensor:
    """Bilinear; beyond the edge the picture is mirrored. The grid asks where each target pixel comes from."""
    back = torch.linalg.inv(turns)
    offset = -2 * (back @ shifts[:, :, None])  # torch's squares are −1 to 1
    grid = functional.affine_grid(
        torch.cat([back, offset], 2), [len(pictures), 1, size, size], align_corners=False
    )
    return functional.grid_sample(
        pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )


def change_light(levels: Tensor, augment: Augment, generator: torch.Generator) -> Tensor:
    """Gamma, contrast about mid-grey and brightness, one of each a picture."""
    gamma, contrast, brightness = (
        draw(len(levels), span, generator)[:, None, None, None]
        for span in (augment.gamma, augment.contrast, augment.brightness)
    )
    lit = (((levels / 255).clamp(0, 1) ** gamma - 0.5) * contrast + 0.5) * brightness
    return (lit * 255).clamp(0, 255)


def blur_some(levels: Tensor, augment: Augment, generator: torch.Generator) -> Tensor:
    """The first of the batch, which was shuffled: so many as the chance says, so that nobody waits to count them."""
    count = round(len(levels) * augment.blur_chance)
    if not count:
        return levels
    sigma = draw(count, (_LEAST_SIGMA, max(augment.blur_sigma, _LEAST_SIGMA)), generator)
    places = torch.arange(-_BLUR_REACH, _BLUR_REACH + 1, device=levels.device)
    kernel = (-(places**2) / (2 * sigma[:, None] ** 2)).exp()
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(3, dim=0)
    channels, side = 3 * count, levels.shape[2]
    blurred = levels[:count].reshape(1, channels, side, side)
    blurred = functional.pad(blurred, (_BLUR_REACH,) * 4, mode="reflect")
    blurred = functional.conv2d(blurred, kernel[:, None, :, None], groups=channels)
    blurred = functional.conv2d(blurred, kernel[:, None, None, :], groups=channels)
    return torch.cat([blurred.view(count, 3, side, side), levels[count:]])


def add_noise(levels: Tensor, augment: Augment, generator: torch.Generator) -> Tensor:
    if not augment.noise_chance:
        return levels
    noisy = draw(len(levels), (0, 1), generator) < augment.noise_chance
    std = draw(len(levels), (0, augment.noise_std), generator) * noisy
    normal = torch.randn(levels.shape, device=levels.device, generator=generator)
    return levels + normal * std[:, None, None, None]


def draw(count: int, span: Span, generator: torch.Generator, *, log: bool = False) -> Tensor:
    """(count,), evenly from the span, or from its logarithms."""
    low, high = torch.tensor(span, dtype=torch.float64).log().tolist() if log else span
    drawn = torch.rand(count, device=generator.device, generator=generator) * (high - low) + low
    return drawn.exp() if log else drawn
