"""The mean of the weights of several trainings of one model, to start another from.

    python -m tests.bench.means OUT.safetensors WEIGHTS...

Trainings that began with the same weights lie close enough together for their mean to be a network that works, and errs less
than each (Wortsman et al. 2022).
"""

import sys
from pathlib import Path

import torch

from inspection.learning.checkpoint import save_best
from models.loading import read_stored


def main(out: Path, sources: list[Path]) -> None:
    stored = [read_stored(source) for source in sources]
    mean = {
        name: torch.stack([each.tensors[name].double() for each in stored]).mean(0).to(tensor.dtype)
        for name, tensor in stored[0].tensors.items()
    }
    save_best(out, mean, stored[0].class_names)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
