import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from inspection.errors import DataInvalid
from inspection.learning import recipes
from inspection.learning.averaging import recalibrate_norms
from inspection.learning.batches import iterate_calibration
from inspection.learning.config import TrainConfig
from inspection.learning.epochs import TrainingDiverged
from inspection.learning.optimizing import learning_rate, order_layers, set_trainable
from inspection.learning.run_status import RunFolderBusy, RunFolderGone, read_status
from inspection.learning.train import (
    ROOM,
    ClassifierTask,
    distillation_loss,
    score_logits,
    teaching_size,
    train_classifier,
)
from inspection.learning.warm_start import load_teacher
from models.loading import load_matching, save_weights
from models.registry import REGISTRY, build_network, find_spec
from tests.learning.toy import (
    TinyNet,
    assert_same_weights,
    load_weights,
    make_config,
    make_textures,
    register_toys,
)

register_toys()
TRAIN, VALIDATION = make_textures(96, 1), make_textures(30, 2)


def read_rows(out_dir: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out_dir / "epochs.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"model": "tiny_grey", "class_balance": "weights"},
        {"optimizer": "sgd", "learning_rate": 0.1, "schedule": "cosine", "class_balance": "sampling"},
        {"bf16": True, "augment": "strip"},
    ],
)
def test_textures_are_learnt(tmp_path: Path, changes: dict[str, object]) -> None:
    config = make_config(sizes=((8, 24), (6, 32)), **changes)
    report = train_classifier(config, TRAIN, VALIDATION, tmp_path)
    assert report.state == "finished" and report.best is not None
    assert report.best.metrics["val_accuracy"] > 0.95
    rows = read_rows(tmp_path)
    assert [row["epoch"] for row in rows] == list(range(1, 15))
    assert {row["size"] for row in rows} == {24, 32}
    assert rows[-1]["seconds_left"] == 0 and rows[0]["seconds_left"] > 0
    status = read_status(tmp_path)
    assert status is not None and status.state == "finished"


def test_a_cancelled_run_goes_on_and_ends_as_if_never_interrupted(tmp_path: Path) -> None:
    whole = train_classifier(make_config(), TRAIN, VALIDATION, tmp_path / "whole")
    asked = iter(range(100))
    part = train_classifier(
        make_config(), TRAIN, VALIDATION, tmp_path / "part", stop=lambda: next(asked) >= 20
    )
    assert part.state == "cancelled" and len(part.rows) == 2  # 8 steps an epoch
    assert read_status(tmp_path / "part").state == "cancelled"  # type: ignore[union-attr]
    rest = train_classifier(make_config(), TRAIN, VALIDATION, tmp_path / "part")
    assert [row.train_loss for row in rest.rows] == [row.train_loss for row in whole.rows]
    assert_same_weights(
        load_weights(tmp_path / "whole/best.safetensors"), load_weights(tmp_path / "part/best.safetensors")
    )


KILLED = """
import time
from pathlib import Path
from inspection.learning.train import train_classifier
from tests.learning.toy import make_config, make_textures, register_toys
register_toys()
train_classifier(make_config(), make_textures(96, 1), make_textures(30, 2), Path({out!r}),
                 stop=lambda: time.sleep(0.05) or False)
"""


def test_a_killed_run_loses_at_most_one_epoch(tmp_path: Path) -> None:
    whole = train_classifier(make_config(), TRAIN, VALIDATION, tmp_path / "whole")
    out = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, "-c", KILLED.format(out=str(out))])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (
        (out / "last.pt").exists() and len((out / "epochs.jsonl").read_text().splitlines()) >= 2
    ):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    status = read_status(out)
    assert status is not None and status.state == "failed" and "resume" in status.message
    done = torch.load(out / "last.pt", weights_only=True)["rows"]
    assert 1 <= len(done) < 5
    rest = train_classifier(make_config(), TRAIN, VALIDATION, out)
    assert [row.train_loss for row in rest.rows] == [row.train_loss for row in whole.rows]
    assert [row["epoch"] for row in read_rows(out)] == [1, 2, 3, 4, 5]
    assert_same_weights(
        load_weights(tmp_path / "whole/best.safetensors"), load_weights(out / "best.safetensors")
    )


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first = train_classifier(make_config(), TRAIN, VALIDATION, tmp_path)
    again = train_classifier(make_config(), TRAIN, VALIDATION, tmp_path)
    assert again.rows == first.rows


