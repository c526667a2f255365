"""How well stored weights of the synthetic line name parts at other sizes of picture, looking once and twice.

    python -m tests.bench.looks MODEL SIDE... [--parts N] [--of WEIGHTS...] [--free-forms] [--precision bf16]

The parts are those that calibrate: of the designs that teach, under a seed that neither taught nor judges; or free forms, of
the last seed that `--made-seed` takes, which no training that is judged so may be given. What is chosen by them leaves the test
side untouched.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from inspection.config import count_cores, load_settings
from inspection.engines.export import export_network
from inspection.engines.openvino import OpenVinoEngine
from inspection.learning.config import MOST_SEED
from inspection.learning.evaluate import evaluate_set
from inspection.learning.intervals import find_wilson_interval
from inspection.learning.more_parts import CALIBRATING, Purpose, make_more
from inspection.learning.synthesis.free_forms import FREE_FORMS
from inspection.lines import load_line
from models.loading import read_stored
from models.registry import build_network, find_spec

FREE = Purpose("free forms", "free", "free_parts", MOST_SEED, tuple(FREE_FORMS))


def measure(model: str, weights: Path, side: int, asked: argparse.Namespace) -> None:
    settings, line = load_settings(), load_line("aluminium")
    stored, spec = read_stored(weights), replace(find_spec(model), input_size=side)
    network = build_network(model, len(stored.class_names))
    network.load_state_dict(stored.tensors)
    graph = export_network(network.eval(), spec)
    engine = OpenVinoEngine(graph.clone, precision=asked.precision, threads=settings.threads)
    pictures, _ = make_more(
        line,
        (FREE if asked.free_forms else CALIBRATING).plan(asked.parts),
        settings,
        size=side,
        workers=count_cores(),
    )
    looks = []
    for quarter in range(2):
        turned = replace(pictures, pixels=np.ascontiguousarray(np.rot90(pictures.pixels, quarter, (1, 2))))
        looks.append(evaluate_set(engine, turned, split="calibration", channels=spec.channels).logits)
    for told, logits in (("one look", looks[0]), ("two looks", (looks[0] + looks[1]) / 2)):
        right = logits.argmax(axis=1) == pictures.labels
        interval = find_wilson_interval(int(right.sum()), len(right))
        worst = min(float(right[pictures.labels == label].mean()) for label in np.unique(pictures.labels))
        print(
            f"{weights.parent.name}/{weights.stem} {side} px {told}: {right.mean():.2%} ({interval.low:.2%} to {interval.high:.2%}, n = {len(right)}), "
            f"worst class {worst:.1%}",
            flush=True,
        )


def main() -> None:
    told = argparse.ArgumentParser()
    told.add_argument("model")
    told.add_argument("sides", type=int, nargs="+")
    told.add_argument("--parts", type=int, default=4000)
    told.add_argument("--of", type=Path, nargs="+", help="Weights; those that ship by default.")
    told.add_argument("--free-forms", action="store_true")
    told.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    asked = told.parse_args()
    shipped = load_settings().weights_dir / "aluminium" / f"{asked.model}.safetensors"
    for weights in asked.of or [shipped]:
        for side in asked.sides:
            measure(asked.model, weights, side, asked)


if __name__ == "__main__":
    main()
