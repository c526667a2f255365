"""A finished run → what ships: small weights, calibration, evaluations and the card."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inspection.classify import classify, prepare_batch
from inspection.config import Settings
from inspection.engines.export import export_network
from inspection.engines.openvino import OpenVinoEngine
from inspection.engines.prepare import calibration_path
from inspection.engines.quantize import Ranges
from inspection.explain import compute_grid
from inspection.hashing import hash_file
from inspection.learning.arrays import ArraySet
from inspection.learning.calibration import fit_temperature
from inspection.learning.config import TrainConfig
from inspection.learning.evaluate import (
    MEASURED,
    Evaluation,
    compare_precisions,
    evaluate_set,
    write_evaluations,
)
from inspection.learning.line_data import LineData
from inspection.learning.looks import ONE_LOOK, Looks
from inspection.learning.shipping import (
    CALIBRATION_PICTURES,
    calibrate,
    close_release,
    open_engines,
    store_weights,
)
from inspection.learning.split_store import store_split
from inspection.learning.splits import Split
from inspection.learning.withholding import judge_int8, judge_reference
from inspection.lines import Line
from inspection.placing import stage_release
from inspection.types import U8
from models.card import Card
from models.heads import Head, describe_head
from models.loading import load_network, spec_of
from models.spec import Classifier, ModelSpec

if TYPE_CHECKING:
    import openvino as ov

HEAT_PERCENTILE = 99.0
Tell = Callable[[str], None]


def release_classifier(
    line: Line,
    config: TrainConfig,
    run_dir: Path,
    data: LineData,
    settings: Settings,
    *,
    int8_a_channel: bool = False,
    looks: Looks = ONE_LOOK,
    notes: Sequence[str] = (),
    split: Split | None = None,
    tell: Tell = print,
) -> Card:
    """Everything is measured on the weights as they are stored, not as they were trained."""
    home = settings.weights_dir / line.name
    with stage_release(home, config.model) as folder:
        weights = folder / f"{config.model}.safetensors"
        card = store_weights(
            line.name, config, run_dir, data.facts, weights, int8_a_channel, line.licence, looks=looks
        )
        network, spec = load_network(config.model, weights, card), spec_of(card)
        assert isinstance(network, Classifier)
        graph = export_network(network, spec)
        tell("calibrating INT8")
        exact = OpenVinoEngine(graph.clone, precision="f32", threads=settings.threads)
        reference = evaluate_set(exact, data.validation, split="validation", channels=spec.channels)

        def complain(model: "ov.Model") -> str | None:
            engine = OpenVinoEngine(model.clone, precision="int8", threads=settings.threads)
            return judge_strays(
                reference, evaluate_set(engine, data.validation, split="validation", channels=spec.channels)
            )

        batches = prepare_batches(data.train, spec, CALIBRATION_PICTURES)
        quantized, ranges = calibrate(graph, batches, weights, complain=complain, tell=tell)
        engines = open_engines(graph, quantized, threads=settings.threads)
        tell("evaluating")
        sides = {"validation": data.validation, "test": data.test}
        evaluations: dict[tuple[str, str], Evaluation] = {("validation", "f32"): reference}
        for side, precision in (("validation", "int8"), ("test", "f32"), ("test", "int8")):
            evaluations[side, precision] = evaluate_set(
                engines[precision], sides[side], split=side, channels=spec.channels
            )
        write_evaluations(list(evaluations.values()), weights.with_suffix(".parquet"))
        if split is not None:
            store_split(split, home)
        doubt = 1 / (len(reference) + 2)
        temperature = fit_temperature(reference.logits, reference.labels, doubt_0_1=doubt)
        scale = measure_heat_scale(engines["f32"], describe_head(network), data.validation, spec)
        card = fill_card(
            card,
            line,
            evaluations,
            temperature=temperature,
            heat_scale=scale,
            calibration=hash_file(calibration_path(weights)),
            ranges=ranges,
            notes=notes,
        )
        return close_release(card, weights)


def prepare_batches(pictures: ArraySet, spec: ModelSpec, count: int) -> list[U8]:
    """Evenly spread over the training pictures, as the engine takes them."""
    chosen = np.linspace(0, len(pictures) - 1, min(count, len(pictures))).astype(int)
    return [prepare_batch([pictures.pixels[index]], spec.channels)[0] for index in chosen]


def measure_heat_scale(
    engine: OpenVinoEngine, head: Head, pictures: ArraySet, spec: ModelSpec, *, most: int = 400
) -> float:
    """The 99th percentile of the heat at the hottest place of each map: one scale for all pictures of a model, so that
    a faint map looks faint."""
    hottest = []
    for index in np.linspace(0, len(pictures) - 1, min(most, len(pictures))).astype(int):
        found = classify(
            [pictures.pixels[index]], engine, class_names=(), channels=spec.channels, temperature=1.0
        )[0]
        hottest.append(float(compute_grid(found.features, head, int(found.logits.argmax())).max()))
    return max(float(np.percentile(hottest, HEAT_PERCENTILE)), 1e-6)


def fill_card(
    card: Card,
    line: Line,
    evaluations: dict[tuple[str, str], Evaluation],
    *,
    temperature: float,
    heat_scale: float,
    calibration: str,
    ranges: Ranges,
    notes: Sequence[str],
) -> Card:
    figures = {
        split: {
            precision: evaluations[split, precision]
            .figures(line.classes, good=line.good, temperature=temperature)
            .to_dict()
            for precision in MEASURED
        }
        for split in ("validation", "test")
    }
    int8: dict[str, object] = {
        "calibration_sha256": calibration,
        "ranges": ranges,
        "against_f32": {
            split: compare_precisions(evaluations[split, "f32"], evaluations[split, "int8"])
            for split in ("validation", "test")
        },
        "withheld": withhold_int8(evaluations["validation", "f32"], evaluations["validation", "int8"]),
    }
    return replace(
        card,
        temperature=temperature,
        heat_scale=heat_scale,
        figures=figures,
        precisions={"f32": {}, "bf16": {}, "int8": int8},
        notes=list(notes),
    )


def withhold_int8(reference: Evaluation, other: Evaluation) -> str | None:
    """Both of the validation pictures."""
    complaints = (judge_strays(reference, other), judge_reference(reference.labels, reference.called))
    return "; ".join(each for each in complaints if each) or None


def judge_strays(reference: Evaluation, other: Evaluation) -> str | None:
    """What another calibration may mend."""
    right, right_int8 = (int((each.called == each.labels).sum()) for each in (reference, other))
    return judge_int8(
        pictures=len(reference),
        changed=int((reference.called != other.called).sum()),
        lost=(right - right_int8) / len(reference),
        figure="accuracy",
    )
