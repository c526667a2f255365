"""What `new-line` decides: the line's file, its groups, how long it trains, its sample pictures."""

import csv
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inspection.config import Settings
from inspection.errors import DataInvalid, LineInvalid
from inspection.hashing import hash_readable
from inspection.learning.check_data import PART_NAMES, check_data
from inspection.learning.data import BOXES, CSV_LIST, Dataset, list_visible, read_folder, require_folder
from inspection.learning.data_report import DataReport
from inspection.learning.line_sides import SHA256, split_line
from inspection.learning.splits import DEFAULT_FRACTIONS
from inspection.learning.starts import AUTOMATIC
from inspection.lines import EMPTY_CLASS, Line, check_line_name, is_sample, list_lines, parse_line
from inspection.placing import lock_folder
from inspection.wording import say_number

GOOD_NAMES = ("good", "ok", "pass", "flawless", "normal", "fine", "intact", "ok_front")
LEAST_A_CLASS = 10
SAMPLES_A_CLASS = 3
EPOCHS, LEAST_EPOCHS, MOST_EPOCHS = 40, 8, 120
SHOWN = 42_000  # pictures in all, augmented: 40 rounds over the 1,050 that teach out of 1,500
FEW = 400  # pictures that teach
LEAST_SHOWN = 8_400  # with fewer a network has hardly moved, however short the time


@dataclass(frozen=True, slots=True)
class NewLine:
    """What is asked for. None: chosen here."""

    name: str
    data: Path
    good: str | None = None
    model: str | None = None
    epochs: int | None = None
    minutes: float = 20.0  # for the training, where the epochs are not given
    warm_start: str | None = AUTOMATIC  # "line/model", or None for random weights
    recipe: str | None = None
    seed: int = 0


def refuse_name(name: str, settings: Settings) -> None:
    """Before minutes are spent on the pictures."""
    check_line_name(name)
    if name in list_lines(settings):
        raise build_taken(name)


def build_taken(name: str) -> LineInvalid:
    return LineInvalid(
        f"Expected a new name, but line {name} exists. Choose another, or train a model for that line."
    )


def refuse_weights(name: str, settings: Settings) -> None:
    """Weights without a line are somebody's too."""
    if any((settings.weights_dir / name).glob("*.json")):
        raise LineInvalid(
            f"Expected no weights under the name {name}, but there are some. Choose another name, or move them away."
        )


def refuse_layout(data: Path, model: str) -> None:
    """Before a picture is decoded."""
    from models.registry import find_spec

    if find_spec(model).task != "classify":
        raise DataInvalid(f"Expected a classifier of the zoo as --model, got the detector {model}.")
    require_folder(data)
    folders = [entry for entry in list_visible(data) if entry.is_dir()]
    listed = [name for name in (CSV_LIST, BOXES) if (data / name).is_file()]
    if {"images", "annotations"} <= {folder.name for folder in folders}:
        listed.append("images and annotations")
    if listed:
        raise DataInvalid(
            f"Expected one sub-folder a class in {data}, got {', '.join(listed)}: lists and boxes teach lines that there are. Put "
            "the pictures of each class into a folder of its own, and nothing else beside these."
        )
    sides = [folder.name for folder in folders if folder.name.lower() in PART_NAMES]
    if sides:
        raise DataInvalid(
            f"Expected one sub-folder a class in {data}, got sides of a split ({', '.join(sides)}). "
            "Put all pictures of a class into one folder: they are split here, copies together."
        )
    if EMPTY_CLASS in (folder.name for folder in folders):
        raise DataInvalid(
            f"Expected no class called {EMPTY_CLASS!r} in {data}, got a folder of that name, which means a picture without "
            f"a part. Rename the folder {data / EMPTY_CLASS}."
        )
    if len(folders) == 1:
        inner = [entry.name for entry in list_visible(folders[0]) if entry.is_dir()]
        if len(inner) > 1:
            raise DataInvalid(
                f"Expected one sub-folder a class in {data}, got one, {folders[0].name}, which holds {', '.join(inner)}. "
                f"Name {folders[0]} instead."
            )


