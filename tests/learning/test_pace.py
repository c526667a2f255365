"""How long a training will take is told by runs of before and by the work that its recipe asks for."""

import json
from pathlib import Path

from inspection.learning.new_line import (
    plan_epochs,
)
from inspection.learning.pace import estimate_training, list_runs, measure_pace
from inspection.learning.recipes import make_config as make_run_config
from inspection.learning.recipes import plan_recipe
from tests.learning.toy import make_config, register_toys

register_toys()


def put_run(folder: Path, model: str, pictures_per_s: float, size: int, **settings: object) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model": model, **settings}))
    row = {"epoch": 1, "size": size, "pictures_per_s": pictures_per_s}
    (folder / "epochs.jsonl").write_text(json.dumps(row) + "\n")


def test_the_time_is_judged_by_earlier_runs_of_the_model(tmp_path: Path) -> None:
    put_run(tmp_path / "runs/a/tiny", "tiny", 40.0, 112)  # a quarter of the area: 10 a second at 224 px
    put_run(tmp_path / "jobs/1/run/tiny", "tiny", 10.0, 224)
    put_run(tmp_path / "runs/a/other", "other", 1.0, 224)
    put_run(tmp_path / "runs/b/tiny", "tiny", 30.0, 224, trainable=[[4, 2]])  # most layers were frozen
    runs = list_runs("tiny", [tmp_path / "runs", tmp_path / "jobs"])
    assert len(runs) == 2
    told = estimate_training("tiny", 100, ((4, 224), (4, 112)), runs)
    assert told is not None and told.low_s < 100 * 5 / 10 * 1.35 < told.high_s
    assert "2 epochs of this model on this machine" in told.source
    rough = estimate_training("mobilenetv2", 100, ((4, 224),), [])
    assert rough is not None and "rough guess" in rough.source and rough.high_s > 2 * rough.low_s
    assert estimate_training("tiny", 100, ((4, 224),), []) is None


def test_the_pace_is_that_of_whole_steps() -> None:
    small, large = (measure_pace(make_config(batch_size=size), steps=3) for size in (4, 16))
    assert 0 < large < 1 and 0 < small < 1  # seconds for a picture of 224 px, scaled up from 24 and 32


def test_the_time_is_that_of_the_recipe() -> None:
    """One that keeps to the full size costs more than one that goes from small to large, so fewer epochs fit."""
    staged = plan_epochs("mobilenetv2", 1050, 0.06, 20)
    assert plan_epochs("mobilenetv2", 1050, 0.06, 20, recipe="fine-tune") < staged
    for recipe in (None, "fine-tune", "seed004"):
        config = make_run_config("steel", "mobilenetv2", ("a", "b"), recipe=recipe or "strip", epochs=12)
        assert plan_recipe(recipe, "mobilenetv2", 12, 224) == config.sizes
