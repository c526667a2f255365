"""The whole line on the Metrics page: what became of the parts, counted by hand."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.learning.data import EMPTY_CLASS
from inspection.learning.trial import MADE, Judged, Trial, say_policy, write_trial
from inspection.lines import load_line
from inspection.types import VerdictKind
from inspection.ui.charts_trial import build_severities, build_verdicts
from inspection.ui.tables_trial import count_trial, tabulate_severity, tabulate_verdicts
from tests.ui.fakes import CLASSES
from tests.ui.measured import make_evaluation, make_measured_card, write_measured
from tests.ui.test_metrics_page import LABELS, open_metrics

PASS, REJECT, REVIEW, NO_PART = VerdictKind
# what was shown, what the line decided, what it would have called it, how gross it was, how often
SHOWN = (
    ("flawless", PASS, "flawless", None, 30),
    ("flawless", REJECT, "cracked", None, 2),
    ("flawless", REVIEW, "flawless", None, 8),
    ("cracked", PASS, "flawless", 0.05, 3),
    ("cracked", REJECT, "cracked", 0.95, 50),
    ("cracked", NO_PART, EMPTY_CLASS, 0.05, 1),
    ("dented", REVIEW, "dented", 0.4, 6),
    (EMPTY_CLASS, NO_PART, EMPTY_CLASS, None, 9),
    (EMPTY_CLASS, PASS, "flawless", None, 1),
    (MADE, NO_PART, EMPTY_CLASS, None, 100),
)


def make_trial(**changes: object) -> Trial:
    rows = [
        Judged(
            f"{MADE if shown == MADE else shown + '/'}{number}",
            EMPTY_CLASS if shown == MADE else shown,
            verdict,
            called,
            verdict is REVIEW,
            10.0 + number,
            severity,
        )
        for shown, verdict, called, severity, count in SHOWN
        for number in range(count)
    ]
    told = {
        "line": "aluminium",
        "model": "resnet50",
        "precision": "int8",
        "weights_sha256": "ab" * 32,
        "class_names": CLASSES,
        "good": "flawless",
        "policy": "sure from 80% with a lead of 20%, with a second look",
        "rows": tuple(rows),
    }
    return Trial(**{**told, **changes})  # type: ignore[arg-type]


@pytest.fixture
def home(app: AppTest, tmp_path: Path) -> Path:
    """A measured model's folder, at INT8 and f32."""
    rows = [make_evaluation(LABELS), make_evaluation(LABELS, precision="f32")]
    write_measured(tmp_path / "weights", make_measured_card("resnet50"), rows)
    return tmp_path / "weights" / "aluminium"


def find_warnings(app: AppTest) -> str:
    """What the page warns of, without what the test's address asks for in vain."""
    return " ".join(each.value for each in app.warning if each.icon != ":material/link_off:")


def test_what_became_of_the_parts_is_counted(app: AppTest, home: Path) -> None:
    write_trial(make_trial(policy=say_policy(load_line("aluminium"), None, None)), home)
    open_metrics(app)
    found = {metric.label: (metric.value, metric.delta) for metric in app.metric}
    assert found["Line escapes"] == ("3 of 60", "95 %: 1.0 to 13.9 %")
    assert found["Line false rejects"][0] == "2 of 40"
    assert found["To a person"][0] == "14 of 100" and found["Not found"][0] == "1 of 100"
    assert found["None, called part"][0] == "1 of 10"
    assert found["Empty, called part"] == ("0 of 100", "95 %: 0 to 3.6 %")
    said = " ".join(element.value for element in (*app.markdown, *app.caption)).replace("\\", "")
    assert "Of 60 defective parts: 3 passed, 50 rejected, 6 sent to a person, 1 not found." in said
    assert "Of 40 flawless ones: 30 passed, 2 rejected, 8 sent to a person." in said
    assert (
        "110 pictures of the test split, whatever is chosen above, and 100 empty belts made for the trial"
        in said
    )
    assert "How gross a defect must be" in said
    assert not find_warnings(app)


def test_a_line_that_was_not_tried_says_how(app: AppTest, home: Path) -> None:
    write_trial(make_trial(precision="f32"), home)
    open_metrics(app)
    (told,) = [info.value for info in app.info if "python -m inspection trial" in info.value]
    assert "trial aluminium --model resnet50 --precision int8" in told and "tried at F32" in told
    app.segmented_control(key="metrics.precision.('int8', 'f32')").set_value("f32").run()
    assert "Line escapes" in {metric.label for metric in app.metric}


def test_a_trial_of_earlier_weights_is_not_shown_as_these(app: AppTest, home: Path) -> None:
    write_trial(make_trial(weights_sha256="ef" * 32), home)
    open_metrics(app)
    assert "trained anew" in find_warnings(app)
    assert "Line escapes" not in {metric.label for metric in app.metric}


def test_another_policy_since_is_said(app: AppTest, home: Path) -> None:
    write_trial(make_trial(policy="sure from 99% with a lead of 20%, without a second look"), home)
    open_metrics(app)
    assert "decides otherwise now: sure from 80%" in find_warnings(app)


def test_a_new_trial_shows_at_once(app: AppTest, home: Path) -> None:
    write_trial(make_trial(), home)
    open_metrics(app)
    write_trial(make_trial(rows=make_trial().rows[:40]), home)
    app.run()
    found = {metric.label: metric.value for metric in app.metric}
    assert found["Line escapes"] == "0 of 0" and found["Line false rejects"] == "2 of 40"


def test_a_line_without_a_good_class_lets_nothing_escape() -> None:
    tried = count_trial(make_trial(good=None))
    assert tried.escapes is None and tried.false_rejects is None
    assert tried.words.startswith("Of 100 defective parts: 33 passed")


def test_a_bar_holds_all_pictures_of_its_class() -> None:
    rows = tabulate_verdicts(make_trial())
    figure = build_verdicts(rows)
    assert [bar.name for bar in figure.data] == ["PASS", "REJECT", "REVIEW", "NO PART"]
    names = figure.data[0].y
    assert names[0] == "flawless (40)" and names[-1] == "empty belt (100)"
    assert "excess (0)" not in names  # none was shown
    assert [sum(bar.x[place] for bar in figure.data) for place in range(len(names))] == pytest.approx(
        [1.0] * len(names)
    )
    cracked = {bar.name: bar.customdata[list(names).index("cracked (54)")][0] for bar in figure.data}
    assert cracked == {"PASS": 3, "REJECT": 50, "REVIEW": 0, "NO PART": 1}


def test_a_defect_is_named_more_often_the_grosser_it_is() -> None:
    rows = tabulate_severity(make_trial())
    cracked = [(row["Named rightly"], row["Pictures"]) for row in rows if row["Defect"] == "cracked"]
    assert cracked == [(0, 4), (0, 0), (0, 0), (50, 50)]
    line = next(each for each in build_severities(rows).data if each.name == "cracked")
    assert list(line.y) == [0.0, 1.0]  # where there was none, nothing is drawn
    assert line.y[0] + line.error_y.array[0] == pytest.approx(rows[0]["Share high"])
