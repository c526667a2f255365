"""A detector's finished run → what ships, measured on the weights as they are stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from inspection.config import Settings
from inspection.engines.export import export_network
from inspection.engines.prepare import calibration_path
from inspection.hashing import hash_file
from inspection.learning.arrays import BoxSet
from inspection.learning.config import TrainConfig
from inspection.learning.data import LabelledBox
from inspection.learning.detection_metrics import DetectionFigures, measure_detections
from inspection.learning.line_data import LineBoxes
from inspection.learning.shipping import (
    CALIBRATION_PICTURES,
    calibrate,
    close_release,
    open_engines,
    store_weights,
)
from inspection.learning.split_store import store_split
from inspection.learning.splits import Split
from inspection.learning.withholding import compare_findings, judge_blind_reference, judge_int8
from inspection.lines import Line
from inspection.locate import select_findings
from inspection.placing import stage_release
from inspection.types import Box, Engine, Finding
from models.card import Card
from models.loading import load_network
from models.registry import find_spec

LEAST_SCORE = 0.01  # average precision looks at faint boxes too
Tell = Callable[[str], None]


def release_detector(
    line: Line,
    config: TrainConfig,
    run_dir: Path,
    data: LineBoxes,
    settings: Settings,
    *,
    int8_a_channel: bool = False,
    notes: Sequence[str] = (),
    split: Split | None = None,
    tell: Tell = print,
) -> Card:
    home = settings.weights_dir / line.name
    with stage_release(home, config.model) as folder:
        weights = folder / f"{config.model}.safetensors"
        card = store_weights(line.name, config, run_dir, data.facts, weights, int8_a_channel, line.licence)
        network, spec = load_network(config.model, weights, card), find_spec(config.model)
        graph = export_network(network, spec)
        tell("calibrating INT8")
        chosen = np.linspace(0, len(data.train) - 1, min(CALIBRATION_PICTURES, len(data.train))).astype(int)
        quantized, _ = calibrate(graph, [data.train.pixels[index] for index in chosen], weights)
        engines = open_engines(graph, quantized, threads=settings.threads)
        tell("evaluating")
        if split is not None:
            store_split(split, home)
        figures, int8 = evaluate_detector(
            engines,
            {"validation": data.validation, "test": data.test},
            data.class_names,
            threshold_0_1=line.locate.threshold_0_1,
        )
        int8["calibration_sha256"] = hash_file(calibration_path(weights))
        card = replace(
            card, figures=figures, precisions={"f32": {}, "bf16": {}, "int8": int8}, notes=list(notes)
        )
        return close_release(card, weights)


def evaluate_detector(
    engines: Mapping[str, Engine],
    sides: Mapping[str, BoxSet],
    class_names: Sequence[str],
    *,
    threshold_0_1: float,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the card's figures, what it says of INT8): each side is looked at once at each precision."""
    figures: dict[str, Any] = {}
    against: dict[str, Any] = {}
    for split, boxes in sides.items():
        found = {name: find_parts(engine, boxes, class_names) for name, engine in engines.items()}
        figures[split] = {
            name: measure_boxes(each, boxes, class_names, threshold_0_1).to_dict()
            for name, each in found.items()
        }
        against[split] = compare_findings(found["f32"], found["int8"], threshold_0_1=threshold_0_1)
    return figures, {"against_f32": against, "withheld": withhold_int8(figures, against)}


def withhold_int8(figures: Mapping[str, Any], against: Mapping[str, Any]) -> str | None:
    judged, precise = against["validation"], figures["validation"]
    f32, int8 = precise["f32"]["map_50"], precise["int8"]["map_50"] or 0.0
    strays = judge_int8(
        pictures=judged["n"], changed=judged["flipped"], lost=(f32 or 0.0) - int8, figure="mAP@0.5"
    )
    complaints = (strays, judge_blind_reference(judged["n"], f32))
    return "; ".join(each for each in complaints if each) or None


def find_parts(engine: Engine, pictures: BoxSet, class_names: Sequence[str]) -> list[list[Finding]]:
    """In pixels of the square: scale and offset change no overlap."""
    size = pictures.pixels.shape[1]
    return [
        select_findings(
            engine.run(pictures.pixels[index : index + 1]).outputs[0][0],
            class_names=class_names,
            threshold_0_1=LEAST_SCORE,
            scale=1.0,
            offset=(0, 0),
            picture_size=(size, size),
        )
        for index in range(len(pictures))
    ]


def measure_boxes(
    found: Sequence[Sequence[Finding]], pictures: BoxSet, class_names: Sequence[str], threshold_0_1: float
) -> DetectionFigures:
    truth = [
        [
            LabelledBox(Box(*map(float, edges)), class_names[int(label)])
            for edges, label in zip(boxes, labels, strict=True)
        ]
        for boxes, labels in zip(pictures.boxes, pictures.labels, strict=True)
    ]
    return measure_detections(truth, found, class_names=class_names, threshold=threshold_0_1)
