"""The Train page: pictures, their check, a start, and a run in each of its states."""

import io
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from inspection.config import load_settings
from inspection.errors import DataInvalid, LineInvalid
from inspection.jobs import desk as desk_module
from inspection.jobs.desk import Desk
from inspection.jobs.job import OUTCOME, Job, JobRefused, JobState, read_job, write_object, write_standing
from inspection.jobs.pictures import list_sets, resolve_folder
from inspection.jobs.processes import identify
from inspection.learning.new_line import NewLine
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.ui import roles, train_actions
from inspection.ui.charts_training import build_live_curves, read_epochs, say_curves
from inspection.ui.keeping import get_store
from inspection.ui.roles import Person, Role, RoleRefused
from inspection.ui.titles import TITLES
from inspection.ui.train_form import DETECTORS, SIDES
from inspection.ui.train_live import say_span
from models.card import read_card, write_card
from models.registry import REGISTRY
from tests.ui.test_models_page import make_card

ROWS = [
    {"epoch": 1, "size": 24, "train_loss": 1.5, "pictures_per_s": 40.0},
    {
        "epoch": 2,
        "size": 32,
        "train_loss": 0.7,
        "pictures_per_s": 30.0,
        "val_loss": 0.6,
        "val_accuracy": 0.875,
    },
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes of pictures that differ, a byte copy, and a file that is no picture."""
    root = tmp_path / "data"
    rng = np.random.default_rng(3)
    for name in ("ok", "bent"):
        (root / "parts" / name).mkdir(parents=True)
        for number in range(6):
            pixels = cv2.resize(
                rng.integers(0, 255, (12, 12, 3), np.uint8), (96, 96), interpolation=cv2.INTER_CUBIC
            )
            cv2.imwrite(str(root / "parts" / name / f"{number}.png"), pixels)
    (root / "parts/ok/copy.png").write_bytes((root / "parts/ok/0.png").read_bytes())
    (root / "parts/bent/broken.png").write_bytes(b"<html>")
    monkeypatch.setenv("ASSAY_DATA", str(root))
    return root


@pytest.fixture
def desk(loaded: object, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The page's own, in which nothing is ever started."""
    monkeypatch.setattr(Desk, "_start", lambda self, job: None)
    return train_actions.get_desk()


def open_train(app: AppTest, **query: str) -> AppTest:
    app.run()
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page("screens/train.py").run()
    assert not app.exception and not app.error, [each.value for each in app.error]
    return app


def put_job(
    desk: Desk, kind: str, state: JobState, *, result: dict[str, Any] | None = None, **standing: Any
) -> Job:
    arguments = {"data": "parts", "name": "fresh", "line": "aluminium", "model": "resnet50"}
    job = desk.hand_in(kind, f"A {kind}", arguments, by="Somebody")
    write_standing(job.folder, replace(job.standing, state=state, started=time.time() - 200, **standing))
    if result is not None:
        write_object(job.folder / OUTCOME, {"result": result})
    return read_job(job.folder)


def put_run(job: Job, *, state: str = "running", pid: int | None = None) -> None:
    job.run_dir.mkdir()
    (job.run_dir / "epochs.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in ROWS) + '{"epoch": 3, "tr'
    )
    now = time.time()
    told = {"state": state, "pid": pid or os.getpid(), "started": now, "heartbeat": now, "message": ""}
    told |= {"epoch": 3, "epochs": 8, "step": 5, "steps": 10, "seconds_left": 300.0}
    (job.run_dir / "status.json").write_text(json.dumps(told))
    (job.folder / "log.txt").write_text("epoch 2/8 at 32 px: loss 0.7\nTraceback: out of luck\n")


def test_a_first_visitor_is_told_where_pictures_go(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_DATA", str(tmp_path / "nothing"))
    open_train(app)
    assert "ASSAY_DATA" in app.info[0].value and not app.button
    app.segmented_control(key="train.view").set_value("Runs").run()
    assert "Checks and trainings that you start appear here" in app.info[0].value


def test_a_set_is_shown_with_its_classes(app: AppTest, data: Path, desk: Desk) -> None:
    open_train(app)
    assert app.selectbox(key="train.set").value == "parts"
    assert "14 pictures in 2 folders; layout: a folder a class." in [each.value for each in app.caption]
    assert app.selectbox(key="train.good.parts").value == "ok"
    assert app.text_input(key="train.name.parts").value == "parts"


def test_the_check_runs_as_a_job_and_its_report_is_shown(app: AppTest, data: Path, loaded: object) -> None:
    """For real: the supervisor, the work, check-data on fourteen files."""
    open_train(app)
    find_button(app, "Check the pictures").click().run()
    (job,) = train_actions.get_desk().list_jobs()
    assert job.asked.kind == "check" and job.asked.by == "Local user" and job.active
    assert "Running" in " ".join(each.value for each in app.markdown)
    deadline = time.monotonic() + 60
    while (job := train_actions.get_desk().find(job.id)).active and time.monotonic() < deadline:
        time.sleep(0.1)
    for child in list(desk_module._children):
        child.wait(timeout=10)
    assert job.state == "finished", job.tail_log()
    app.run()
    assert "Figures measured on these pictures would be wrong" in app.error[0].value
    assert [metric.value for metric in app.metric] == [
        "13",
        "12",
        "2",
        str(len(job.read_result()["concerns"])),
    ]
    labels = [each.label for each in app.expander]
    assert any("cannot be read as pictures\\: 1 · settle this first" in label for label in labels)
    assert any("byte for byte\\: 1 · weakens the figures" in label for label in labels)
    assert "bent/broken\\.png" in " ".join(each.value for each in app.caption)
    assert find_button(app, "Start: check").disabled  # until one says so
    app.checkbox(key="train.agreed").check().run()
    assert not find_button(app, "Start: check").disabled
    (data / "parts/bent/broken.png").unlink()
    train_data_caches_clear()
    app.run()
    assert "have changed since" in app.info[0].value and not app.error


def train_data_caches_clear() -> None:
    from inspection.ui import train_data

    train_data.get_stamp.clear()
    train_data.count_classes.clear()


def find_button(app: AppTest, label: str) -> Any:
    return next(button for button in app.button if button.label.startswith(label))


def test_a_new_line_is_handed_in_with_what_was_chosen(app: AppTest, data: Path, desk: Desk) -> None:
    open_train(app)
    app.text_input(key="train.name.parts").set_value("plates").run()
    app.toggle(key="train.new.by_hand").set_value(True).run()
    app.number_input(key="train.new.epochs").set_value(9).run()
    app.selectbox(key="train.new.model").set_value("compact_cnn").run()
    find_button(app, "Start: check").click().run()
    assert not app.exception
    (job,) = desk.list_jobs()
    assert job.asked.kind == "new-line"
    assert job.asked.arguments == {
        "name": "plates",
        "data": "parts",
        "good": "ok",
        "model": "compact_cnn",
        "epochs": 9,
        "minutes": 20.0,
        "warm_start": "automatic",
        "recipe": None,
        "seed": 0,
    }
    assert app.query_params["job"] in (job.id, [job.id])
    assert app.segmented_control(key="train.view").value == "Runs"


def test_a_rival_is_handed_in_and_not_twice(app: AppTest, data: Path, desk: Desk, tmp_path: Path) -> None:
    write_card(make_card(), tmp_path / "weights" / "aluminium" / "resnet50.json")
    open_train(app)
    app.segmented_control(key="train.what").set_value("A model for a line").run()
    assert app.selectbox(key="train.line").value == "aluminium"
    assert "has this model already" in app.info[0].value
    assert "a rough guess" in " ".join(each.value for each in app.caption)
    find_button(app, "Start training").click().run()
    (job,) = desk.list_jobs()
    asked = job.asked.arguments
    assert (job.asked.kind, asked["line"], asked["model"], asked["epochs"]) == (
        "train",
        "aluminium",
        "resnet50",
        40,
    )
    with pytest.raises(JobRefused, match="Follow it"):
        train_actions.start_rival(
            "parts", "aluminium", "resnet50", epochs=1, recipe=None, warm_start=None, seed=0
        )


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


def open_train_with_errors(app: AppTest, job_id: str) -> None:
    app.run()
    app.query_params["job"] = job_id
    app.switch_page("screens/train.py").run()
    assert not app.exception


def test_a_removed_run_is_gone(app: AppTest, desk: Desk) -> None:
    job = put_job(desk, "train", "cancelled", ended=time.time())
    open_train(app, job=job.id)
    find_button(app, "Remove").click().run()
    assert desk.list_jobs() == () and not app.exception


def test_a_link_to_a_run_that_is_gone_shows_the_others(app: AppTest, desk: Desk) -> None:
    open_train(app, job="../../etc")
    assert "appear here" in app.info[0].value


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
    assert "is a rival of line aluminium now: accuracy 91.0% (95 %: 87.2% to 93.8%)" in app.success[0].value
    assert {metric.label for metric in app.metric} >= {"Accuracy", "Escapes", "False rejects"}
    app.button(key="way.compare").click().run()
    assert not app.exception and app.title[0].value == "Compare"


DEEDS = {
    "unpack": lambda: train_actions.take_archive(io.BytesIO(), "x", lambda share: None),
    "check": lambda: train_actions.start_check("parts"),
    "line": lambda: train_actions.start_line(NewLine("fresh", Path("parts"))),
    "rival": lambda: train_actions.start_rival(
        "parts", "aluminium", "resnet50", epochs=1, recipe=None, warm_start=None, seed=0
    ),
    "cancel": lambda: train_actions.cancel("x"),
    "resume": lambda: train_actions.resume("x"),
    "remove": lambda: train_actions.remove("x"),
    "replace": lambda: train_actions.take_over("x"),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("who", [None, Person("Auditor", frozenset({Role.AUDITOR, Role.MANAGER}))])
def test_only_engineers_write(
    data: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch, deed: str, who: Person | None
) -> None:
    monkeypatch.setattr(roles, "current_person", lambda: who)
    with pytest.raises(RoleRefused):
        DEEDS[deed]()
    assert not (desk.folder.exists() and desk.list_jobs()) and sorted(os.listdir(data)) == ["parts"]


@pytest.mark.parametrize(("model", "replaced"), [("resnet50", False), ("compact_cnn", True)])
def test_an_engineer_alone_does_not_replace_what_runs_the_line(
    loaded: object, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, replaced: bool
) -> None:
    used = tmp_path / "weights" / "aluminium"
    result = {"line": "aluminium", "model": model, "installed": False}
    job = put_job(desk, "train", "finished", ended=time.time(), result=result)
    staged = job.folder / "weights" / "aluminium"
    write_card(replace(make_card(), model=model), used / f"{model}.json")
    write_card(replace(make_card(), model=model, weights_sha256="cd" * 32), staged / f"{model}.json")
    engineer = Person("Engineer", frozenset({Role.ENGINEER}))
    monkeypatch.setattr(roles, "current_person", lambda: engineer)
    if replaced:
        train_actions.take_over(job.id)
    else:
        with pytest.raises(RoleRefused, match="manager"):
            train_actions.take_over(job.id)
    assert (read_card(used / f"{model}.json").weights_sha256 == "cd" * 32) == replaced
    events = get_store().search(Search(kinds=(Kind.EVENT,))).records
    assert [(each.body["event"], each.body["details"]["after"]) for each in events] == (
        [("weights replaced", "cd" * 32)] if replaced else []
    )


def test_the_page_is_not_in_the_menu_of_others() -> None:
    auditor = Person("Auditor", frozenset({Role.AUDITOR, Role.MANAGER}))
    assert "screens/train.py" not in {page.file for page in roles.pages_for(auditor)}
    assert "screens/train.py" in {page.file for page in roles.pages_for(roles.LOCAL)}


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("aluminium", LineInvalid, "exists"),
        ("Bad Name", LineInvalid, "Rename it"),
        ("../x", LineInvalid, "Rename it"),
    ],
)
def test_a_line_is_never_overwritten(
    data: Path, desk: Desk, name: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        train_actions.start_line(NewLine(name, Path("parts")))
    assert desk.list_jobs() == ()


def test_two_jobs_never_make_the_same_line(data: Path, desk: Desk) -> None:
    train_actions.start_line(NewLine("plates", Path("parts")))
    with pytest.raises(LineInvalid, match="is being made"):
        train_actions.start_line(NewLine("plates", Path("parts")))


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../weights", "/etc", "parts/../../lines", "gone", "link", "a\0b"]
)
def test_nothing_outside_the_root_is_read(data: Path, desk: Desk, name: str) -> None:
    (data / "link").symlink_to(data.parent / "lines")
    with pytest.raises(DataInvalid, match="Choose one of those"):
        train_actions.start_check(name)


def test_sets_are_found_below_the_root_only(data: Path, loaded: object, tmp_path: Path) -> None:
    (data / "link").symlink_to(tmp_path)
    (data / "deep/er").mkdir(parents=True)
    os.rename(data / "parts", data / "deep/er/parts")
    (data / "voc/images").mkdir(parents=True)
    (data / "voc/annotations").mkdir()
    (data / ".incoming-1/a").mkdir(parents=True)
    found = {each.name: each.layout for each in list_sets(load_settings())}
    assert found == {"deep/er/parts": "a folder a class", "voc": "Pascal VOC"}
    assert resolve_folder("deep/er/parts", load_settings()) == data.resolve() / "deep/er/parts"


def test_curves_grow_and_nothing_moves(tmp_path: Path) -> None:
    (tmp_path / "epochs.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in ROWS) + '{"epoch": 3, "tr'
    )
    rows = read_epochs(tmp_path)
    assert rows == ROWS and read_epochs(None) == [] and read_epochs(tmp_path / "none") == []
    early, late = build_live_curves(rows[:1], epochs=8), build_live_curves(rows, epochs=8)
    assert early["xAxis"] == late["xAxis"] and early["yAxis"] == late["yAxis"]
    assert late["xAxis"]["max"] == 8
    points = {series["name"]: series["data"] for series in late["series"]}
    assert points["training loss, left"] == [[1, 1.5], [2, 0.7]]
    assert points["validation accuracy, %"] == [[2, 87.5]]
    assert {series["yAxisIndex"] for series in late["series"] if "loss" in series["name"]} == {0}
    assert say_curves(rows) == "Training loss fell from 1.50 to 0.70 in 2 epochs, best validation score 87.5%"


@pytest.mark.parametrize(
    ("seconds", "words"), [(3.2, "3 s"), (89, "89 s"), (90, "2 min"), (5300, "88 min"), (5400, "1 h 30 min")]
)
def test_spans_are_said(seconds: float, words: str) -> None:
    assert say_span(seconds) == words


def test_what_is_said_again_agrees_with_the_registry() -> None:
    detectors = {name for name, spec in REGISTRY.items() if spec.task == "detect"}
    assert detectors & set(TITLES) == set(DETECTORS)
    assert {name: SIDES.get(name, 224) for name in TITLES} == {
        name: REGISTRY[name].input_size for name in TITLES
    }