def refuse_empty_sides(line: Line, data: Path, report: DataReport) -> None:
    """Variants of a part stay on one side: a class of few parts may leave a side without any, and nothing would judge it."""
    found = split_line(line, data)
    classes = dict(
        zip(found.dataset.keys, (sample.class_name for sample in found.dataset.samples), strict=True)
    )
    for side, keys in (("choose by", found.split.validation), ("judge by", found.split.test)):
        missing = sorted(set(line.classes) - {classes[key] for key in keys})
        if missing:
            told = ", ".join(f"{name} ({say_number(report.originals[name], 'part')})" for name in missing)
            raise DataInvalid(
                f"Expected enough different parts of every class to teach, to choose and to judge by; nothing is left to {side} of "
                f"{told}: pictures of one part stay together. Add pictures of at least {LEAST_A_CLASS} different parts of each."
            )


def check_pictures(data: Path, *, progress: Callable[[float, str], None] | None = None) -> DataReport:
    report = check_data([data], progress=progress)
    unreadable = [concern for concern in report.concerns if concern.kind == "unreadable"]
    if unreadable:
        names = ", ".join(Path(example[0]).name for example in unreadable[0].examples[:3])
        raise DataInvalid(
            f"Expected pictures only in {data}, but {unreadable[0].count} cannot be read ({names}). {unreadable[0].advice}"
        )
    counts = report.folders[0].classes
    thin = [f"{name} {count}" for name, count in counts.items() if count < LEAST_A_CLASS]
    if len(counts) < 2 or thin:
        raise DataInvalid(
            f"Expected at least two classes of at least {LEAST_A_CLASS} pictures in {data}, got "
            f"{', '.join(thin) or 'one class'}. Add pictures, or remove the class."
        )
    return report


def draft_line(plan: NewLine, *, champion: str) -> dict[str, object]:
    """What will stand in <line>.toml."""
    classes = order_classes(read_folder(plan.data).class_names, plan.good)
    table: dict[str, object] = {
        "title": plan.name.replace("-", " ").capitalize(),
        "part": "part that fills the picture",
        "description": f"Made from the folder {plan.data.resolve().name}.",
        "classes": list(classes),
        "samples": plan.name,
        "licence": "of whoever owns the pictures",
        "locate": {"mode": "frame"},
        "models": {"champion": champion, "rivals": []},
        "policy": {"confidence": 0.8, "lead": 0.2, "retest": True},
        "data": {"split_seed": 42, "groups": f"{plan.name}.groups.csv"},
    }
    if is_good(classes[0], plan.good):
        table["good"] = classes[0]
    return table


def draft_files(plan: NewLine, table: Mapping[str, object], report: DataReport, folder: Path) -> Line:
    """The line as its training needs it; nobody else sees it before its weights are there."""
    folder.mkdir(parents=True, exist_ok=True)
    write_groups(folder / f"{plan.name}.groups.csv", read_folder(plan.data), report.groups)
    return parse_line(table, name=plan.name, folder=folder)


def publish_line(
    line: Line, table: Mapping[str, object], drafts: Path, data: Path, settings: Settings
) -> int:
    """Its groups, its sample pictures and, last, its file, which must not exist: how many samples there are."""
    settings.lines_dir.mkdir(parents=True, exist_ok=True)
    # whoever comes second must find the line before it writes groups and samples over those of the first
    with lock_folder(settings.lines_dir, needed=False):
        refuse_name(line.name, settings)
        groups = f"{line.name}.groups.csv"
        shutil.copyfile(drafts / groups, settings.lines_dir / groups)
        copied = copy_samples(line, data, settings=settings)
        whole = settings.lines_dir / f".{line.name}.toml"
        whole.write_text(render_toml(table), encoding="utf-8")
        try:
            os.link(
                whole, settings.lines_dir / f"{line.name}.toml"
            )  # fails where another was quicker all the same
        except FileExistsError:
            raise build_taken(line.name) from None
        finally:
            whole.unlink()
        return copied


