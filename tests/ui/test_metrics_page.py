"""The Metrics page over small evaluations whose every figure is known by counting."""

import csv
import io
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from inspection.ui.confusion_view import ALL_WRONG
from inspection.ui.curves_view import say_disturbed
from tests.ui.fakes import CLASSES, code_of, make_png
from tests.ui.measured import make_evaluation, make_measured_card, write_measured

LABELS = [0] * 40 + [1] * 40 + [2] * 40 + [3] * 40 + [4] * 8
# two cracked parts pass, one good part is rejected, one dent is called a stain
MISTAKES = {80: 0, 81: 0, 0: 3, 160: 3}


@pytest.fixture
def measured(app: AppTest, tmp_path: Path) -> AppTest:
    evaluations = [
        make_evaluation(LABELS, MISTAKES, unsure=(80, 120)),
        make_evaluation(LABELS, MISTAKES, unsure=(80, 120), precision="f32", ms=9.0),
        make_evaluation(LABELS, split="validation"),
    ]
    write_measured(tmp_path / "weights", make_measured_card("resnet50"), evaluations)
    return app


def open_metrics(app: AppTest) -> AppTest:
    app.default_timeout = 120  # of a machine that is busy elsewhere
    app.run()
    app.switch_page("screens/metrics.py").run()
    assert not app.exception
    return app


def metrics_of(app: AppTest) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


def test_without_evaluations_the_page_says_what_to_do(app: AppTest) -> None:
    open_metrics(app)
    assert "python -m inspection train aluminium --model resnet50" in app.info[0].value
    app.selectbox(key="metrics.line").set_value("bare").run()
    assert "train bare" in app.info[0].value


def test_the_strip_counts(measured: AppTest) -> None:
    found = metrics_of(open_metrics(measured))
    assert found["Accuracy"] == ("97.6 %", "95 %: 94.0 to 99.1 %")  # 164 of 168
    assert found["Escapes"] == ("2 of 128", "up to 4.9 % (95 %)")
    assert found["False rejects"][0] == "1 of 40"
    assert found["Worst: dented"][0] == "87.5 %"
    assert found["Classifying, p50"] == ("3.3 ms", "p95 3.6 ms")
    assert (
        "The classifier alone decides on all 168 pictures and is wrong on 4. It would pass 2 of 128 defective parts; "
        "what the whole line passes" in measured.markdown[0].value
    )


def test_the_origin_of_the_pictures_is_told(measured: AppTest) -> None:
    told = " ".join(caption.value for caption in open_metrics(measured).caption)
    assert "168 synthetic pictures, test split" in told and "split cdcdcdcdcdcd" in told


@pytest.mark.parametrize(("variants", "told"), [(4, True), (1, False)])
def test_variants_of_a_part_are_not_counted_as_parts_without_a_word(
    measured: AppTest, tmp_path: Path, variants: int, told: bool
) -> None:
    """Casting's 715 test pictures show 104 parts; Metrics and Compare had spoken of 715."""
    lines, keys = tmp_path / "lines", make_evaluation(LABELS).keys
    rows = "".join(f"{key},p{place // variants}\n" for place, key in enumerate(keys))
    (lines / "aluminium.groups.csv").write_text(f"key,group\n{rows}")
    with (lines / "aluminium.toml").open("a") as stream:
        stream.write('[data]\ngroups = "aluminium.groups.csv"\n')
    for page in ("screens/metrics.py", "screens/compare.py"):
        open_metrics(measured).switch_page(page).run()
        assert not measured.exception
        said = " ".join(caption.value for caption in measured.caption)
        assert ("The 168 pictures show 42 parts." in said) is told
    (lines / "aluminium.groups.csv").write_text("nothing")
    assert "pictures show" not in " ".join(caption.value for caption in open_metrics(measured).caption)


def test_precision_and_split_choose_the_rows(measured: AppTest) -> None:
    open_metrics(measured).segmented_control(key="metrics.precision.('int8', 'f32')").set_value("f32").run()
    assert metrics_of(measured)["Classifying, p50"][0] == "9.9 ms"
    measured.segmented_control(key="metrics.split.aluminium").set_value("validation").run()
    assert not measured.exception
    found = metrics_of(measured)
    assert found["Accuracy"][0] == "100.0 %" and found["Escapes"][0] == "0 of 128"
    assert found["Escapes"][1] == "up to 2.4 % (95 %)"


