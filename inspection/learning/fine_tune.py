"""From corrected parts to a challenger: the champion's weights, a few epochs on what people corrected mixed with original
pictures, and both models judged on the same frozen test set by the same engine.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspection.config import Settings
from inspection.engines.openvino import OpenVinoEngine
from inspection.engines.prepare import find_weights, prepare_model
from inspection.errors import DataInvalid, PrecisionUnavailable
from inspection.learning.challenge import (
    MANIFEST,
    TEST,
    Challenge,
    challengers_dir,
    read_challenge,
    write_challenge,
)
from inspection.learning.config import TrainConfig
from inspection.learning.corrected_data import CorrectedData
from inspection.learning.evaluate import MEASURED, Evaluation, evaluate_set, write_evaluations
from inspection.learning.known_split import find_known_split, read_stated
from inspection.learning.lesson import Lesson, Tell, describe_start, prepare_lesson
from inspection.learning.line_data import LineData
from inspection.learning.looks import Looks
from inspection.lines import Line
from inspection.records.champions import Champion, find_weights_dir
from inspection.records.shelf import Release, read_release
from inspection.types import Precision
from models.card import Card, read_card

if TYPE_CHECKING:
    from inspection.learning.epochs import EpochRow

EPOCHS = 6


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for."""

    model: str
    data: Path | None = None  # the original training pictures
    epochs: int = EPOCHS
    seed: int = 0
    device: str = "cpu"
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """Who is challenged, from which weights the challenger starts, and where it is to lie."""

    line: Line  # under the rules that divided the pictures when the champion was trained
    settings: Settings
    own: Settings  # the same with the challenger's folder as its weights
    start_dir: Path  # of the weights that it starts from
    champion_dir: Path
    champion: Release

    @property
    def folder(self) -> Path:
        return self.own.weights_dir


def fine_tune(
    line: Line,
    corrected: CorrectedData,
    champion: Champion,
    wish: Wish,
    *,
    settings: Settings,
    on_epoch: "Callable[[EpochRow], None] | None" = None,
    stop: Callable[[], bool] | None = None,
    tell: Tell = print,
) -> Challenge:
    """Called again with the same wish, it goes on where it stopped; a finished one is returned as it is."""
    from models.registry import find_spec

    if find_spec(wish.model).task != "classify":
        raise DataInvalid(f"Expected a classifier, got the detector {wish.model}. Name a model of the line.")
    match = arrange(line, corrected, champion, wish, settings)
    if (match.folder / MANIFEST).is_file():
        tell(f"{match.folder.name} is finished already")
        return read_challenge(match.folder)
    start = read_start(match, wish.model)
    lesson = prepare_lesson(
        match.line, corrected, wish.data, size=start.input_size, seed=wish.seed, settings=settings, tell=tell
    )
    if wish.data is None:
        lesson = describe_start(lesson, read_stated(start))
    for note in lesson.notes:
        tell(note)
    card = train(match, wish, lesson, start, on_epoch=on_epoch, stop=stop, tell=tell)
    novelty, words = fit_novelty(match, wish, lesson, tell)
    tell("judging champion and challenger on the frozen test set")
    theirs = evaluate_release(match, match.champion_dir, match.champion.model, lesson)
    ours = evaluate_release(match, match.folder, wish.model, lesson)
    write_evaluations(theirs, match.folder / "champion.parquet")
    write_evaluations(ours, match.folder / "challenger.parquet")
    challenge = Challenge(
        folder=match.folder,
        line=line.name,
        model=wish.model,
        weights_sha256=card.weights_sha256,
        champion_model=match.champion.model,
        champion_sha256=match.champion.weights_sha256,
        corrected_sha256=corrected.sha256,
        last_answer=corrected.last_answer,
        taught=len(lesson.taught),
        replayed=lesson.replayed,
        left_out=lesson.left_out,
        data=lesson.facts,
        test_kind=lesson.test_kind,
        test_n=next(len(rows) for rows in ours if rows.split == TEST),
        test_sha256=lesson.test_sha256,
        precision=choose_precision(theirs, ours, [card, *read_deciders(match)]),
        epochs=wish.epochs,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        notes=(*lesson.notes, words),
        novelty=novelty,
    )
    write_challenge(challenge)
    return challenge


def arrange(
    line: Line, corrected: CorrectedData, champion: Champion, wish: Wish, settings: Settings
) -> Match:
    start_dir = find_weights_dir(wish.model, champion, settings)
    start = read_release(start_dir, line.name, wish.model)
    current = champion.release or read_release(champion.weights_dir, line.name, champion.model)
    facts: Mapping[str, Any] = {}
    if wish.data is not None:
        line, facts = find_frozen(line, wish, champion, start_dir)
    folder = challengers_dir(line.name, settings) / name_challenger(wish, corrected, start, current, facts)
    own = replace(settings, weights_dir=folder)
    return Match(line, settings, own, start_dir, champion.weights_dir, current)


def find_frozen(
    line: Line, wish: Wish, champion: Champion, start_dir: Path
) -> tuple[Line, Mapping[str, Any]]:
    """The pictures and sides that both cards name: what judges has then taught neither, and is what it always was."""
    assert wish.data is not None
    judged = dict.fromkeys(((start_dir, wish.model), (champion.weights_dir, champion.model)))
    for weights_dir, model in judged:
        card = read_card(weights_dir / line.name / f"{model}.json")
        ruled, facts = find_known_split(card, line, wish.data)
    return ruled, facts


