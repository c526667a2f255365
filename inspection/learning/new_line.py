"""What `new-line` decides: the line's file, its groups, where training starts, its sample pictures."""

import csv
import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from inspection.config import Settings
from inspection.errors import DataInvalid, LineInvalid
from inspection.learning.check_data import check_data, find_parts
from inspection.learning.checkpoint import write_atomically
from inspection.learning.data import Dataset, read_folder
from inspection.learning.data_report import DataReport
from inspection.learning.line_data import split_line
from inspection.lines import Line, check_line_name, list_lines, parse_line

GOOD_NAMES = ("good", "ok", "pass", "flawless", "normal", "fine", "intact", "ok_front")
LEAST_A_CLASS = 10
SAMPLES_A_CLASS = 3


def refuse_name(name: str, settings: Settings) -> None:
    """Before minutes are spent on the pictures."""
    check_line_name(name)
    if name in list_lines(settings):
        raise LineInvalid(f"Expected a new name, but line {name} exists. Choose another, or `train {name}`.")


def refuse_layout(data: Path, model: str) -> None:
    from models.registry import find_spec

    if find_spec(model).task != "classify":
        raise DataInvalid(f"Expected a classifier of the zoo as --model, got the detector {model}.")
    if len(find_parts(data)) > 1:
        raise DataInvalid(
            f"Expected one sub-folder a class in {data}, got sides of a split. "
            "Put all pictures of a class into one folder: they are split here, copies together."
        )


def check_pictures(data: Path, *, progress: Callable[[float, str], None] | None = None) -> DataReport:
    report = check_data([data], progress=progress)
    counts = report.folders[0].classes
    thin = [f"{name} {count}" for name, count in counts.items() if count < LEAST_A_CLASS]
    if len(counts) < 2 or thin:
        raise DataInvalid(
            f"Expected at least two classes of at least {LEAST_A_CLASS} pictures in {data}, got "
            f"{', '.join(thin) or 'one class'}. Add pictures, or remove the class."
        )
    return report


def found_line(
    name: str, data: Path, report: DataReport, *, good: str | None, champion: str, settings: Settings
) -> Path:
    """Write <line>.toml and the groups of copies; an existing line is never overwritten."""
    refuse_name(name, settings)
    dataset = read_folder(data)
    classes = order_classes(dataset.class_names, good)
    table: dict[str, object] = {
        "title": name.replace("-", " ").capitalize(),
        "part": "part that fills the picture",
        "description": f"Made from the folder {data.resolve().name}.",
        "classes": list(classes),
        "samples": name,
        "licence": "of whoever owns the pictures",
        "locate": {"mode": "frame"},
        "models": {"champion": champion, "rivals": []},
        "policy": {"confidence": 0.8, "lead": 0.2, "retest": True},
        "data": {"split_seed": 42, "groups": f"{name}.groups.csv"},
    }
    if is_good(classes[0], good):
        table["good"] = classes[0]
    parse_line(table, name=name, folder=settings.lines_dir)  # what is written can be read again
    settings.lines_dir.mkdir(parents=True, exist_ok=True)
    write_groups(settings.lines_dir / f"{name}.groups.csv", dataset, report.groups)
    path = settings.lines_dir / f"{name}.toml"
    write_atomically(path, render_toml(table).encode())
    return path


def order_classes(names: tuple[str, ...], good: str | None) -> tuple[str, ...]:
    """The good class first; the others as they are."""
    if good is not None and good not in names:
        raise DataInvalid(f"Expected --good to be one of {', '.join(names)}, got {good!r}.")
    return tuple(sorted(names, key=lambda name: not is_good(name, good)))


def is_good(name: str, good: str | None) -> bool:
    return name == good if good is not None else name.lower() in GOOD_NAMES


def write_groups(path: Path, dataset: Dataset, groups: Mapping[str, str]) -> None:
    """The report names files by their whole path, the split by their key."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("key", "group"))
        for key, sample in zip(dataset.keys, dataset.samples, strict=True):
            writer.writerow((key, groups.get(str(sample.path), key)))


def render_toml(table: Mapping[str, object]) -> str:
    """Plain values and one level of tables are all that a line's file holds."""
    plain = [f"{key} = {render_value(value)}" for key, value in table.items() if not isinstance(value, dict)]
    lines = plain
    for key, value in table.items():
        if isinstance(value, dict):
            lines += ["", f"[{key}]", *(f"{inner} = {render_value(each)}" for inner, each in value.items())]
    return "\n".join(lines) + "\n"


def render_value(value: object) -> str:
    """Strings, numbers, truth and lists are written in TOML as in JSON; JSON leaves DEL as it is, TOML may not."""
    return re.sub("\x7f", "\\\\u007f", json.dumps(value, ensure_ascii=False))


def find_start(model: str, settings: Settings) -> Path | None:
    """Weights of the same architecture, of whichever line has them; the synthetic line is the largest teacher."""
    found = sorted(settings.weights_dir.glob(f"*/{model}.safetensors"))
    return next((path for path in found if path.parent.name == "aluminium"), found[0] if found else None)


def copy_samples(line: Line, data: Path, *, settings: Settings) -> int:
    """Pictures that the model never learnt from, a few of each class."""
    folder = settings.lines_dir / line.name
    folder.mkdir(parents=True, exist_ok=True)
    test = split_line(line, data).side("test")
    copied = 0
    for name in line.classes:
        for number, sample in enumerate(
            [each for each in test if each.class_name == name][:SAMPLES_A_CLASS], start=1
        ):
            shutil.copyfile(sample.path, folder / f"{name}-{number}{sample.path.suffix.lower()}")
            copied += 1
    return copied