def test_the_threshold_moves_every_figure(measured: AppTest) -> None:
    open_metrics(measured).slider(key="metrics.threshold").set_value(80).run()
    found = metrics_of(measured)
    assert found["To review"] == ("1.2 %", "2 of 168 pictures")
    assert found["Escapes"][0] == "1 of 128"  # the unsure one goes to a person
    table = measured.dataframe[0].value.set_index("Class")
    assert table["Pictures"]["cracked"] == 39
    assert "166 of 168 pictures and is wrong on 3" in measured.markdown[0].value


def test_the_lines_policy_is_one_press_away(measured: AppTest) -> None:
    open_metrics(measured)
    next(button for button in measured.button if button.label == "Line's policy: 80 %").click().run()
    assert measured.slider(key="metrics.threshold").value == 80
    next(button for button in measured.button if button.label == "Decide on all").click().run()
    assert measured.slider(key="metrics.threshold").value == 0


@pytest.mark.parametrize("percent", [92.5, 99.5, 100.0])
def test_the_policy_that_is_pressed_is_the_lines_own(
    measured: AppTest, tmp_path: Path, percent: float
) -> None:
    """Rounded to whole percent another one was shown, and from 99.5 % on the page failed."""
    with (tmp_path / "lines" / "aluminium.toml").open("a") as stream:
        stream.write(f"[policy]\nconfidence = {percent / 100}\n")
    open_metrics(measured)
    label = f"Line's policy: {percent:g} %"
    next(button for button in measured.button if button.label == label).click().run()
    assert not measured.exception
    assert measured.slider(key="metrics.threshold").value == percent
    assert next(button for button in measured.button if button.label == label).disabled


def test_where_nothing_is_decided_nothing_is_zero(app: AppTest, tmp_path: Path) -> None:
    rows = make_evaluation(LABELS, unsure=range(len(LABELS)))
    write_measured(tmp_path / "weights", make_measured_card("resnet50"), [rows])
    open_metrics(app).slider(key="metrics.threshold").set_value(99).run()
    assert not app.exception
    found = metrics_of(app)
    assert found["Accuracy"] == ("–", "nothing decided") and found["To review"][0] == "100.0 %"
    assert "nothing is decided" in app.markdown[0].value
    assert app.dataframe[0].value["Recall"].isna().all()


def test_classes_come_worst_first_and_thin_ones_are_marked(measured: AppTest) -> None:
    table = open_metrics(measured).dataframe[0].value
    assert list(table["Class"][:3]) == ["dented", "cracked", "flawless"]
    assert list(table["Thin"]) == [True, False, False, False, False]
    assert any("fewer than 30 pictures" in caption.value for caption in measured.caption)


def test_a_cell_lists_its_pictures_where_they_are_absent(measured: AppTest) -> None:
    open_metrics(measured)
    assert measured.selectbox(key="metrics.cell.aluminium").value == ALL_WRONG
    (said,) = [info.value for info in measured.info if "only their names are listed" in info.value]
    assert "make-data aluminium --out var/data/aluminium" in said and "make data" in said
    measured.selectbox(key="metrics.cell.aluminium").set_value((2, 0)).run()
    table = measured.dataframe[1].value
    assert list(table["picture"]) == ["test/cracked/0081.png", "test/cracked/0080.png"]  # the surest first
    assert set(table["called"]) == {"flawless"} and set(table["true class"]) == {"cracked"}


def test_a_cell_that_the_threshold_emptied_is_left(measured: AppTest) -> None:
    open_metrics(measured).slider(key="metrics.threshold").set_value(80).run()
    measured.selectbox(key="metrics.cell.aluminium").set_value((2, 5)).run()
    assert list(measured.dataframe[1].value["to review"]) == [True]
    measured.slider(key="metrics.threshold").set_value(0).run()
    assert not measured.exception and measured.selectbox(key="metrics.cell.aluminium").value == ALL_WRONG


def write_pictures(folder: Path) -> None:
    for row in MISTAKES:
        name = CLASSES[LABELS[row]]
        path = folder / "test" / name / f"{row:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make_png(code_of(name), seed=row))