def read_start(match: Match, model: str) -> Card:
    return read_card(match.start_dir / match.line.name / f"{model}.json")


def name_challenger(
    wish: Wish, corrected: CorrectedData, start: Release, current: Release, facts: Mapping[str, Any]
) -> str:
    """By everything that decides what comes out."""
    told = [corrected.sha256, start.weights_sha256, current.weights_sha256, facts, wish.epochs, wish.seed]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return f"{wish.model}-{digest[:8]}"


def train(
    match: Match,
    wish: Wish,
    lesson: Lesson,
    start: Card,
    *,
    on_epoch: "Callable[[EpochRow], None] | None",
    stop: Callable[[], bool] | None,
    tell: Tell,
) -> Card:
    from inspection.learning.release import release_classifier
    from inspection.learning.train import train_classifier

    weights = match.start_dir / match.line.name / f"{wish.model}.safetensors"
    config = plan_training(match.line, wish, weights, pictures=len(lesson.teach))
    run_dir = match.folder / "run"
    report = train_classifier(config, lesson.teach, lesson.validation, run_dir, on_epoch=on_epoch, stop=stop)
    if report.state != "finished":
        raise DataInvalid(
            f"The fine-tuning in {match.folder.name} is {report.state}. Start it again to go on."
        )
    sets = LineData(
        lesson.teach, lesson.validation, lesson.judging(start.input_size)[TEST], dict(lesson.facts)
    )
    looks = Looks(start.turns, start.input_size)
    return release_classifier(
        match.line, config, run_dir, sets, match.own, looks=looks, notes=lesson.notes, tell=tell
    )


def fit_novelty(match: Match, wish: Wish, lesson: Lesson, tell: Tell) -> tuple[str | None, str]:
    """(the method, a sentence): the champion's would not fit the challenger's features, so it gets its own or none."""
    from inspection.learning.novelty_release import release_novelty

    without = (
        "It has no novelty check: promoted, it sends no part to a person for being unlike those it knows."
    )
    if match.line.policy.novelty_0_1 <= 0:
        return None, f"{without} The line asks for none."
    if wish.data is None:
        return None, f"{without} It takes the original pictures (--data) to fit one."
    tell("fitting novelty")
    try:
        released = release_novelty(
            match.line, wish.model, wish.data, match.own, taught=lesson.corrected, tell=tell
        )
    except DataInvalid as error:  # too few known parts for the line's threshold
        return None, f"{without} {error}"
    alarms = list(released.told["false_alarms"].values())[-1]["all"]
    said = f"{alarms['count']} of {alarms['n']} known test parts go to a person for nothing"
    return released.told["method"], f"Its novelty check was fitted anew ({released.told['method']}): {said}."


def plan_training(line: Line, wish: Wish, weights: Path, *, pictures: int) -> TrainConfig:
    from inspection.learning.augment_presets import PRESETS
    from inspection.learning.recipes import make_config

    recipe = read_card(weights.with_suffix(".json")).recipe
    used = str(recipe.get("augment", ""))
    # it learns at the size that its start learnt at last, which need not be the one that it judges at
    stages = recipe.get("sizes")
    own = {"sizes": ((wish.epochs, int(stages[-1][1])),)} if stages else {}
    fallback = "strip" if line.locate.mode == "frame" else "line-default"
    return make_config(
        line.name,
        wish.model,
        line.classes,
        recipe="fine-tune",
        epochs=wish.epochs,
        augment=used if used in PRESETS else fallback,  # as it was trained
        warm_start=str(weights),
        seed=wish.seed,
        device=wish.device,
        threads=wish.threads,
        batch_size=max(2, min(32, pictures)),
        **own,
    )


def evaluate_release(match: Match, weights_dir: Path, model: str, lesson: Lesson) -> list[Evaluation]:
    """Every frozen set at every precision that this machine can replay."""
    from models.registry import find_spec

    channels, found = find_spec(model).channels, []
    for precision in MEASURED:
        try:
            prepared = prepare_model(
                match.line.name, model, precision, replace(match.settings, weights_dir=weights_dir)
            )
        except PrecisionUnavailable:
            continue
        engine = OpenVinoEngine(prepared.read_graph, precision=precision, threads=match.settings.threads)
        found += [
            evaluate_set(engine, pictures, split=split, channels=channels)
            for split, pictures in lesson.judging(prepared.input_size).items()
        ]
    return found


def read_deciders(match: Match) -> list[Card]:
    """The cards of what decides now: the champion, and the finder where the line has one."""
    champion, *finders = match.line.deciders(match.champion.model)
    own = read_card(match.champion_dir / match.line.name / f"{champion}.json")
    return [own, *(find_weights(match.line.name, name, match.settings)[1] for name in finders)]


def choose_precision(
    theirs: Sequence[Evaluation], ours: Sequence[Evaluation], cards: Sequence[Card]
) -> Precision:
    """INT8 where both were judged at it and nobody's is withheld: a champion that runs at f32 is beaten at f32 or not at all."""
    both = {each.precision for each in theirs} & {each.precision for each in ours}
    return "int8" if "int8" in both and not any(card.withheld for card in cards) else "f32"