def order_classes(names: tuple[str, ...], good: str | None) -> tuple[str, ...]:
    """The good class first; the others as they are."""
    if good is not None and good not in names:
        raise DataInvalid(f"Expected --good to be one of {', '.join(names)}, got {good!r}.")
    known = [name for name in names if is_good(name, good)]
    if len(known) > 1:
        raise DataInvalid(
            f"Expected one class of flawless parts, got {' and '.join(known)}: by their names both are. Say which by --good, or "
            "put their pictures into one folder."
        )
    return tuple(sorted(names, key=lambda name: not is_good(name, good)))


def is_good(name: str, good: str | None) -> bool:
    return name == good if good is not None else name.lower() in GOOD_NAMES


def write_groups(path: Path, dataset: Dataset, groups: Mapping[str, str]) -> None:
    """The report names files by their whole path, the split by their key. By its content a picture that is moved to another
    class later is known again, whatever it is called then."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("key", "group", SHA256))
        for key, sample in zip(dataset.keys, dataset.samples, strict=True):
            writer.writerow((key, groups.get(str(sample.path), key), hash_readable(sample.path)))


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


def plan_epochs(
    model: str, pictures: int, seconds_a_picture: float, minutes: float, *, recipe: str | None = None
) -> int:
    """Few pictures need more rounds for as many steps; what the time allows is the limit, down to `count_least`.

    pictures: that teach · seconds_a_picture: at the reference's area, see pace.measure_pace.
    """
    wanted, least = count_rounds(pictures, EPOCHS, SHOWN), count_least(pictures)
    for epochs in range(wanted, least, -1):
        if count_minutes(model, pictures, seconds_a_picture, epochs, recipe=recipe) <= minutes:
            return epochs
    return least


def count_least(pictures: int) -> int:
    """The fewest epochs that teach anything; they are trained however short the time."""
    return count_rounds(pictures, LEAST_EPOCHS, LEAST_SHOWN)


def count_rounds(pictures: int, rounds: int, shown: int) -> int:
    return min(MOST_EPOCHS, max(rounds, shown // max(pictures, 1)))


def count_minutes(
    model: str, pictures: int, seconds_a_picture: float, epochs: int, *, recipe: str | None = None
) -> float:
    from inspection.learning.pace import ALLOWANCE, count_work
    from inspection.learning.recipes import plan_recipe
    from models.registry import find_spec

    sizes = plan_recipe(recipe, model, epochs, find_spec(model).input_size)
    return count_work(pictures, sizes) * seconds_a_picture * ALLOWANCE / 60


def say_plan(epochs: int, needed_min: float, asked_min: float) -> str:
    """What the run says before it trains: the time that was asked for is kept, or it is said that it cannot be."""
    if needed_min <= asked_min:
        return f"{epochs} epochs, about {needed_min:.0f} of {asked_min:g} min"
    return (
        f"{asked_min:g} min are too short to learn anything from these pictures: {epochs} epochs are the fewest that do. "
        f"It takes them, about {needed_min:.0f} min"
    )


def list_names(data: Path) -> frozenset[str]:
    return frozenset(sample.path.name for sample in read_folder(data).samples)


def count_taught(pictures: int) -> int:
    return round(pictures * DEFAULT_FRACTIONS[0])


def copy_samples(line: Line, data: Path, *, settings: Settings) -> int:
    """Pictures that the model never learnt from, a few of each class."""
    folder = settings.lines_dir / line.name
    clear_samples(folder)
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


def clear_samples(folder: Path) -> None:
    """Of a line of that name that is gone: its pictures would be shown as this one's, its masks over them."""
    for path in (*folder.glob("*"), *folder.glob("masks/*")):
        if is_sample(path):
            path.unlink()
