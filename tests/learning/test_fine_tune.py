"""The whole loop on a network of five thousand parameters: answers, challenger, gate, promotion, the next inspection."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.config import load_settings
from inspection.errors import DataInvalid, WeightsRefused
from inspection.images import decode
from inspection.learning.challenge import HELD_OUT, LINE_TEST, list_challenges
from inspection.learning.fine_tune import choose_precision
from inspection.lines import load_line
from inspection.loading import load_inspector
from inspection.records.promotion import list_history, promote, roll_back
from inspection.records.store import RecordStore, open_store
from inspection.types import Box
from models.card import read_card
from tests.models.cards import make_card
from tests.records.answering import CLASSES, decide, find_picture, inspect_picture, make_picture
from tests.records.contenders import MANAGER
from tests.ui.measured import make_evaluation

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
[policy]
novelty = 0.3
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
    """As it was drawn: it knows nothing yet. It looks twice, and so must all that comes after it."""
    import torch

    from models.card import write_card
    from models.loading import save_weights
    from models.registry import build_network

    torch.manual_seed(1)
    network = build_network("compact_cnn", len(CLASSES))
    path.parent.mkdir(parents=True)
    digest = save_weights(network, path, class_names=CLASSES, turns=2, side=288)
    card = make_card(
        line="toy",
        class_names=CLASSES,
        weights_sha256=digest,
        weights_bytes=path.stat().st_size,
        input_size=288,  # larger than the architecture's own, and than what it learnt at
        recipe={"augment": "gentle", "sizes": [[2, 128], [3, 224]]},
        turns=2,
        precisions={"f32": {}, "int8": {}},
    )
    write_card(card, path.with_suffix(".json"))


def write_originals(folder: Path) -> None:
    for place, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for number in range(20):
            (folder / name / f"{number:02d}.png").write_bytes(make_picture(5000 + 100 * place + number))


def name_originals(folder: Path, card: Path) -> None:
    """As a training on them would have."""
    from inspection.learning.line_sides import split_line
    from models.card import write_card

    line = load_line("toy")
    write_card(replace(read_card(card), data=split_line(line, folder).facts(line, folder)), card)


def run(*arguments: str) -> tuple[int, list[str]]:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return done.exit_code, done.stdout.splitlines()


def test_answers_become_a_challenger_and_the_challenger_the_champion(
    store: RecordStore, tmp_path: Path
) -> None:
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
    assert challenge.novelty is None and "no novelty check" in challenge.notes[-1]
    assert (challenge.folder / "toy" / "compact_cnn.int8.safetensors").is_file()
    card = read_card(challenge.folder / "toy" / "compact_cnn.json")
    assert (card.turns, card.input_size) == (2, 288), "it looks as its start does"
    assert card.recipe["sizes"] == [[1, 224]], "and learns at the size that its start learnt at last"
    written = (challenge.folder / "challenge.json").stat().st_mtime_ns
    assert run(*told)[0] == 1 and (challenge.folder / "challenge.json").stat().st_mtime_ns == written

    before = load_inspector("toy", precision="f32")
    signature = replace(MANAGER, reason="to see it happen")
    record = promote(store, line, challenge, signature, settings=settings, override=True)
    assert record.body["details"]["novelty"] is None
    after = load_inspector("toy", precision="f32")
    assert after.classifying.input_size == 288
    assert after.classifying.weights_sha256 == challenge.weights_sha256 != before.classifying.weights_sha256
    assert after.inspect(decode(pictures[0], name="p")).model_sha256 == challenge.weights_sha256
    (tmp_path / "weights" / "toy" / "compact_cnn.safetensors").rename(tmp_path / "put away")
    told_of = json.loads(run("lines", "--json")[1][0])
    assert told_of["trained"] == ["compact_cnn"], "what runs is what is listed"
    with pytest.raises(
        DataInvalid, match="names its card and all that belongs to it by their hashes. Measure it with --dry"
    ):
        run("robustness", "toy", "--data", str(tmp_path))
    (tmp_path / "put away").rename(tmp_path / "weights" / "toy" / "compact_cnn.safetensors")
    roll_back(store, line, signature, settings=settings)
    assert (
        load_inspector("toy", precision="f32").classifying.weights_sha256 == before.classifying.weights_sha256
    )


def test_what_cannot_be_taught_is_said(store: RecordStore) -> None:
    for arguments, word in (
        (("toy",), "review queue"),
        (("toy", "--data", "nowhere"), "nowhere"),
    ):
        with pytest.raises(DataInvalid, match=word):
            run("fine-tune", *arguments)
    decide(store, inspect_picture(store, make_picture(1), box=WHOLE), "bent")
    with pytest.raises(DataInvalid, match="Expected a model of line toy"):
        run("fine-tune", "toy", "--model", "resnet50")


def test_the_frozen_test_set_is_the_one_that_the_card_names(store: RecordStore, tmp_path: Path) -> None:
    """And with the original pictures at hand the challenger gets a novelty check of its own."""
    for number in range(8):
        picture = find_picture("teach", number + 1)
        decide(store, inspect_picture(store, picture, box=WHOLE), CLASSES[number % 3])
    folder, card = tmp_path / "originals", tmp_path / "weights" / "toy" / "compact_cnn.json"
    write_originals(folder)
    told = ("fine-tune", "toy", "--data", str(folder), "--epochs", "1", "--threads", "1", "--json")
    with pytest.raises(DataInvalid, match="to name the pictures and the split"):
        run(*told)
    name_originals(folder, card)
    kept = (folder / "bent" / "03.png").read_bytes()
    (folder / "bent" / "03.png").write_bytes(make_picture(9999))
    with pytest.raises(DataInvalid, match="the very pictures .* got "):
        run(*told)
    (folder / "bent" / "03.png").write_bytes(kept)
    (folder / "bent" / "99.png").write_bytes(make_picture(9999))
    with pytest.raises(DataInvalid, match="the split that compact_cnn was trained on .* got "):
        run(*told)
    (folder / "bent" / "99.png").unlink()
    assert run(*told)[0] == 1
    line, settings = load_line("toy"), load_settings()
    challenge = list_challenges("toy", settings)[0]
    assert challenge.test_kind == LINE_TEST and challenge.replayed > 0
    assert challenge.novelty is not None and "fitted anew" in challenge.notes[-1]
    promote(store, line, challenge, replace(MANAGER, reason="to see it"), settings=settings, override=True)
    inspector = load_inspector("toy", precision="f32")
    found = inspector.inspect(decode(make_picture(5000), name="p"))
    assert found.novelty is not None and found.novelty.method == challenge.novelty
    assert found.novelty_sha256 == list_history(store, line)[0].to.novelty_sha256 is not None
    before = {path.name: path.read_bytes() for path in (tmp_path / "weights" / "toy").iterdir()}
    with pytest.raises(WeightsRefused, match="a release never changes. Teach a challenger"):
        run("novelty", "toy", "--model", "compact_cnn", "--data", str(folder))
    assert len(list_history(store, line)) == 1
    assert {path.name: path.read_bytes() for path in (tmp_path / "weights" / "toy").iterdir()} == before


def test_the_two_are_compared_at_a_precision_that_both_would_run_at() -> None:
    rows = [make_evaluation([0, 1, 2], precision=precision) for precision in ("f32", "int8")]
    fit = make_card(precisions={"f32": {}, "int8": {}})
    withheld = make_card(precisions={"f32": {}, "int8": {"withheld": "26 of 630 pictures change"}})
    assert choose_precision(rows, rows, [fit, fit]) == "int8"
    assert choose_precision(rows, rows[:1], [fit, fit]) == "f32"
    assert choose_precision(rows, rows, [withheld, fit]) == "f32", "the challenger's"
    assert choose_precision(rows, rows, [fit, withheld]) == "f32", (
        "the champion runs at f32: that is to be beaten"
    )
