"""The Review page as its tests open it: what is pressed there, and what is kept of it."""

import pytest
from streamlit.testing.v1 import AppTest

from inspection.records.record import Kind, Record
from inspection.records.review_rules import ReviewRules, change_rules
from inspection.records.search import Search
from inspection.ui import review_desk
from inspection.ui.keeping import get_store


@pytest.fixture
def page(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(review_desk, "BLINK_S", 0.0)  # no key is held down here
    change_rules(get_store(), ReviewRules(0.0, 0.0, 0.0, 0.0), person="ada")
    app.run()
    return app


def open_review(page: AppTest) -> AppTest:
    page.switch_page("screens/review.py").run()
    assert not page.exception
    return page


def press(page: AppTest, label: str) -> AppTest:
    found = [button for button in page.button if button.label == label]
    assert len(found) == 1, f"{label} is there {len(found)} times: {[button.label for button in page.button]}"
    assert not found[0].disabled, f"{label} cannot be pressed"
    found[0].click().run()
    assert not page.exception
    return page


def list_decisions() -> list[Record]:
    return list(get_store().walk(Search(kinds=(Kind.DECISION,))))


def read_said(record: Record) -> tuple[str, str | None, bool, str]:
    return record.verdict, record.class_name, record.body["saw_map"], record.body["reason"]
