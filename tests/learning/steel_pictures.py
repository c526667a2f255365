"""Pictures of steel as its data set has them: one box each, in the format of PASCAL VOC."""

from pathlib import Path

import cv2
import numpy as np

from inspection.lines import load_line

STEEL = load_line("steel")
VOC = (
    "<annotation><object><name>{name}</name><bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax>"
    "<ymax>{3}</ymax></bndbox></object></annotation>"
)


def write_pictures(folder: Path) -> Path:
    """Seven a kind of defect: so few that one each chooses and judges."""
    rng = np.random.default_rng(3)
    for name in ("images", "annotations"):
        (folder / name).mkdir(parents=True)
    for kind in STEEL.classes:
        for number in range(1, 8):
            pixels = rng.integers(60, 200, (200, 200), dtype=np.uint8)
            x, y = rng.integers(10, 90, 2)
            pixels[y : y + 80, x : x + 60] //= 2
            stem = f"{kind}_{number}"
            cv2.imwrite(str(folder / "images" / f"{stem}.jpg"), pixels)
            text = VOC.format(x, y, x + 60, y + 80, name=kind)
            (folder / "annotations" / f"{stem}.xml").write_text(text)
    return folder
