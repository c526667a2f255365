"""How far the same picture through the same weights comes out otherwise, without anything being wrong:

    python -m inspection.records.measure_replay --line aluminium [--data FOLDER] [--pictures 60] [--json]

Each way of running it is a process of its own, held against the first: again, once more in the warm process, with two
threads, ten at a time, and as a lesser processor would (oneDNN keeps to its instructions when it is told to). What is
found here is what replay.py may call the same within tolerance. Without --data the line's own samples are judged.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inspection.config import ROOT, load_settings
from inspection.errors import PrecisionUnavailable
from inspection.learning.data import PICTURE_SUFFIXES
from inspection.types import PRECISIONS, Inspection, Precision

if TYPE_CHECKING:
    from inspection.pipeline import Inspector

REFERENCE = "a fresh process, one thread"
WARM, BATCH = "again in the warm process", "ten at a time"
# One thread everywhere else. Without VNNI nothing adds up eight bits exactly: INT8's probe refuses such a processor.
WAYS: Mapping[str, Mapping[str, str]] = {
    REFERENCE: {},
    "another fresh process": {},
    WARM: {},
    "two threads": {"ASSAY_THREADS": "2"},
    BATCH: {},
    "without VNNI (AVX-512)": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "without AVX-512 (AVX2)": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
}
PICTURES = 60
_ISA = "ONEDNN_MAX_CPU_ISA"
_TEN = 10
_UNAVAILABLE = 3  # exit status of a child


@dataclass(frozen=True, slots=True)
class Gap:
    """Of one way from the first, over all pictures."""

    precision: str
    way: str
    pictures: int
    same: int  # to the last digit
    verdicts: int  # that are others
    logits: float
    probabilities_0_1: float
    box_px: float
    heat_0_1: float  # of the model's fixed scale


def measure(line: str, pictures: Sequence[Path], precisions: Sequence[Precision]) -> list[Gap]:
    found: list[Gap] = []
    with tempfile.TemporaryDirectory(prefix="assay-replay-") as scratch:
        for precision in precisions:
            first: Path | None = None
            for way, changed in WAYS.items():
                if precision == "bf16" and _ISA in changed:
                    continue  # it takes AVX-512
                told = Path(scratch) / f"{precision}-{len(found)}.json"
                if not run_child(line, precision, way, pictures, told, first=first):
                    if first is None:
                        break  # not on this processor
                    found.append(Gap(precision, way, len(pictures), 0, 0, *(float("nan"),) * len(_NUMBERS)))
                    continue
                if first is None:
                    first = told.rename(told.with_suffix(".first"))
                    continue
                found.append(compare_ways(precision, way, read_told(first), read_told(told)))
    return found


def run_child(
    line: str, precision: Precision, way: str, pictures: Sequence[Path], told: Path, *, first: Path | None
) -> bool:
    listed = told.with_suffix(".txt")
    listed.write_text("\n".join(str(path) for path in pictures), encoding="utf-8")
    command = [sys.executable, "-m", "inspection.records.measure_replay", "--line", line, "--child", way]
    command += ["--precisions", precision, "--listed", str(listed), "--told", str(told)]
    command += [] if first is None else ["--first", str(first)]
    status = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "ASSAY_THREADS": "1", **WAYS[way]}, check=False
    ).returncode
    if status not in (0, _UNAVAILABLE):
        raise SystemExit(f"{way} at {precision} ended with status {status}.")
    return status == 0


def judge(line: str, precision: Precision, way: str, pictures: Sequence[Path], first: Path | None) -> Any:
    """In a child. The map is that of the class which the first way explained, as a replay asks for it."""
    from inspection.images import read_picture
    from inspection.loading import load_inspector

    inspector = load_inspector(line, precision=precision)
    known = {} if first is None else read_told(first)
    told: dict[str, Any] = {}
    for _ in range(2 if way == WARM else 1):
        for path in pictures:
            target = known.get(str(path), {}).get("target")
            told[str(path)] = describe(inspector.inspect(read_picture(path), target=target))
    if way == BATCH:
        judge_in_tens(inspector, pictures, told)
    return told


def judge_in_tens(inspector: "Inspector", pictures: Sequence[Path], told: dict[str, Any]) -> None:
    """Only the classifier takes several at once; what it says replaces what it said of each alone."""
    from inspection.classify import classify
    from inspection.images import read_picture

    parts = [(path, read_picture(path)) for path in pictures]
    located = [
        (path, picture, found[0].box) for path, picture in parts if (found := inspector.locate(picture))
    ]
    for start in range(0, len(located), _TEN):
        batch = located[start : start + _TEN]
        answers = classify(
            [inspector.cut(picture, box) for _, picture, box in batch],
            inspector.classifying.engine,
            class_names=inspector.line.classes,
            channels=inspector.classifying.channels,
            temperature=inspector.classifying.temperature,
        )
        for (path, _, _), answer in zip(batch, answers, strict=True):
            row = told[str(path)]
            row["logits"] = [float(value) for value in answer.logits]
            if not row["retested"]:
                row["probabilities"] = [float(value) for value in answer.probabilities]


def describe(found: Inspection) -> dict[str, Any]:
    heat = found.heat_map
    return {
        "verdict": [found.verdict.kind.value, found.verdict.class_name],
        "logits": list(found.logits),
        "probabilities": list(found.probabilities.values()),
        "box": [] if found.box is None else found.box.as_list(),
        "heat": [] if heat is None else [float(value) for value in (heat.grid / heat.scale).ravel()],
        "target": None if heat is None else heat.class_name,
        "retested": found.retested,
    }


def compare_ways(
    precision: str, way: str, first: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]
) -> Gap:
    gaps = {name: [find_gap(first[key][name], now[key][name]) for key in first] for name in _NUMBERS}
    others = sum(first[key]["verdict"] != now[key]["verdict"] for key in first)
    same = sum(not any(gaps[name][place] for name in _NUMBERS) for place in range(len(first)))
    return Gap(precision, way, len(first), same, others, *(max(gaps[name], default=0.0) for name in _NUMBERS))


_NUMBERS = ("logits", "probabilities", "box", "heat")


def find_gap(first: Sequence[float], now: Sequence[float]) -> float:
    """A part that is found by one way only is infinitely far."""
    if len(first) != len(now):
        return float("inf")
    return float(np.max(np.abs(np.subtract(first, now)), initial=0.0))


def read_told(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def list_pictures(line: str, data: Path | None, most: int) -> list[Path]:
    from inspection.lines import load_line

    if data is None:
        return list(load_line(line).samples())
    paths = sorted(path for path in data.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    return paths[:: max(1, -(-len(paths) // most))] if paths else []


def print_gaps(gaps: Sequence[Gap]) -> None:
    columns = ("logits", "probabilities", "box, px", "heat")
    print(
        f"{'precision':9} {'way':26} {'same':>9} {'verdicts':>8} ", " ".join(f"{one:>13}" for one in columns)
    )
    for gap in gaps:
        if np.isnan(gap.logits):
            print(f"{gap.precision:9} {gap.way:26} refused: it does not answer the probe as it was evaluated")
            continue
        numbers = (gap.logits, gap.probabilities_0_1, gap.box_px, gap.heat_0_1)
        print(
            f"{gap.precision:9} {gap.way:26} {gap.same:>4}/{gap.pictures:<4} {gap.verdicts:>8} ",
            " ".join(f"{number:13.2g}" for number in numbers),
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m inspection.records.measure_replay", description=__doc__)
    parser.add_argument("--line", required=True)
    parser.add_argument("--data", type=Path, help="a folder of pictures; the line's samples by default")
    parser.add_argument("--pictures", type=int, default=PICTURES, help="so many of them, evenly spread")
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--json", action="store_true")
    for name in ("--child", "--listed", "--told", "--first"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child is not None:
        run_as_child(chosen)
        return
    pictures = list_pictures(chosen.line, chosen.data, chosen.pictures)
    if not pictures:
        parser.error(f"expected pictures in {chosen.data or 'the samples of ' + chosen.line}, found none")
    load_settings()
    gaps = measure(chosen.line, pictures, chosen.precisions)
    if chosen.json:
        print(json.dumps([{name: getattr(gap, name) for name in Gap.__slots__} for gap in gaps]))
    else:
        print_gaps(gaps)


def run_as_child(chosen: argparse.Namespace) -> None:
    pictures = [Path(line) for line in Path(chosen.listed).read_text(encoding="utf-8").splitlines()]
    first = None if chosen.first is None else Path(chosen.first)
    try:
        told = judge(chosen.line, chosen.precisions[0], chosen.child, pictures, first)
    except PrecisionUnavailable as error:
        print(error, file=sys.stderr)
        raise SystemExit(_UNAVAILABLE) from error
    Path(chosen.told).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