def test_a_cell_shows_its_pictures_and_their_heat_maps(
    measured: AppTest, tmp_path: Path, loaded: list
) -> None:
    write_pictures(tmp_path / "var" / "data" / "aluminium")
    open_metrics(measured)
    assert len(measured.image) == 4
    seen = [name for inspector in loaded for name in inspector.seen]
    measured.segmented_control(key="aluminium-resnet50-test-int8-pictures.explainer").set_value(1).run()
    assert not measured.exception
    now = [Path(name).name for inspector in loaded for name in inspector.seen]
    assert len(measured.image) == 4 and sorted(now[len(seen) :]) == [
        f"{row:04d}.png" for row in sorted(MISTAKES)
    ]
    said = [caption.value for caption in measured.caption if "Inspected now" in caption.value]
    assert len(said) == 4 and "REJECT: dented, 97 %" in "".join(said).replace("\\", "")


def test_pictures_are_found_where_the_environment_says(
    measured: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(tmp_path / "elsewhere" / "aluminium")
    monkeypatch.setenv("ASSAY_DATA", str(tmp_path / "elsewhere"))
    assert len(open_metrics(measured).image) == 4


@pytest.mark.parametrize(
    "tab", ["Review threshold", "ROC", "Precision and recall", "Calibration", "Learning", "Robustness"]
)
def test_every_tab_opens(measured: AppTest, tab: str) -> None:
    open_metrics(measured)
    measured.session_state["metrics.tab"] = tab
    measured.run()
    assert not measured.exception
    charts = [chart.proto.spec or chart.proto for chart in measured.get("plotly_chart")]
    assert len(charts) == (2 if tab == "Robustness" else 3)
    if tab == "Robustness":
        assert "python -m inspection robustness aluminium --model resnet50" in measured.info[-1].value


def test_it_is_told_whose_accuracy_the_disturbed_pictures_have() -> None:
    told = say_disturbed({"condition": "blur", "severity": 0, "accuracy": 1.0, "n": 300, "precision": "int8"})
    assert told.startswith("300 test pictures through the whole line at INT8: right is a part that is found")
    assert say_disturbed({"condition": "blur"}).startswith("Test pictures through the whole line: right")


def test_robustness_is_drawn_from_the_card(app: AppTest, tmp_path: Path) -> None:
    rows = [
        {"condition": "blur", "severity": level, "accuracy": 1 - level / 10, "n": 168} for level in (1, 2)
    ]
    card = make_measured_card("resnet50", figures={"robustness": rows})
    write_measured(tmp_path / "weights", card, [make_evaluation(LABELS)])
    open_metrics(app).session_state["metrics.tab"] = "Robustness"
    app.run()
    assert list(app.dataframe[-1].value["accuracy"]) == [0.9, 0.8]


def test_a_line_without_a_good_class_has_no_escapes(app: AppTest, tmp_path: Path) -> None:
    path = tmp_path / "lines" / "aluminium.toml"
    path.write_text(path.read_text().replace('good = "flawless"', ""))
    write_measured(tmp_path / "weights", make_measured_card("resnet50"), [make_evaluation(LABELS, MISTAKES)])
    found = metrics_of(open_metrics(app))
    assert found["Escapes"] == ("–", "no good class") and "False rejects" not in found


def test_a_model_trained_anew_shows_at_once(measured: AppTest, tmp_path: Path) -> None:
    open_metrics(measured)
    write_measured(tmp_path / "weights", make_measured_card("resnet50"), [make_evaluation(LABELS)])
    measured.run()
    assert metrics_of(measured)["Accuracy"][0] == "100.0 %"


def test_what_is_taken_away_is_what_is_shown() -> None:
    from inspection.ui.exhibits import write_rows

    taken = write_rows([{"Class": "=evil()", "Recall": None, "Pictures": 0}])
    (row,) = csv.DictReader(io.StringIO(taken.decode("utf-8-sig")))
    assert row == {"Class": "'=evil()", "Recall": "", "Pictures": "0"}


def test_pictures_beside_annotations_are_found(measured: AppTest, tmp_path: Path) -> None:
    write_pictures(tmp_path / "var" / "data" / "aluminium" / "images")
    assert len(open_metrics(measured).image) == 4


def test_a_key_cannot_leave_its_folder(tmp_path: Path) -> None:
    from inspection.ui.evaluations import find_picture

    (tmp_path / "secret.png").write_bytes(b"x")
    (tmp_path / "data").mkdir()
    assert find_picture("../secret.png", (tmp_path / "data",)) is None
    assert find_picture("secret.png", (tmp_path,)) == tmp_path / "secret.png"
    st.cache_data.clear()
