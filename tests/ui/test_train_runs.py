"""A run on the Train page, in each of its states, and what a finished one brings."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.jobs.desk import Desk
from inspection.jobs.job import JobState
from inspection.jobs.processes import identify
from models.card import read_card, write_card
from tests.ui.test_models_page import make_card
from tests.ui.training import find_button, open_train, open_train_with_errors, put_job, put_run


def test_a_run_is_followed(app: AppTest, desk: Desk) -> None:
    job = put_job(desk, "train", "running", process=identify(os.getpid()), starts=1)
    put_run(job)
    open_train(app, job=job.id)
    assert "**Running**" in app.markdown[0].value
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Training loss"] == "0.700" and values["Best validation"] == "87.5%"
    assert values["Time left"] == "5 min" and values["Pictures a second"] == "30"
    assert app.get("progress")[0].proto.text == "Epoch 3 of 8, step 5 of 10"
    assert "out of luck" in app.code[0].value
    assert [button.label for button in app.button] == ["Cancel"]


def test_a_waiting_run_says_for_what(app: AppTest, desk: Desk) -> None:
    put_job(desk, "train", "running", process=identify(os.getpid()))
    waiting = desk.hand_in("new-line", "Another", {}, by="Somebody")
    open_train(app, job=waiting.id)
    assert "behind A train" in app.info[0].value
    find_button(app, "Cancel").click().run()
    assert desk.find(waiting.id).state == "cancelled"


def test_a_waiting_run_names_only_those_that_it_takes_turns_with(app: AppTest, desk: Desk) -> None:
    put_job(desk, "train", "running", process=identify(os.getpid()))
    put_job(desk, "check", "running", process=identify(os.getpid()))
    first, last = (desk.hand_in("check", title, {"data": "x"}, by="Somebody") for title in ("First", "Last"))
    desk.hand_in("train", "Another", {}, by="Somebody")
    open_train(app, job=first.id)
    assert app.info[0].value.startswith("One check at a time: behind A check.")
    assert [each.asked.title for each in desk.list_ahead(last)] == ["A check", "First"]


@pytest.mark.parametrize("state", ["crashed", "failed"])
def test_a_crashed_run_is_shown_as_crashed_with_its_last_lines(
    app: AppTest, desk: Desk, state: JobState
) -> None:
    job = put_job(desk, "train", state, ended=time.time(), message="The work was killed.")
    put_run(job, pid=2**22 + 1)
    open_train_with_errors(app, job.id)
    assert f"**{state.capitalize()}**" in app.markdown[0].value
    assert app.error[0].value == "The work was killed\\."
    assert "out of luck" in app.code[0].value
    assert "Resuming goes on after epoch 2" in " ".join(each.value for each in app.caption)
    find_button(app, "Resume").click().run()
    assert desk.find(job.id).state == "waiting"


def test_a_removed_run_is_gone(app: AppTest, desk: Desk) -> None:
    job = put_job(desk, "train", "cancelled", ended=time.time())
    open_train(app, job=job.id)
    find_button(app, "Remove").click().run()
    assert desk.list_jobs() == () and not app.exception


def test_a_link_to_a_run_that_is_gone_says_so_and_shows_the_others(app: AppTest, desk: Desk) -> None:
    open_train(app, job="../../etc")
    assert "appear here" in app.info[0].value
    job = put_job(desk, "train", "cancelled", ended=time.time())
    open_train(app, job="gone-1")
    assert "Not known here: run “gone-1”." in app.warning[0].value.replace("\\", "")
    assert app.selectbox(key="train.job").value == job.id


def test_a_finished_model_stands_beside_the_one_in_use_and_replaces_it_on_demand(
    app: AppTest, desk: Desk, tmp_path: Path
) -> None:
    used = tmp_path / "weights" / "aluminium"
    write_card(make_card(), used / "resnet50.json")
    result = {"line": "aluminium", "model": "resnet50", "installed": False}
    job = put_job(desk, "train", "finished", ended=time.time(), result=result)
    staged = job.folder / "weights" / "aluminium"
    write_card(replace(make_card(), weights_sha256="cd" * 32), staged / "resnet50.json")
    for name in ("resnet50.safetensors", "resnet50.parquet"):
        (staged / name).write_bytes(b"new")
    open_train(app, job=job.id)
    assert "It is not in use yet" in app.success[0].value
    table = app.dataframe[0].value
    assert list(table[""]) == ["In use", "New"] and list(table["Escapes"]) == ["4 of 200", "4 of 200"]
    assert read_card(used / "resnet50.json").weights_sha256 == "ab" * 32
    find_button(app, "Replace the one in use").click().run()
    assert not app.exception
    assert read_card(used / "resnet50.json").weights_sha256 == "cd" * 32
    assert (used / "resnet50.parquet").read_bytes() == b"new"
    assert "runs the line now" in app.info[0].value


def test_a_new_rival_leads_to_its_metrics(app: AppTest, desk: Desk, tmp_path: Path) -> None:
    write_card(make_card(), tmp_path / "weights" / "aluminium" / "resnet50.json")
    result = {"line": "aluminium", "model": "resnet50", "installed": True}
    job = put_job(desk, "train", "finished", ended=time.time(), result=result)
    open_train(app, job=job.id)
    assert "is a rival of line aluminium now: accuracy 91.0 % (95 %: 87.2 to 93.8 %)" in app.success[0].value
    assert {metric.label for metric in app.metric} >= {"Accuracy", "Escapes", "False rejects"}
    app.button(key="way.compare").click().run()
    assert not app.exception and app.title[0].value == "Compare"
