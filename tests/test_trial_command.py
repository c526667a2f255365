"""A trial speaks of the weights that were tried, also where these were promoted, and is kept beside no others."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from inspection import loading, pipeline
from inspection.__main__ import app
from inspection.commands.trial import print_trial
from inspection.config import load_settings
from inspection.errors import DataInvalid
from inspection.learning.evaluate import Evaluation, write_evaluations
from inspection.learning.trial import Judged, Trial, read_trial, trial_path
from inspection.lines import load_line
from inspection.records.promotion import promote
from inspection.records.shelf import read_release
from inspection.records.store import open_store
from inspection.types import VerdictKind
from models.card import read_card, write_card
from tests.learning.test_robustness import make_inspector
from tests.records.contenders import MANAGER, make_challenge, write_release

GREYS = {"fine": 200, "bent": 120, "torn": 40}
LINE_FILE = """
title = "Toy"
part = "toy part"
classes = ["fine", "bent", "torn"]
good = "fine"
models = { champion = "resnet50" }
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine of its own with one line. Its shipped weights were judged by one picture a class."""
    for variable, name in (("ASSAY_LINES", "lines"), ("ASSAY_WEIGHTS", "weights"), ("ASSAY_VAR", "var")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    load_settings.cache_clear()
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "toy.toml").write_text(LINE_FILE)
    for place, (name, grey) in enumerate(GREYS.items()):
        for side in ("train", "test"):
            folder = tmp_path / "data" / side / name
            folder.mkdir(parents=True)
            for number in range(8):
                level = grey + number + 8 * place
                assert cv2.imwrite(str(folder / f"{number}.png"), np.full((40, 48, 3), level, np.uint8))
    write_release(tmp_path / "weights", seed=1)
    tell(tmp_path / "weights", novelty="aa" * 32, pictures=1)
    yield tmp_path
    load_settings.cache_clear()


def tell(weights_dir: Path, *, novelty: str, pictures: int) -> str:
    """Gives a release its novelty model's name and its evaluation; the SHA-256 of its weights comes back."""
    path = weights_dir / "toy" / "resnet50.json"
    card = read_card(path)
    write_card(replace(card, data={**card.data, "novelty": {"sha256": novelty}}), path)
    keys = tuple(f"test/{name}/{number}.png" for name in GREYS for number in range(pictures))
    labels = np.repeat(np.arange(len(GREYS)), pictures)
    logits = np.eye(len(GREYS), dtype=np.float32)[labels]
    rows = Evaluation("test", "f32", keys, labels, logits, np.ones(len(keys), np.float32))
    write_evaluations([rows], path.with_suffix(".parquet"))
    return card.weights_sha256


def promote_other(home: Path) -> str:
    """Other weights of the same model, judged by five pictures a class, run the line from here on."""
    settings, line = load_settings(), load_line("toy")
    shipped = read_release(home / "weights", "toy", "resnet50")
    challenge = make_challenge(line, shipped, settings, seed=2)
    sha256 = tell(challenge.folder, novelty="cd" * 32, pictures=5)
    store = open_store(settings=settings)
    promote(store, line, challenge, MANAGER, settings=settings)
    store.close()
    return sha256


def try_line(home: Path, weights_sha256: str, monkeypatch: pytest.MonkeyPatch, *more: str) -> str:
    """With a light meter for a network, which says that it has these weights."""
    inspector = make_inspector()
    own = replace(inspector.classifying, weights_sha256=weights_sha256)
    loaded = pipeline.Inspector(load_line("toy"), own)
    monkeypatch.setattr(loading, "load_inspector", lambda *_, **__: loaded)
    told = ["trial", "toy", "--data", str(home / "data"), *more]
    done = CliRunner().invoke(app, told, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def list_kept(home: Path) -> list[Path]:
    return sorted(home.rglob("*.trial-*"))


def test_as_shipped_it_is_kept_beside_the_card(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = read_card(home / "weights" / "toy" / "resnet50.json").weights_sha256
    told = try_line(home, sha256, monkeypatch)
    path = trial_path(home / "weights" / "toy", "resnet50", "f32")
    assert list_kept(home) == [path] and "3 pictures" in told
    assert "(aaaaaaaa)" in read_trial(path, weights_sha256=sha256).policy


def test_a_promoted_models_trial_is_not_kept_beside_the_shipped_weights(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = promote_other(home)
    with pytest.raises(DataInvalid, match=r"promoted by record \d+: .* Measure it with --dry"):
        try_line(home, sha256, monkeypatch)
    assert list_kept(home) == []


def test_a_promoted_model_is_tried_by_its_own_evaluation_and_card(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = try_line(home, promote_other(home), monkeypatch, "--dry")
    assert "15 pictures" in told and "(cdcdcdcd)" in told.replace("\n", "")
    assert list_kept(home) == []


def test_weights_that_were_replaced_while_they_loaded_are_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the rows of the ones would be told under the name of the others."""
    with pytest.raises(DataInvalid, match="that were loaded, got .* Try it again"):
        try_line(home, "ef" * 32, monkeypatch)
    assert list_kept(home) == []


def test_a_trial_tells_its_errors_with_what_they_are_of(capsys: pytest.CaptureFixture[str]) -> None:
    passed, rejected = VerdictKind.PASS, VerdictKind.REJECT
    rows = [Judged(f"fine/{n}", "fine", rejected if n < 2 else passed, "fine", False, 5.0) for n in range(50)]
    rows += [
        Judged(f"torn/{n}", "torn", passed if n < 1 else rejected, "torn", False, 5.0) for n in range(80)
    ]
    print_trial(
        Trial("toy", "resnet50", "f32", "ab" * 32, tuple(GREYS), "fine", "sure from 80%", tuple(rows))
    )
    told = capsys.readouterr().out
    assert "escapes 1 of 80 (95 %: 0.03% to 6.77%), false rejects 2 of 50 (95 %: 0.49% to 13.71%)" in told
