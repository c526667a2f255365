"""A detector's finished run → what ships, measured on the weights as they are stored."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from inspection.config import Settings
from inspection.engines.export import export_network
from inspection.engines.openvino import OpenVinoEngine
from inspection.engines.prepare import calibration_path
from inspection.engines.quantize import hash_file
from inspection.learning.arrays import BoxSet
from inspection.learning.config import TrainConfig
from inspection.learning.data import LabelledBox
from inspection.learning.detection_metrics import DetectionFigures, measure_detections
from inspection.learning.line_data import LineBoxes
from inspection.learning.shipping import CALIBRATION_PICTURES, calibrate, store_weights
from inspection.lines import Line
from inspection.locate import select_findings
from inspection.types import Box, Engine
from models.card import Card, write_card
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
    tell: Tell = print,
) -> Card:
    weights = settings.weights_dir / line.name / f"{config.model}.safetensors"
    card = store_weights(line.name, config, run_dir, data.facts, weights, int8_a_channel, line.licence)
    network, spec = load_network(config.model, weights, card), find_spec(config.model)
    graph = export_network(network, spec)
    tell("calibrating INT8")
    chosen = np.linspace(0, len(data.train) - 1, min(CALIBRATION_PICTURES, len(data.train))).astype(int)
    quantized = calibrate(graph, [data.train.pixels[index] for index in chosen], weights)
    engines: dict[str, Engine] = {
        "f32": OpenVinoEngine(graph.clone, precision="f32", threads=settings.threads),
        "int8": OpenVinoEngine(quantized.clone, precision="int8", threads=settings.threads),
    }
    tell("evaluating")
    figures = {
        split: {
            precision: measure_boxes(engine, boxes, data.class_names, line.locate.threshold_0_1).to_dict()
            for precision, engine in engines.items()
        }
        for split, boxes in (("validation", data.validation), ("test", data.test))
    }
    calibration = hash_file(calibration_path(weights))
    card = replace(
        card,
        figures=figures,
        precisions={"f32": {}, "bf16": {}, "int8": {"calibration_sha256": calibration}},
        notes=list(notes),
    )
    write_card(card, weights.with_suffix(".json"))
    return card


def measure_boxes(
    engine: Engine, pictures: BoxSet, class_names: Sequence[str], threshold_0_1: float
) -> DetectionFigures:
    """In pixels of the square: scale and offset change no overlap."""
    size = pictures.pixels.shape[1]
    found = [
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
    truth = [
        [
            LabelledBox(Box(*map(float, edges)), class_names[int(label)])
            for edges, label in zip(boxes, labels, strict=True)
        ]
        for boxes, labels in zip(pictures.boxes, pictures.labels, strict=True)
    ]
    return measure_detections(truth, found, class_names=class_names, threshold=threshold_0_1)
