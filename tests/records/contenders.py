"""Releases that are small enough to be promoted a thousand times: any bytes are weights, the card states their hash."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from inspection.config import Settings, load_settings
from inspection.learning.challenge import LINE_TEST, Challenge, challengers_dir, write_challenge
from inspection.learning.evaluate import Evaluation, write_evaluations
from inspection.lines import Line
from inspection.records.promotion import Signature
from inspection.records.shelf import Release, read_release
from models.card import write_card
from tests.models.cards import make_card
from tests.records.answering import CLASSES

EACH = 150  # test pictures of a class: enough to show two points
MANAGER = Signature("mia", "manager", "Mia M.", "it finds the torn ones")
ENGINEER = Signature("eva", "engineer", "Eva E.", "")


def make_settings(folder: Path) -> Settings:
    return replace(load_settings(), var_dir=folder / "var", weights_dir=folder / "weights")


def write_release(weights_dir: Path, *, seed: int, model: str = "resnet50", line: str = "toy") -> Release:
    weights = np.random.default_rng(seed).bytes(2000)
    folder = weights_dir / line
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{model}.safetensors").write_bytes(weights)
    (folder / f"{model}.int8.safetensors").write_bytes(weights[:300])
    card = make_card(
        line=line,
        model=model,
        class_names=CLASSES,
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        weights_bytes=len(weights),
        precisions={"int8": {}, "f32": {}},
    )
    write_card(card, folder / f"{model}.json")
    return read_release(weights_dir, line, model)


def make_rows(wrong: Sequence[int] = (), *, each: int = EACH) -> Evaluation:
    labels = np.repeat(np.arange(len(CLASSES)), each)
    called = labels.copy()
    called[list(wrong)] = (called[list(wrong)] + 1) % len(CLASSES)
    logits = np.eye(len(CLASSES), dtype=np.float32)[called]
    keys = tuple(f"test/{place}" for place in range(len(labels)))
    return Evaluation("test", "int8", keys, labels, logits, np.ones(len(labels), np.float32))


def make_challenge(
    line: Line,
    champion: Release,
    settings: Settings,
    *,
    seed: int,
    model: str = "resnet50",
    champion_wrong: Sequence[int] = (3, 4, 5),
    wrong: Sequence[int] = (),
    each: int = EACH,
    created: str = "2026-11-20T12:00:00+00:00",
) -> Challenge:
    folder = challengers_dir(line.name, settings) / f"{model}-{seed:08x}"
    release = write_release(folder, seed=seed, model=model, line=line.name)
    write_evaluations([make_rows(champion_wrong, each=each)], folder / "champion.parquet")
    write_evaluations([make_rows(wrong, each=each)], folder / "challenger.parquet")
    challenge = Challenge(
        folder=folder,
        line=line.name,
        model=model,
        weights_sha256=release.weights_sha256,
        champion_model=champion.model,
        champion_sha256=champion.weights_sha256,
        corrected_sha256="cc" * 32,
        last_answer=7,
        taught=12,
        replayed=200,
        left_out={"the same picture as one that judges": 1},
        data={"sha256": "dd" * 32},
        test_kind=LINE_TEST,
        test_n=each * len(CLASSES),
        test_sha256="ee" * 32,
        precision="int8",
        epochs=3,
        created=created,
        notes=("12 corrected parts teach.",),
    )
    write_challenge(challenge)
    return challenge
