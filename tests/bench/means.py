"""The mean of the weights of several trainings of one model, to be looked at or to start another from.

    python -m tests.bench.means OUT.safetensors WEIGHTS...

`release --mean-with` makes what ships.
"""

import sys
from pathlib import Path

from inspection.learning.mean_run import average_weights


def main(out: Path, sources: list[Path]) -> None:
    average_weights(sources, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
