"""A belt for the walks: its parts are made at once, and its frames are looked at as the browser draws them."""

from pathlib import Path

import numpy as np

from inspection.conveyor.parts import SHOWN_HEIGHT, SHOWN_WIDTH
from inspection.conveyor.stock import CAPACITY, plan_parts
from inspection.conveyor.world import VIEW_HEIGHT, VIEW_WIDTH, encode_shot
from inspection.images import encode_png
from tests.ui.fakes import code_of, make_pixels

# Looks at the canvas at each frame of the browser: how often it was blank, how many frames were drawn meanwhile.
WATCH = """async ([wanted, milliseconds]) => {
    const stage = document.querySelector(".stage") ?? find(document.body)
    function find(node) {
        for (const child of node.querySelectorAll("*")) {
            const found = child.shadowRoot && (child.shadowRoot.querySelector(".stage") ?? find(child.shadowRoot))
            if (found) return found
        }
    }
    const canvas = stage.querySelector("canvas")
    const context = canvas.getContext("2d")
    const before = Number(stage.dataset.shown), until = performance.now() + milliseconds
    let blank = 0, looks = 0, different = new Set()
    const started = performance.now()
    while (performance.now() < until && Number(stage.dataset.shown) - before < wanted) {
        await new Promise(requestAnimationFrame)
        const row = context.getImageData(0, 180, canvas.width, 1).data
        let sum = 0, places = 0  // a part that moves along the row leaves the plain sum as it was
        for (let i = 0; i < row.length; i += 4) {
            sum += row[i] + row[i + 1] + row[i + 2]
            places += i * (row[i] + row[i + 1] + row[i + 2])
        }
        looks += 1
        different.add(places)
        if (sum / (3 * canvas.width) < 10) blank += 1
    }
    return { shown: Number(stage.dataset.shown) - before, blank, looks, different: different.size,
             seconds: (performance.now() - started) / 1000,
             waiting: !stage.querySelector(".wait").hidden }
}"""


def write_belt(folder: Path) -> None:
    folder.mkdir(parents=True)
    # speckled, so that a belt that moves is seen to move where no part lies on it
    speckle = np.random.default_rng(0).integers(40, 80, (SHOWN_HEIGHT, SHOWN_WIDTH, 1), np.uint8)
    empty = np.repeat(speckle, 3, axis=2)
    (folder / "empty.png").write_bytes(encode_png(empty))
    for planned in plan_parts(CAPACITY):
        code = code_of(planned.condition) + 10  # in the middle of its class: the shot is a JPEG
        pixels = make_pixels(code, width=VIEW_WIDTH, height=VIEW_HEIGHT)
        pixels[:16, :16] = code
        (folder / planned.name).write_bytes(encode_shot(pixels))