def test_other_settings_are_refused_in_the_same_folder(tmp_path: Path) -> None:
    train_classifier(make_config(sizes=((1, 24),)), TRAIN, VALIDATION, tmp_path)
    began = (tmp_path / "config.json").read_bytes()
    with pytest.raises(DataInvalid, match="other settings"):
        train_classifier(make_config(sizes=((1, 24),), seed=5), TRAIN, VALIDATION, tmp_path)
    assert (tmp_path / "config.json").read_bytes() == began, "the refused run left the other's settings alone"


def test_a_run_that_fails_says_so(tmp_path: Path) -> None:
    config = make_config(optimizer="sgd", learning_rate=1e30, gradient_clip=0.0, schedule="constant")
    with pytest.raises(TrainingDiverged, match="learning rate"):
        train_classifier(config, TRAIN, VALIDATION, tmp_path)
    status = read_status(tmp_path)
    assert status is not None and status.state == "failed" and "TrainingDiverged" in status.message


def test_a_run_whose_folder_is_removed_says_so(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(RunFolderGone, match="leave its folder until it has ended"):
        train_classifier(make_config(), TRAIN, VALIDATION, out, on_epoch=lambda _row: shutil.rmtree(out))


def test_two_do_not_train_in_one_folder(tmp_path: Path) -> None:
    def train_again(_row: object) -> None:
        train_classifier(make_config(), TRAIN, VALIDATION, tmp_path)

    with pytest.raises(RunFolderBusy, match="another process trains in"):
        train_classifier(make_config(), TRAIN, VALIDATION, tmp_path, on_epoch=train_again)
    assert len(read_rows(tmp_path)) == 1, "the second wrote nothing"
    ended = train_classifier(make_config(), TRAIN, VALIDATION, tmp_path)
    assert [row.epoch for row in ended.rows] == [1, 2, 3, 4, 5], "and the first can be gone on with"


def test_patience_ends_a_run_that_no_longer_improves(tmp_path: Path) -> None:
    config = make_config(
        sizes=((30, 24),), patience=2, learning_rate=1e-9, schedule="constant", ema_decay=0.0
    )
    report = train_classifier(config, TRAIN, VALIDATION, tmp_path)
    assert report.best is not None and len(report.rows) == report.best.epoch + 2 < 30


def test_labels_beyond_the_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="2 classes"):
        train_classifier(make_config(class_names=("a", "b")), TRAIN, VALIDATION, tmp_path)


def test_a_student_follows_its_teacher_and_a_warm_start_begins_where_it_ended(tmp_path: Path) -> None:
    taught = train_classifier(make_config(sizes=((10, 32),)), TRAIN, VALIDATION, tmp_path / "teacher")
    weights = str(taught.weights)
    student = make_config(sizes=((8, 32),), teacher="tiny", teacher_weights=weights, distill_share=0.9)
    report = train_classifier(student, TRAIN, VALIDATION, tmp_path / "student")
    assert report.best is not None and report.best.metrics["val_accuracy"] > 0.9
    warm = make_config(sizes=((1, 32),), warm_start=weights, learning_rate=1e-6, ema_decay=0.0)
    begun = train_classifier(warm, TRAIN, VALIDATION, tmp_path / "warm")
    assert begun.rows[0].metrics["val_accuracy"] > 0.9


