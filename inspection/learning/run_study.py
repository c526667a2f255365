"""Trains and judges the parts of a study, one after the other; what was finished is not done again."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from inspection.config import Settings
from inspection.engines.export import export_network
from inspection.engines.quantize import quantize_model, vary_exposure
from inspection.errors import DataInvalid
from inspection.learning.arrays import ArraySet, load_array_set
from inspection.learning.calibration import fit_temperature
from inspection.learning.checkpoint import BEST
from inspection.learning.config import TrainConfig
from inspection.learning.data import BOXES, Dataset, hash_dataset
from inspection.learning.epochs import EpochRow
from inspection.learning.evaluate import Evaluation, evaluate_set, read_evaluations, write_evaluations
from inspection.learning.line_data import cut_parts
from inspection.learning.line_sides import read_line_groups, split_line
from inspection.learning.origin import read_origin, tell_recipe
from inspection.learning.release import prepare_batches
from inspection.learning.shipping import CALIBRATION_PICTURES, count_parameters, open_engines
from inspection.learning.splits import Split, hash_split
from inspection.learning.study import Study, StudyPart
from inspection.learning.train import train_classifier
from inspection.lines import Line
from inspection.types import Precision
from inspection.writing import write_atomically
from models.loading import load_matching
from models.registry import build_network, find_spec
from models.spec import Classifier

UNGROUPED = ("official", "stratified")  # drawn or given without regard to the part, whatever the line knows
ROWS, PART = "rows.parquet", "part.json"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pictures:
    """All pictures of a line, decoded once; every part takes its own from here."""

    dataset: Dataset
    whole: ArraySet
    groups: Mapping[str, str] | None

    def pick(self, keys: tuple[str, ...]) -> ArraySet:
        place = {key: number for number, key in enumerate(self.whole.keys)}
        rows = np.array([place[key] for key in keys], np.int64)
        return ArraySet(self.whole.pixels[rows], self.whole.labels[rows], keys)


def load_pictures(line: Line, folder: Path, *, size: int, cache_dir: Path) -> Pictures:
    """Cut and resized as for training; pictures without a part are left out."""
    dataset = split_line(line, folder).dataset
    if (folder / "train" / BOXES).is_file() and line.locate.mode == "detector":
        dataset = replace(dataset, samples=tuple(each for each in dataset.samples if each.boxes))
        whole = cut_parts(dataset.samples, line, folder, size=size, cache_dir=cache_dir)
    else:
        whole = load_array_set(dataset, dataset.keys, size=size, cache_dir=cache_dir)
    return Pictures(dataset, whole, read_line_groups(line))


def run_study(
    line: Line,
    name: str,
    splits: Mapping[str, Split],
    config: TrainConfig,
    pictures: Pictures,
    runs: Path,
    settings: Settings,
    *,
    on_epoch: Callable[[str, EpochRow], None] | None = None,
    tell: Tell = print,
) -> Study:
    """splits: part → its split. runs: gets a folder a part, named like it."""
    parts: list[StudyPart] = []
    evaluations: dict[tuple[str, Precision], Evaluation] = {}
    parameters, data = 0, hash_dataset(pictures.dataset)
    for part_name, split in splits.items():
        run_dir = runs / part_name
        done = read_part(run_dir, config, split, data)
        if done is None:
            tell(
                f"{part_name}: {len(split.train)} teach, {len(split.validation)} choose, {len(split.test)} judge"
            )
            train_part(run_dir, part_name, split, config, pictures, data, settings, on_epoch=on_epoch)
            done = read_part(run_dir, config, split, data)
            assert done is not None
        part, rows, parameters = done
        right = int((rows[part_name, "f32"].called == rows[part_name, "f32"].labels).sum())
        tell(f"{part_name}: {right} of {part.test} right at f32")
        parts.append(part)
        evaluations |= rows
    begun = [read_origin(config, runs / part_name)["commit"] for part_name in splits]
    return Study(
        line=line.name,
        model=config.model,
        name=name,
        class_names=config.class_names,
        parameters=parameters,
        grouped=pictures.groups is not None and name not in UNGROUPED,
        data_sha256=data,
        split_seed=line.data.split_seed,
        recipe=tell_recipe(config, runs / next(iter(splits), name)),
        parts=tuple(parts),
        licence=line.licence,
        commit=", ".join(dict.fromkeys(begun)),
        evaluations=evaluations,
    )


def train_part(
    run_dir: Path,
    name: str,
    split: Split,
    config: TrainConfig,
    pictures: Pictures,
    data: str,
    settings: Settings,
    *,
    on_epoch: Callable[[str, EpochRow], None] | None,
) -> None:
    """data: the SHA-256 of what the pictures show; their names alone do not tell that they are still the same."""
    pin_pictures(run_dir, f"{hash_split(split)} {data}")
    train, validation = pictures.pick(split.train), pictures.pick(split.validation)
    report = train_classifier(
        config,
        train,
        validation,
        run_dir,
        on_epoch=None if on_epoch is None else lambda row: on_epoch(name, row),
    )
    if report.state != "finished":
        raise DataInvalid(
            f"Expected a finished run in {run_dir}, got one that is {report.state}. Start it again."
        )
    network, spec = build_network(config.model, len(config.class_names)), find_spec(config.model)
    missing = load_matching(network, run_dir / BEST)
    assert not missing and isinstance(network, Classifier), missing
    graph = export_network(network, spec)
    calibration = vary_exposure(prepare_batches(train, spec, CALIBRATION_PICTURES))
    engines = open_engines(graph, quantize_model(graph, calibration), threads=settings.threads)
    chosen = evaluate_set(engines["f32"], validation, split="validation", channels=spec.channels)
    test = pictures.pick(split.test)
    rows = [evaluate_set(engine, test, split=name, channels=spec.channels) for engine in engines.values()]
    write_evaluations(rows, run_dir / ROWS)
    part = StudyPart(
        name=name,
        split_sha256=hash_split(split),
        train=len(split.train),
        validation=len(split.validation),
        test=len(split.test),
        temperature=fit_temperature(chosen.logits, chosen.labels, doubt_0_1=1 / (len(chosen) + 2)),
        validation_accuracy=float((chosen.called == chosen.labels).mean()),
        epochs=len(report.rows),
    )
    told = {
        "digest": config.digest,
        "data": data,
        "parameters": count_parameters(network),
        "part": asdict(part),
    }
    write_atomically(run_dir / PART, json.dumps(told).encode())


def pin_pictures(run_dir: Path, hashes: str) -> None:
    """A part that goes on must go on with the pictures, and the sides, that it began with."""
    path = run_dir / "pictures.sha256"
    if path.is_file() and path.read_text().strip() != hashes:
        raise DataInvalid(
            f"Expected the pictures and the split that the run in {run_dir} began with, got others. Move that folder away to "
            "train anew."
        )
    run_dir.mkdir(parents=True, exist_ok=True)
    write_atomically(path, f"{hashes}\n".encode())


def read_part(
    run_dir: Path, config: TrainConfig, split: Split, data: str
) -> tuple[StudyPart, dict[tuple[str, Precision], Evaluation], int] | None:
    """None where it is not finished, or was finished with other settings or pictures."""
    path = run_dir / PART
    if not path.is_file():
        return None
    told = json.loads(path.read_text())
    part = StudyPart(**told["part"])
    if (told["digest"], told.get("data"), part.split_sha256) != (config.digest, data, hash_split(split)):
        return None
    return part, dict(read_evaluations(run_dir / ROWS)), int(told["parameters"])
