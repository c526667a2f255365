"""The mean of several trainings: a network again, told as what it is."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inspection.errors import DataInvalid, WeightsRefused
from inspection.hashing import hash_file
from inspection.learning.checkpoint import BEST, save_best
from inspection.learning.left_run import LeftRun
from inspection.learning.looks import ONE_LOOK, Looks
from inspection.learning.mean_run import average_runs, check_mixable, tell_mean
from inspection.learning.origin import tell_recipe
from inspection.learning.recipes import make_config
from models.loading import load_matching, read_stored
from models.registry import build_network

MODEL, CLASSES = "compact_cnn", ("good", "bad")


def leave_run(folder: Path, seed: int, *, parts_made: int = 0, classes: tuple[str, ...] = CLASSES) -> LeftRun:
    folder.mkdir()
    torch.manual_seed(seed)
    save_best(folder / BEST, build_network(MODEL, len(classes)).state_dict(), classes)
    row = {"epoch": 1, "is_best": True} | ({"parts_made": parts_made} if parts_made else {})
    (folder / "epochs.jsonl").write_text(json.dumps(row) + "\n")
    config = make_config("aluminium", MODEL, CLASSES, recipe="line", epochs=1, seed=seed)
    return LeftRun(folder, config, {}, ONE_LOOK, "finished")


@pytest.fixture
def runs(tmp_path: Path) -> list[LeftRun]:
    return [leave_run(tmp_path / str(seed), seed, parts_made=1000 * seed) for seed in (1, 2, 3)]


def test_every_weight_is_the_mean_and_the_rest_is_of_the_first(runs: list[LeftRun], tmp_path: Path) -> None:
    (tmp_path / "mean").mkdir()
    mean = average_runs(runs[0], runs[1:], tmp_path / "mean")
    sources = [read_stored(run.folder / BEST).tensors for run in runs]
    for name, tensor in read_stored(mean.folder / BEST).tensors.items():
        expected = sum(source[name].double() for source in sources) / 3
        assert tensor.dtype == sources[0][name].dtype
        assert torch.allclose(tensor.double(), expected.to(tensor.dtype).double(), atol=1e-6)
    assert mean == replace(runs[0], folder=tmp_path / "mean")
    assert (mean.folder / "epochs.jsonl").read_text() == (runs[0].folder / "epochs.jsonl").read_text()
    assert load_matching(build_network(MODEL, 2), mean.folder / BEST) == ()


def test_the_card_is_told_which_trainings_they_were(runs: list[LeftRun]) -> None:
    told = tell_mean(runs[0], runs[1:])
    assert told.startswith("The weights are the mean of those of 3 trainings: seed 1, ")
    assert "seed 2, " in told and "epoch 1 of 1x256 with 3,000 parts made, SHA-256 " in told


def test_the_recipe_says_what_the_others_had_otherwise(runs: list[LeftRun], tmp_path: Path) -> None:
    (tmp_path / "mean").mkdir()
    slower = replace(runs[2], config=replace(runs[2].config, learning_rate=1e-5))
    mean = average_runs(runs[0], [runs[1], slower], tmp_path / "mean")
    told = tell_recipe(mean.config, mean.folder)
    assert (told["seed"], len(told["mean_with"])) == (1, 2)
    second, third = told["mean_with"].values()
    assert (second["seed"], second["parts_made"], second["epoch"]) == (
        2,
        2000,
        1,
    ) and "learning_rate" not in second
    assert third["learning_rate"] == 1e-5 and third["weights_sha256"] == hash_file(runs[2].folder / BEST)
    assert list(told["mean_with"])[1].split() == ["3", third["weights_sha256"][:12]]
    assert tell_recipe(runs[0].config, runs[0].folder).get("mean_with") is None


def check(first: LeftRun, *others: LeftRun, turns: int | None = None, side: int | None = None) -> None:
    check_mixable(first, others, turns=turns, side=side)


def test_what_is_no_other_training_of_the_model_is_refused(runs: list[LeftRun], tmp_path: Path) -> None:
    check(*runs)
    other = replace(runs[1], config=replace(runs[1].config, model="mobilenetv2"))
    with pytest.raises(DataInvalid, match="got compact_cnn in .*mobilenetv2"):
        check(runs[0], other)
    with pytest.raises(DataInvalid, match="Name each once"):
        check(runs[0], runs[1], runs[1])
    with pytest.raises(DataInvalid, match="Name each once"):
        check(runs[0], runs[0])


def test_trainings_that_are_to_look_otherwise_are_refused_until_it_is_said_how(runs: list[LeftRun]) -> None:
    wider = replace(runs[1], looks=Looks(turns=2, side=256))
    with pytest.raises(DataInvalid, match="Say --turns and --side"):
        check(runs[0], wider)
    with pytest.raises(DataInvalid, match="Say --turns and --side"):
        check(runs[0], wider, turns=2)
    check(runs[0], wider, turns=2, side=256)


def test_other_tensors_and_classes_are_refused_and_nothing_is_left(
    runs: list[LeftRun], tmp_path: Path
) -> None:
    (tmp_path / "mean").mkdir()
    wider = leave_run(tmp_path / "wider", 4, classes=("good", "bad", "worse"))
    turned = leave_run(tmp_path / "turned", 5, classes=CLASSES[::-1])
    for run in (wider, turned):
        with pytest.raises(WeightsRefused, match="of the same classes"):
            average_runs(runs[0], [run], tmp_path / "mean")
    (runs[2].folder / BEST).write_bytes(b"no weights")
    with pytest.raises(WeightsRefused, match="Expected safetensors"):
        average_runs(runs[0], [runs[2]], tmp_path / "mean")
    assert not list((tmp_path / "mean").iterdir())