def test_a_teacher_that_looks_twice_teaches_what_it_answers(tmp_path: Path) -> None:
    once, weights = build_network("tiny", 3).eval(), tmp_path / "teacher.safetensors"
    save_weights(once, weights, class_names=("a", "b", "c"), turns=2)
    load_matching(once, weights)  # as stored, at half precision
    teacher = load_teacher(make_config(teacher="tiny", teacher_weights=str(weights)))
    assert teacher is not None
    x = torch.rand(2, find_spec("tiny").channels, 32, 32)
    with torch.no_grad():
        answer, looks = teacher.network(x), torch.stack([once(x), once(x.rot90(1, (2, 3)))])
    torch.testing.assert_close(answer, looks.mean(dim=0))
    assert not torch.allclose(answer, looks[0])


@pytest.mark.parametrize(
    ("stored", "changes", "seen"),
    [
        (48, {}, [48, 48]),  # the student learns at 16, then at 32
        (None, {}, [32, 32]),
        (48, {"windows": True}, [24, 48]),  # half of a part first, as large as in the whole one
    ],
)
def test_a_teacher_sees_parts_as_large_as_it_judges_them(
    tmp_path: Path, stored: int | None, changes: dict[str, object], seen: list[int]
) -> None:
    weights = tmp_path / "teacher.safetensors"
    save_weights(build_network("tiny", 3), weights, class_names=("a", "b", "c"), side=stored)
    config = make_config(
        sizes=((1, 16), (1, 32)), teacher="tiny", teacher_weights=str(weights), guide=0.0, **changes
    )
    task = ClassifierTask(config, TRAIN, VALIDATION)
    sides: list[int] = []
    assert task.teacher is not None
    task.teacher.network.register_forward_pre_hook(lambda _network, given: sides.append(given[0].shape[3]))
    for epoch in range(2):
        assert task.loss(next(iter(task.batches(epoch)))).isfinite()
    assert sides == seen


def test_the_distillation_loss_is_zero_for_equal_logits_and_grows_with_the_difference() -> None:
    teacher = torch.tensor([[2.0, 0.0, -1.0]])
    same = distillation_loss(teacher, teacher, temperature=4)
    near = distillation_loss(teacher + torch.tensor([[0.5, 0, 0]]), teacher, temperature=4)
    far = distillation_loss(-teacher, teacher, temperature=4)
    assert float(same) == pytest.approx(0, abs=1e-6) and 0 < float(near) < float(far)


def test_frozen_layers_stay_as_they_were(tmp_path: Path) -> None:
    config = make_config(sizes=((1, 32),), trainable=((1, 0),), ema_decay=0.0, seed=3)
    torch.manual_seed(3)
    start = TinyNet(3).state_dict()
    train_classifier(config, TRAIN, VALIDATION, tmp_path)
    end = load_weights(tmp_path / "best.safetensors")
    moved = {name for name, tensor in end.items() if not torch.equal(tensor, start[name])}
    assert moved == {"classifier.weight", "classifier.bias"}


def test_only_the_statistics_of_what_learns_are_measured_anew(tmp_path: Path) -> None:
    """Whatever learns has learnt behind the frozen ones; and an average's own statistics lag behind."""
    torch.manual_seed(3)
    network = TinyNet(3)
    start = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    config = make_config(sizes=((1, 32),), trainable=((1, 3),), learning_rate=1e-9, ema_decay=0.9, seed=3)
    train_classifier(config, TRAIN, VALIDATION, tmp_path)
    end = load_weights(tmp_path / "best.safetensors")
    moved = {name for name in start if "running" in name and not torch.equal(end[name], start[name])}
    assert moved == {"body.4.running_mean", "body.4.running_var"}
    with torch.inference_mode():
        plain = iterate_calibration(TRAIN.pixels, find_spec("tiny"), config)
        recalibrate_norms(network.eval(), plain, kept={"body.1"})
    assert all(torch.allclose(end[name], network.state_dict()[name], atol=1e-4) for name in moved)


