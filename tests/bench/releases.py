"""Two releases of a model on the same pictures: who is right only in one of them, and whether that can be chance.

python -m tests.bench.releases OLD.parquet NEW.parquet
"""

import sys
from pathlib import Path

from scipy.stats import binomtest

from inspection.learning.evaluate import read_evaluations


def main(old: Path, new: Path) -> None:
    before, now = read_evaluations(old), read_evaluations(new)
    for split, precision in sorted(before.keys() & now.keys()):
        one, other = before[split, precision], now[split, precision]
        if one.keys != other.keys:
            print(f"{split}, {precision}: other pictures")
            continue
        right, right_now = one.called == one.labels, other.called == other.labels
        gained, lost = int((right_now & ~right).sum()), int((right & ~right_now).sum())
        p = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
        print(
            f"{split}, {precision}: {right.mean():.2%} and {right_now.mean():.2%} of {len(right)}, right only now {gained}, only before "
            f"{lost}, McNemar p = {p:.2g}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
