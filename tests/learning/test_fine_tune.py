"""The whole loop on a network of five thousand parameters: answers, challenger, gate, promotion, the next inspection."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.config import load_settings
from inspection.images import decode
from inspection.learning.challenge import HELD_OUT, list_challenges
from inspection.lines import load_line
from inspection.pipeline import load_inspector
from inspection.records.promotion import promote, roll_back
from inspection.records.store import RecordStore, open_store
from inspection.types import Box
from tests.models.cards import make_card
from tests.records.answering import CLASSES, decide, find_picture, inspect_picture, make_picture
from tests.records.contenders import MANAGER

LINE = """
title = "Toy"
part = "toy part"
classes = ["fine", "bent", "torn"]
good = "fine"
[locate]
mode = "frame"
[models]
champion = "compact_cnn"
rivals = []
"""
WHOLE = Box(0, 0, 96, 96)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordStore]:
    for variable, name in (("ASSAY_LINES", "lines"), ("ASSAY_WEIGHTS", "weights"), ("ASSAY_VAR", "var")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    load_settings.cache_clear()
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "toy.toml").write_text(LINE)
    write_champion(tmp_path / "weights" / "toy" / "compact_cnn.safetensors")
    opened = open_store()
    yield opened
    opened.close()
    load_settings.cache_clear()


def write_champion(path: Path) -> None:
    """As it was drawn: it knows nothing yet."""
    import torch

    from models.card import write_card
    from models.loading import save_weights
    from models.registry import build_network, find_spec

    torch.manual_seed(1)
    network = build_network("compact_cnn", len(CLASSES))
    path.parent.mkdir(parents=True)
    digest = save_weights(network, path, class_names=CLASSES)
    card = make_card(
        line="toy",
        class_names=CLASSES,
        weights_sha256=digest,
        weights_bytes=path.stat().st_size,
        input_size=find_spec("compact_cnn").input_size,
        recipe={"augment": "gentle"},
        precisions={"f32": {}, "int8": {}},
    )
    write_card(card, path.with_suffix(".json"))


def run(*arguments: str) -> tuple[int, list[str]]:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return done.exit_code, done.stdout.splitlines()


def test_answers_become_a_challenger_and_the_challenger_the_champion(store: RecordStore) -> None:
    pictures = [make_picture(number) for number in range(9)]
    pictures += [
        find_picture(side, start) for start, side in ((3, "held out"), (4, "held out"), (5, "validate"))
    ]  # type: ignore[arg-type]
    for place, picture in enumerate(pictures):
        decide(store, inspect_picture(store, picture, box=WHOLE), CLASSES[place % 3])
    told = ("fine-tune", "toy", "--epochs", "1", "--threads", "1", "--json")
    code, said = run(*told)
    found = json.loads(said[-1])
    assert code == 1 and found["passed"] is False, "a handful of pictures shows nothing"
    line, settings = load_line("toy"), load_settings()
    challenge = list_challenges("toy", settings)[0]
    assert found["challenger"] == str(challenge.folder) and found["n"] == challenge.test_n
    assert challenge.test_kind == HELD_OUT and challenge.precision == "f32", "the champion has no INT8"
    assert "may forget" in challenge.notes[0] and challenge.last_answer == 24
    assert (challenge.folder / "toy" / "compact_cnn.int8.safetensors").is_file()
    written = (challenge.folder / "challenge.json").stat().st_mtime_ns
    assert run(*told)[0] == 1 and (challenge.folder / "challenge.json").stat().st_mtime_ns == written

    before = load_inspector("toy", precision="f32")
    signature = replace(MANAGER, reason="to see it happen")
    promote(store, line, challenge, signature, settings=settings, override=True)
    after = load_inspector("toy", precision="f32")
    assert after.classifying.weights_sha256 == challenge.weights_sha256 != before.classifying.weights_sha256
    assert after.inspect(decode(pictures[0], name="p")).model_sha256 == challenge.weights_sha256
    roll_back(store, line, signature, settings=settings)
    assert (
        load_inspector("toy", precision="f32").classifying.weights_sha256 == before.classifying.weights_sha256
    )


def test_what_cannot_be_taught_is_said(store: RecordStore) -> None:
    from inspection.errors import DataInvalid

    for arguments, word in (
        (("toy",), "review queue"),
        (("toy", "--data", "nowhere"), "nowhere"),
    ):
        with pytest.raises(DataInvalid, match=word):
            run("fine-tune", *arguments)
    decide(store, inspect_picture(store, make_picture(1), box=WHOLE), "bent")
    with pytest.raises(DataInvalid, match="Expected a model of line toy"):
        run("fine-tune", "toy", "--model", "resnet50")