@pytest.mark.parametrize(("layers", "frozen"), [(-1, 0), (0, 6), (4, 2), (50, 0)])
def test_the_last_layers_of_the_body_thaw_first(layers: int, frozen: int) -> None:
    network = TinyNet(3)
    order = order_layers(network, torch.zeros(1, 3, 32, 32))
    assert len(order[0]) == 6 and network.classifier in order[1]
    assert len(set_trainable(network, layers, order=order)) == frozen
    assert network.classifier.weight.requires_grad
    assert network.body[0].weight.requires_grad == (frozen == 0)


@pytest.mark.parametrize("schedule", ["one-cycle", "cosine", "exponential", "constant"])
def test_the_learning_rate_stays_within_its_peak(schedule: str) -> None:
    config = make_config(schedule=schedule, sizes=((10, 32),), learning_rate=0.1)
    rates = [learning_rate(config, step, steps_per_epoch=7) for step in range(70)]
    assert max(rates) <= 0.1 and min(rates) > 0
    assert max(rates) == pytest.approx(0.1, rel=0.02)
    assert (rates[-1] < rates[35]) == (schedule != "constant")


def test_with_restart_each_stage_runs_through_the_schedule_on_its_own() -> None:
    config = make_config(sizes=((6, 16), (4, 32)), learning_rate=0.1, restart=True)
    rates = [learning_rate(config, step, steps_per_epoch=10) for step in range(100)]
    for begun, epochs in ((0, 6), (6, 4)):
        alone = make_config(sizes=((epochs, 32),), learning_rate=0.1)
        expected = [learning_rate(alone, step, steps_per_epoch=10) for step in range(epochs * 10)]
        assert rates[begun * 10 : (begun + epochs) * 10] == expected


def test_a_run_from_before_there_was_restart_goes_on() -> None:
    plain, restarted = make_config(), make_config(restart=True)
    told = {key: value for key, value in plain.to_dict().items() if key != "restart"}
    assert TrainConfig.from_dict(told).digest == plain.digest != restarted.digest


@pytest.mark.parametrize("name", [name for name, spec in REGISTRY.items() if spec.task == "classify"])
def test_pictures_that_teach_are_kept_somewhat_larger_than_the_largest_that_is_shown(name: str) -> None:
    side = find_spec(name).input_size
    for recipe in ("line", "guided", "harden", "distill"):
        config = recipes.make_config("aluminium", name, ("a", "b"), recipe=recipe)
        assert teaching_size(config) == round(side * ROOM)
    assert teaching_size(make_config(sizes=((1, 64), (1, 256), (1, 32)))) == round(256 * ROOM)


def test_scores_are_those_of_the_confusion() -> None:
    logits = np.eye(3, dtype=np.float32)[[0, 0, 1, 1]]
    scores = score_logits(logits, np.array([0, 0, 1, 0]))
    # class 0: 2·2/(2+3) = 0.8 · class 1: 2·1/(2+1) = 2/3 · class 2 is neither present nor predicted
    assert scores["val_accuracy"] == 0.75
    assert scores["val_macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)


def test_validation_is_skipped_in_small_stages_but_not_in_the_last(tmp_path: Path) -> None:
    config = make_config(sizes=((4, 24), (2, 32)), validate_every=3)
    report = train_classifier(config, TRAIN, VALIDATION, tmp_path)
    assert [bool(row.metrics) for row in report.rows] == [False, False, True, False, True, True]


def test_recalibrated_norms_know_the_mean_and_spread_of_what_they_see() -> None:
    network = TinyNet(3).eval()
    x = torch.randn(64, 3, 32, 32) * 3 + 2
    recalibrate_norms(network, x.split(16))
    norm = network.body[1]
    seen = network.body[0](x)
    assert torch.allclose(norm.running_mean, seen.mean(dim=(0, 2, 3)), atol=1e-4)
    assert torch.allclose(norm.running_var, seen.var(dim=(0, 2, 3)), rtol=0.02)
    assert norm.momentum == 0.1 and not norm.training
