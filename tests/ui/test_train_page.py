"""The Train page: pictures, their check, and a start."""

import io
import time
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.config import load_settings
from inspection.jobs import desk as desk_module
from inspection.jobs.desk import Desk
from inspection.jobs.job import JobRefused
from inspection.jobs.pictures import DataSet, stamp_folder
from inspection.learning.pace import Estimate
from inspection.ui import train_actions
from inspection.ui.titles import TITLES
from inspection.ui.train_form import DETECTORS, SIDES, say_limit
from inspection.ui.train_obstacles import find_set_obstacle
from models.card import write_card
from models.registry import REGISTRY
from tests.ui.test_models_page import make_card
from tests.ui.training import find_button, open_train, put_job


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
    assert tell_obstacles(app) == ["Settle what the check found, or tick “Train all the same”."]
    app.checkbox(key="train.agreed").check().run()
    assert tell_obstacles(app) == []
    (data / "parts/bent/broken.png").unlink()
    train_data_caches_clear()
    app.run()
    assert "have changed since" in app.info[0].value and not app.error


def test_what_was_checked_can_be_checked_again(app: AppTest, data: Path, desk: Desk) -> None:
    report = {"pictures": 13, "originals": {"ok": 6, "bent": 6}, "concerns": [], "sound": True}
    put_job(desk, "check", "finished", result={"stamp": stamp_folder(data / "parts"), **report})
    open_train(app)
    assert app.success[0].value == "Nothing to object to."
    find_button(app, "Check again").click().run()
    assert [job.state for job in desk.list_jobs()] == ["waiting", "finished"]


def test_an_archive_is_offered_a_name_that_is_free(app: AppTest, data: Path, desk: Desk) -> None:
    """What was mended and packed again under its old name becomes a set beside the first."""
    open_train(app)
    app.segmented_control(key="train.source").set_value("Upload a ZIP").run()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("ok", "bent"):
            archive.write(data / "parts" / name / "1.png", f"{name}/1.png")
        archive.writestr("notes.txt", "not a picture")
    app.file_uploader(key="train.archive.0").upload("Parts.zip", stream.getvalue()).run()
    (name,) = [each for each in app.text_input if each.label == "Name of the data set"]
    assert name.value == "parts-2"
    find_button(app, "Unpack").click().run()
    assert not app.error and app.selectbox(key="train.set").value == "parts-2"
    assert app.warning[0].value == "2 pictures were unpacked into 2 classes. 1 file was left out."
    assert (data / "parts-2/ok/1.png").is_file() and (data / "parts/ok/0.png").is_file()


def train_data_caches_clear() -> None:
    from inspection.ui import train_data

    train_data.get_stamp.clear()
    train_data.count_classes.clear()


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


def tell_obstacles(app: AppTest) -> list[str]:
    """What stands beside Start; it stands there when, and only when, Start cannot be pressed."""
    told = [each.value.partition(":] ")[2] for each in app.markdown if ":material/block:" in each.value]
    (start,) = [each for each in app.button if each.label.startswith("Start")]
    assert start.disabled == bool(told)
    return [each.replace("\\", "") for each in told]


def test_what_cannot_start_says_why_beside_start(app: AppTest, data: Path, desk: Desk) -> None:
    open_train(app)
    assert tell_obstacles(app) == []
    for minutes in (1, 601):
        app.number_input(key="train.minutes").set_value(minutes).run()
        assert tell_obstacles(app) == [f"Expected 2 to 600 minutes of training, got {minutes}."]
    app.toggle(key="train.new.by_hand").set_value(True).run()
    assert tell_obstacles(app) == []  # then the minutes do not count
    for epochs in (0, 501):
        app.number_input(key="train.new.epochs").set_value(epochs).run()
        assert tell_obstacles(app) == [f"Expected 1 to 500 epochs, got {epochs}."]
    app.number_input(key="train.new.epochs").set_value(9).run()
    assert tell_obstacles(app) == []
    assert desk.list_jobs() == ()


def test_a_name_that_cannot_be_a_new_lines_is_said_at_once(app: AppTest, data: Path, desk: Desk) -> None:
    put_job(desk, "new-line", "waiting")
    left = load_settings().weights_dir / "left" / "resnet50.json"
    left.parent.mkdir(parents=True)
    left.write_text("{}", encoding="utf-8")
    open_train(app)
    for name, why in (
        ("", "Give the line a name."),
        ("  ", "Give the line a name."),
        (
            "Bad Name",
            "Expected a line name of small letters, digits and dashes (at most 40), got 'Bad Name'.",
        ),
        ("aluminium", "line aluminium exists. Choose another, or train a model for that line."),
        ("fresh", "a line fresh is being made. Choose another."),
        ("left", "Expected no weights under the name left"),
    ):
        app.text_input(key="train.name.parts").set_value(name).run()
        (told,) = tell_obstacles(app)
        assert why in told
    app.text_input(key="train.name.parts").set_value("plates").run()
    assert tell_obstacles(app) == []


def test_pictures_that_make_no_line_are_said_at_once(app: AppTest, data: Path, desk: Desk) -> None:
    for side in ("train", "test"):
        (data / "sides" / side).mkdir(parents=True)
    open_train(app)
    app.selectbox(key="train.set").set_value("sides").run()
    (told,) = tell_obstacles(app)
    assert told.startswith("A new line needs one sub-folder a class; sides holds train and test")
    assert find_set_obstacle(DataSet("one", data, "a folder a class"), 0) == (
        "A new line needs at least two classes; one has 0. Add a folder of pictures."
    )


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


def test_minutes_that_cannot_be_kept_are_said_before_the_start() -> None:
    told = Estimate(20 * 60, 30 * 60, "judged by 12 epochs")
    assert say_limit(2, 120, told) == (
        "2 min are too short to learn anything from these pictures. At least 120 epochs are trained: 20 min to 30 min, "
        "judged by 12 epochs"
    )
    assert say_limit(25, 120, told).endswith(
        "at least 120, because fewer teach nothing, which may take 30 min"
    )
    assert (
        say_limit(40, 120, told)
        == "As many epochs as fit into 40 min, measured at the start, but at least 120"
    )
    assert "at least 8, because fewer teach nothing" in say_limit(2, 8, None)


def test_what_is_said_again_agrees_with_the_registry() -> None:
    detectors = {name for name, spec in REGISTRY.items() if spec.task == "detect"}
    assert detectors & set(TITLES) == set(DETECTORS)
    assert {name: SIDES.get(name, 224) for name in TITLES} == {
        name: REGISTRY[name].input_size for name in TITLES
    }
