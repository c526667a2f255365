"""The Review page over the made-up lines: what waits, the rules, who may answer, and the agreement study."""

import time
from datetime import datetime

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import NumberInput

from inspection.records.decisions import Answer
from inspection.records.record import Kind
from inspection.records.review_rules import ReviewRules, change_rules, read_dated_rules, read_rules
from inspection.records.search import Search
from inspection.types import VerdictKind
from inspection.ui import review_desk, roles
from inspection.ui.keeping import get_store
from inspection.ui.review_sheet import read_answer
from inspection.ui.roles import Person, Role
from tests.ui import review_page
from tests.ui.fakes import UNSURE, code_of
from tests.ui.review_page import list_decisions, open_review, press
from tests.ui.review_parts import answer_many, ask_about, keep_part
from tests.ui.test_inspect_page import words

page = review_page.page  # a fixture


def test_an_empty_queue_says_what_would_wait(page: AppTest) -> None:
    open_review(page)
    assert page.success[0].value == "Nothing waits for you."
    assert "drawn at random" in words(page) and "Start reviewing" not in [one.label for one in page.button]


def test_what_waits_is_told_before_the_first_part(page: AppTest) -> None:
    ask_about(get_store(), 2)
    open_review(page)
    assert "2 parts wait for you, the oldest for less than a minute" in words(page)
    table = page.dataframe[0].value
    assert list(table["Why"]) == ["The model asked"] and list(table["Parts"]) == [2]


def test_a_line_whose_first_part_arrives_later_is_shown(page: AppTest) -> None:
    """Nobody chose a line: all of them are shown, and served."""
    keep_part(get_store(), UNSURE, seed=1)
    keep_part(get_store(), UNSURE, seed=2, line="bare")
    page.query_params.clear()  # as the menu does
    open_review(page)
    assert "2 parts wait" in words(page) and page.button_group(key="review.lines").value == []
    keep_part(get_store(), UNSURE, seed=3, line="third")
    page.run()
    assert "3 parts wait" in words(page) and "third" in list(page.dataframe[0].value["Line"])
    page.button_group(key="review.lines").set_value(["bare"]).run()
    assert "1 part waits" in words(page)
    keep_part(get_store(), UNSURE, seed=4)
    page.run()
    assert "1 part waits" in words(page), "whoever chose keeps the choice"


def test_a_link_counts_once_also_where_nothing_waits(page: AppTest) -> None:
    page.query_params["line"] = "bare"
    open_review(page)
    assert page.success[0].value == "Nothing waits for you."
    keep_part(get_store(), UNSURE, seed=1)
    keep_part(get_store(), UNSURE, seed=2, line="bare")
    page.run()
    assert "2 parts wait" in words(page), "it is not followed later"


def test_a_reload_gives_ones_own_part_back(page: AppTest) -> None:
    (part,) = ask_about(get_store(), 1)
    press(open_review(page), "Start reviewing")
    page.session_state["review.desk"] = None  # a page that is loaded anew has none, and gave nothing back
    page.run()
    assert "What you had begun comes first" in words(page) and "in other hands" not in words(page)
    press(page, "Start reviewing")
    assert f"Record {part.id}" in words(page)


def test_what_others_have_in_hand_is_said_and_not_offered(page: AppTest) -> None:
    store = get_store()
    ask_about(store, 1)
    desk = review_desk.Desk(store, "bo@example.org")
    desk.open_next()
    assert desk.sheet is not None and desk.sheet.lease is not None
    until = datetime.fromtimestamp(desk.sheet.lease.until_us / 1e6)
    open_review(page)
    assert f"(bo@example.org), until {until:%H:%M}" in words(page).replace("\\", "")
    start = next(button for button in page.button if button.label == "Start reviewing")
    assert start.disabled and f"Look again at {until:%H:%M}" in start.help
    ask_about(store, 2)
    page.run()
    press(page, "Start reviewing")


def find_rule(page: AppTest, name: str) -> NumberInput:
    return page.number_input(key=f"review.rule.{read_dated_rules(get_store().database).id}.{name}")


def test_the_rules_are_changed_on_the_page_and_kept(page: AppTest) -> None:
    open_review(page)
    find_rule(page, "sample_0_1").set_value(7.5)
    press(page, "Change the rules")
    assert read_rules(get_store().database).sample_0_1 == 0.075
    note = get_store().search(Search(kinds=(Kind.EVENT,))).records[0]
    assert (note.body["event"], note.person) == ("review rules", "Local user")


