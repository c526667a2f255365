"""How the parts that were made to judge by are named, by the strength of their defect and by their design.

    python -m tests.bench.strengths MODEL [PRECISION]

`judge-more aluminium --model MODEL` must have made the parts and judged them here.
"""

import json
import sys
from pathlib import Path

import numpy as np

from inspection.config import load_settings
from inspection.learning.data import BOXES
from inspection.learning.evaluate import MORE_PARTS, name_more, read_evaluations
from inspection.learning.intervals import find_wilson_interval
from inspection.learning.more_parts import JUDGING

EDGES = (0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.01)


def tell(name: str, right: np.ndarray) -> None:
    interval = find_wilson_interval(int(right.sum()), len(right))
    if interval is not None:
        print(f"{name}: {right.mean():.1%} ({interval.low:.1%} to {interval.high:.1%}, n = {len(right)})")


def main(model: str, precision: str) -> None:
    settings = load_settings()
    rows = read_evaluations(settings.weights_dir / "aluminium" / f"{model}.parquet")
    judged = next(each for key, each in rows.items() if key == (MORE_PARTS, precision))
    side = JUDGING.plan(len(judged)).name
    told = json.loads((settings.var_dir / "data" / name_more("aluminium") / side / BOXES).read_text())
    known = {Path(image["file_name"]).name: image for image in told["images"]}
    images = [known[Path(key).name] for key in judged.keys]
    right = judged.called == judged.labels
    strength = np.array([image["severity_0_1"] for image in images])
    design = np.array([image["design"] for image in images])
    defective = np.array([not Path(image["file_name"]).name.startswith("flawless") for image in images])
    for low, high in zip(EDGES, EDGES[1:], strict=False):
        tell(
            f"strength {low:g} to {min(high, 1):g}", right[defective & (strength >= low) & (strength < high)]
        )
    for name in np.unique(design):
        tell(str(name), right[design == name])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "f32")
