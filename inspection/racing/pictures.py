"""Pictures to race on where a line ships none: what a picture shows changes its verdict, hardly its cost."""

from inspection.images import encode_jpeg

_FIRST_SEED = 980_000_000  # far from the seeds of training and test scenes
PICTURES = 4


def make_pictures(count: int = PICTURES) -> list[bytes]:
    from inspection.learning.synthesis import render_scene

    return [encode_jpeg(render_scene(_FIRST_SEED + number).pixels) for number in range(count)]