def test_a_form_over_older_rules_takes_nothing_back(page: AppTest) -> None:
    store = get_store()
    open_review(page)
    form = find_rule(page, "sample_0_1")
    others = ReviewRules(0.9, 0.0, 0.2, 0.0)
    change_rules(store, others, person="bo")
    form.set_value(7.5)
    press(page, "Change the rules")
    assert read_rules(store.database) == others
    assert "bo changed them meanwhile" in page.error[0].value
    assert find_rule(page, "sample_0_1").value == 20.0, "what holds now is shown"
    find_rule(page, "second_0_1").set_value(50.0)
    press(page, "Change the rules")
    assert not page.error and read_rules(store.database) == ReviewRules(0.9, 0.0, 0.2, 0.5)


def test_a_form_that_is_drawn_anew_shows_the_rules_that_hold(page: AppTest) -> None:
    open_review(page)
    find_rule(page, "sample_0_1").set_value(7.5)
    press(page, "Change the rules")
    change_rules(get_store(), ReviewRules(0.0, 0.0, 0.2, 0.0), person="bo")
    page.run()
    assert find_rule(page, "sample_0_1").value == 20.0
    press(page, "Change the rules")
    assert read_rules(get_store().database).sample_0_1 == 0.2


def test_who_is_no_auditor_sees_and_does_nothing(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_about(get_store(), 1)
    manager = Person("Mo", frozenset({Role.MANAGER}), local=True)
    press(open_review(page), "Start reviewing")
    press(page, "Cracked")
    for module in ("roles", "review_state", "keeping"):
        monkeypatch.setattr(f"inspection.ui.{module}.current_person", lambda: manager)
    assert roles.current_person() is manager
    press(page, "Keep the answer, show the verdict")  # a page that was open when the role went
    assert "auditor" in page.error[0].value and list_decisions() == []
    press(page, "Finish")
    assert "Only auditors answer here" in words(page) + page.info[0].value
    assert "Start reviewing" not in [button.label for button in page.button]


def open_agreement(page: AppTest) -> AppTest:
    open_review(page)
    page.segmented_control(key="review.view").set_value("Agreement").run()
    assert not page.exception
    return page


def test_without_answers_the_study_says_what_it_will_show(page: AppTest) -> None:
    open_agreement(page)
    assert "Nobody has answered" in page.info[0].value


def test_the_study_of_two_people(page: AppTest) -> None:
    answer_many(get_store(), ("ada", "bo"), parts=40)
    open_agreement(page)
    pairs, errors = (table.value for table in page.dataframe[:2])
    assert list(pairs["Who"])[:2] == ["people and model", "people and model's best guess"]
    assert "ada and bo" in list(pairs["Who"]) and list(pairs["Compared"])[0] == 80
    assert list(errors["Defect"])[0] == "any defect"
    assert [metric.label for metric in page.metric] == [
        "Model and people",
        "People and people",
        "Escapes in the sample",
        "Changed after the map",
    ]
    assert len(page.get("plotly_chart")) == 2 and len(page.get("download_button")) == 2
    page.segmented_control(key="review.agreement.side").set_value("After the map").run()
    assert "lean to the model" in page.warning[0].value


def test_escapes_are_told_of_the_line_once_all_drawn_are_answered(page: AppTest) -> None:
    """The doubtful ones are served first: what is answered while others wait is no fair sample."""
    store = get_store()
    change_rules(store, ReviewRules(0.0, 0.0, 1.0, 0.0), person="ada")
    first, second, third = (keep_part(store, code_of("flawless"), seed=seed) for seed in range(3))
    store.decide(second.id, Answer(VerdictKind.REJECT, "cracked"), person="ada", saw_map=False, took_ms=1)
    open_agreement(page)
    escapes = page.metric[2]
    assert (escapes.value, escapes.delta) == ("–", "1 of 3 drawn are answered, the doubtful ones first")
    for part in (first, third):
        store.decide(part.id, read_answer(part), person="ada", saw_map=False, took_ms=1)
    page.run()
    assert (page.metric[2].value, page.metric[2].delta) == ("1 of 3", "up to 87 % (95 %)")


def test_one_label_only_is_no_kappa(page: AppTest) -> None:
    record = keep_part(get_store(), code_of("cracked"))
    get_store().decide(
        record.id, read_answer(record), person="ada", saw_map=False, took_ms=time.perf_counter()
    )
    open_agreement(page)
    assert page.metric[0].value == "–" and "cannot be said: only one label occurs" in words(page)
