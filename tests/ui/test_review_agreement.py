"""The agreement study follows what waits, not only what is answered."""

import pytest
from streamlit.testing.v1 import AppTest

from inspection.records.review_rules import ReviewRules, change_rules
from inspection.ui.keeping import get_store
from inspection.ui.review_sheet import read_answer
from tests.ui.fakes import code_of
from tests.ui.review_parts import keep_part


@pytest.fixture
def page(app: AppTest) -> AppTest:
    change_rules(get_store(), ReviewRules(0.0, 0.0, 1.0, 0.0), person="ada")
    app.run()
    app.switch_page("screens/review.py").run()
    return app


def test_a_draw_that_comes_after_the_last_answer_is_told_without_another_answer(page: AppTest) -> None:
    store = get_store()
    part = keep_part(store, code_of("flawless"), seed=0)
    store.decide(part.id, read_answer(part), person="ada", saw_map=False, took_ms=1)
    page.segmented_control(key="review.view").set_value("Agreement").run()
    assert page.metric[2].value == "0 of 1"
    keep_part(store, code_of("flawless"), seed=1)
    page.run()
    escapes = page.metric[2]
    assert (escapes.value, escapes.delta) == ("–", "1 of 2 drawn are answered, the doubtful ones first")
