"""One damaged card of a rival takes no page down: the rival is left out, and it is said which and what to do."""

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.jobs.desk import Desk
from inspection.ui import resources
from inspection.ui.zoo import read_trained
from models.card import read_card
from tests.models.cards import make_card
from tests.ui.measured import make_evaluation, make_measured_card, write_measured
from tests.ui.training import put_job

MODEL = "compact_cnn"


@pytest.fixture
def home(app: AppTest, tmp_path: Path) -> Path:
    """The champion is sound; the rival's card was cut short by a full disk."""
    weights = tmp_path / "weights"
    for model in ("resnet50", MODEL):
        write_measured(weights, make_measured_card(model), [make_evaluation([0, 1, 2, 3, 4] * 8)])
    card = weights / "aluminium" / f"{MODEL}.json"
    card.write_text(card.read_text()[:100])
    app.default_timeout = 120  # of a machine that is busy elsewhere
    app.run()
    return weights / "aluminium"


@pytest.mark.parametrize("page", ["compare", "latency", "promote", "metrics"])
def test_the_page_opens_without_the_damaged_one_and_names_it(app: AppTest, home: Path, page: str) -> None:
    app.switch_page(f"screens/{page}.py").run()
    assert not app.exception and not app.error
    (warning,) = [each for each in app.warning if "left out" in str(each.proto)]
    words = warning.value.replace("\\", "")
    assert words.startswith("Compact CNN, grey: Expected JSON in compact_cnn.json, got:")
    assert words.endswith("Fetch the model's files again, or train it anew.")
    assert not any("also names" in each.value for each in app.info)
    for box in (*app.selectbox, *app.pills, *app.multiselect):
        assert not any("Compact" in str(option) for option in box.options), box.label


def test_a_page_where_all_are_damaged_says_so(app: AppTest, home: Path) -> None:
    (home / "resnet50.json").write_text("{")
    app.switch_page("screens/compare.py").run()
    assert not app.exception and not app.error
    assert any("Models are left out" in str(each.proto) for each in app.warning)


def test_the_models_page_lists_it_with_what_is_wrong(app: AppTest, home: Path) -> None:
    app.switch_page("screens/models.py").run()
    assert not app.exception and not app.error
    table = app.dataframe[0].value
    assert list(table[table["Model"] == "Compact CNN, grey"]["On the test pictures"])[0] == "card unreadable"
    row = read_trained(resources.get_line("aluminium"), MODEL, "rival", resources.get_card)
    assert row.card is None and "compact_cnn.json" in row.fault


def test_the_page_that_trains_replaces_it(app: AppTest, desk: Desk, home: Path) -> None:
    result = {"line": "aluminium", "model": MODEL, "installed": False}
    job = put_job(desk, "train", "finished", ended=time.time(), result=result)
    staged = job.folder / "weights"
    write_measured(staged, make_card(line="aluminium", model=MODEL), [make_evaluation([0, 1, 2, 3, 4] * 8)])
    (staged / "aluminium" / f"{MODEL}.safetensors").write_bytes(b"new")
    app.query_params["job"] = job.id
    app.switch_page("screens/train.py").run()
    assert not app.exception and not app.error
    assert any("nothing can stand beside the new one" in each.value for each in app.warning)
    next(each for each in app.button if each.label == "Replace the one in use").click().run()
    assert not app.exception and not app.error
    assert read_card(home / f"{MODEL}.json").model == MODEL
