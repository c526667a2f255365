"""A line's name → its inspector: the champion's weights found, checked and put on an engine.

Beside `pipeline.py`, which composes what is loaded here and knows no file.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inspection.config import Settings, load_settings
from inspection.engines.openvino import OpenVinoEngine
from inspection.engines.prepare import Prepared, find_weights, prepare_model
from inspection.errors import ModelUnknown, PrecisionUnavailable, WeightsRefused
from inspection.lines import Line, load_line
from inspection.novelty import NoveltyModel, load_novelty, novelty_path
from inspection.pipeline import Classifying, Detecting, Inspector
from inspection.types import Engine, Precision

if TYPE_CHECKING:
    from inspection.records.champions import Champion


def load_inspector(
    line_name: str,
    model: str | None = None,
    precision: Precision | None = None,
    *,
    settings: Settings | None = None,
    champion: "Champion | None" = None,
) -> Inspector:
    """The line's champion unless told otherwise. Slow the first time on a machine: keep what it returns.

    champion: as the chain of records says; looked up where it is not given.

    Without a precision, INT8 where no card withholds it and it answers here as it did where it was evaluated, else
    f32: the label tells which.
    """
    # the records' libraries load here, not with the pipeline
    from inspection.records.champions import find_serving_champion, find_weights_dir, serve_champion

    settings = settings or load_settings()
    line = load_line(line_name, settings)
    champion = champion or find_serving_champion(line, settings)
    line = serve_champion(line, champion)
    model = model or line.champion
    if model not in line.models:
        raise ModelUnknown(
            f"Expected a model of line {line.name} ({', '.join(line.models)}), got {model!r}. Choose one of them."
        )
    own = replace(settings, weights_dir=find_weights_dir(model, champion, settings))
    if precision is not None:
        return build_inspector(line, model, precision, settings, own)
    if withholds_int8(line, model, settings, own):
        return build_inspector(line, model, "f32", settings, own)
    try:
        return build_inspector(line, model, "int8", settings, own)
    except PrecisionUnavailable:
        return build_inspector(line, model, "f32", settings, own)


def withholds_int8(line: Line, model: str, settings: Settings, own: Settings) -> bool:
    """Whether the release found that a model which decides here judges too differently at INT8; its card says why."""
    homes = {model: own}  # a promoted one lies elsewhere
    cards = (find_weights(line.name, name, homes.get(name, settings))[1] for name in line.deciders(model))
    return any(card.withheld for card in cards)


def build_inspector(
    line: Line, model: str, precision: Precision, settings: Settings, own: Settings
) -> Inspector:
    """own: the same settings with the folder where the classifier's weights lie, which may have been promoted."""
    prepared = prepare_model(line.name, model, precision, own)
    check_classes(line, prepared)
    assert prepared.head is not None  # the registry's classifiers all have one
    classifying = Classifying(
        engine=load_engine(prepared, precision, settings),
        head=prepared.head,
        model=model,
        weights_sha256=prepared.card.weights_sha256,
        input_size=prepared.input_size,
        channels=prepared.channels,
        temperature=prepared.card.temperature,
        heat_scale=prepared.card.heat_scale,
        novelty=load_card_novelty(line, prepared, precision, own),
    )
    locator = line.locate.model if line.locate.mode == "detector" else None
    marker = line.defect_detector
    return Inspector(
        line,
        classifying,
        locating=None if locator is None else load_detecting(line, locator, precision, settings),
        marking=None if marker is None else load_marking(line, marker, precision, settings),
    )


def load_marking(line: Line, model: str, precision: Precision, settings: Settings) -> Detecting:
    """Marks decide nothing: where INT8 is withheld for them alone, they run at f32 and the line at what was asked."""
    withheld = precision == "int8" and find_weights(line.name, model, settings)[1].withheld
    return load_detecting(line, model, "f32" if withheld else precision, settings)


def load_detecting(line: Line, model: str, precision: Precision, settings: Settings) -> Detecting:
    prepared = prepare_model(line.name, model, precision, settings)
    engine = load_engine(prepared, precision, settings)
    return Detecting(engine, prepared.input_size, prepared.card.class_names, prepared.card.weights_sha256)


def load_card_novelty(
    line: Line, prepared: Prepared, precision: Precision, settings: Settings
) -> NoveltyModel | None:
    """None where the card speaks of none: a model that was trained anew has none until it is fitted again."""
    told = prepared.card.data.get("novelty")
    if told is None:
        return None
    return load_novelty(
        novelty_path(settings.weights_dir / line.name / f"{prepared.card.model}.safetensors"),
        precision=precision,
        sha256=told["sha256"],
        weights_sha256=prepared.card.weights_sha256,
        good_index=None if line.good is None else line.classes.index(line.good),
    )


def load_engine(prepared: Prepared, precision: Precision, settings: Settings) -> Engine:
    blobs: Path = settings.cache_dir / "blobs"
    return OpenVinoEngine(prepared.read_graph, precision=precision, threads=settings.threads, cache_dir=blobs)


def check_classes(line: Line, prepared: Prepared) -> None:
    if prepared.card.class_names != line.classes:
        raise WeightsRefused(
            f"Expected weights for the classes of line {line.name} ({', '.join(line.classes)}), got "
            f"{', '.join(prepared.card.class_names)}. Train the model for this line, or mend the line's file."
        )
