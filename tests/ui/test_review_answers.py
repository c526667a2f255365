"""Answers given on the Review page: first of the picture alone, then beside the verdict; taken back, passed over."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from inspection.records.decisions import Answer
from inspection.types import VerdictKind
from inspection.ui.keeping import get_store
from tests.ui import review_page
from tests.ui.review_page import list_decisions, open_review, press, read_said
from tests.ui.review_parts import ask_about, keep_part
from tests.ui.test_inspect_page import words

page = review_page.page  # a fixture


def test_the_picture_comes_alone_and_everything_after_the_answer(page: AppTest) -> None:
    first, second = ask_about(get_store(), 2)
    press(open_review(page), "Start reviewing")
    seen = words(page)
    assert f"Record {first.id}** · Fake aluminium" in seen
    assert "REVIEW" not in seen and "55 %" not in seen and not page.get("plotly_chart")
    assert not page.get("bidi_component"), "neither boxes nor heat"
    press(page, "Cracked")
    assert list_decisions() == []
    press(page, "Keep the answer, show the verdict")
    assert read_said(list_decisions()[0]) == ("REJECT", "cracked", False, "")
    assert list_decisions()[0].body["took_ms"] > 0
    seen = words(page)
    assert "asked a person; best guess flawless" in seen.replace("\\", "") and page.get("plotly_chart")
    press(page, "Confirm, next part")
    assert read_said(list_decisions()[1]) == ("REJECT", "cracked", True, "The model asked a person.")
    assert f"Record {second.id}" in words(page)


def test_next_after_the_map_confirms_or_says_why_not(page: AppTest) -> None:
    _, second = ask_about(get_store(), 2)
    press(open_review(page), "Start reviewing")
    for label in ("Cracked", "Keep the answer, show the verdict", "Next"):
        press(page, label)
    assert [read_said(each)[2] for each in list_decisions()] == [False, True]
    assert f"Record {second.id}" in words(page)
    for label in ("Cracked", "Keep the answer, show the verdict", "Flawless"):
        press(page, label)
    onward = next(button for button in page.button if button.label == "Next")
    assert onward.disabled and "Confirm first" in onward.help


def test_answers_that_were_never_confirmed_are_offered_though_nothing_else_waits(page: AppTest) -> None:
    for part in ask_about(get_store(), 2):
        answer = Answer(VerdictKind.REJECT, "cracked")
        get_store().decide(part.id, answer, person="Local user", saw_map=False, took_ms=1)
    open_review(page)
    assert "2 answers of yours wait to be confirmed" in words(page)
    press(page, "Start reviewing")
    press(page, "Confirm, next part")
    press(page, "Next")
    assert [read_said(each)[2] for each in list_decisions()] == [False, False, True, True]
    assert page.success[0].value == "You answered 2 parts."


def test_a_lost_map_does_not_stop_whoever_sits_down(page: AppTest) -> None:
    lost, good = ask_about(get_store(), 2)
    answer = Answer(VerdictKind.REJECT, "cracked")
    get_store().decide(lost.id, answer, person="Local user", saw_map=False, took_ms=1)
    Path(get_store().pictures.path_of(str(lost.evidence_sha256))).unlink()
    press(open_review(page), "Start reviewing")
    assert len(page.error) == 1
    assert next(button for button in page.button if button.label == "Confirm, next part").disabled
    press(page, "Next")
    assert f"Record {good.id}" in words(page) and len(list_decisions()) == 1


def test_a_changed_mind_needs_a_reason(page: AppTest) -> None:
    ask_about(get_store(), 1)
    press(open_review(page), "Start reviewing")
    press(page, "Cracked")
    press(page, "Keep the answer, show the verdict")
    press(page, "Flawless")
    confirm = next(button for button in page.button if button.label == "Confirm, next part")
    assert confirm.disabled
    press(page, "Within tolerance")
    press(page, "Confirm, next part")
    assert read_said(list_decisions()[1]) == ("PASS", "flawless", True, "Within tolerance")
    assert page.success[0].value == "You answered 1 part."


def test_a_reason_in_own_words(page: AppTest) -> None:
    ask_about(get_store(), 1)
    press(open_review(page), "Start reviewing")
    press(page, "No part")
    press(page, "Keep the answer, show the verdict")
    press(page, "Dented")
    page.text_input[0].input("a dent at the rim").run()
    press(page, "Confirm, next part")
    assert read_said(list_decisions()[1]) == ("REJECT", "dented", True, "a dent at the rim")


def test_undo_replaces_the_last_answer_by_a_new_record(page: AppTest) -> None:
    first, second = ask_about(get_store(), 2)
    press(open_review(page), "Start reviewing")
    for label in ("Cracked", "Keep the answer, show the verdict", "Confirm, next part", "Undo"):
        press(page, label)
    assert f"Record {first.id}" in words(page) and "the old answer stays" in words(page)
    for label in ("Stained", "I pressed the wrong key", "Replace the old answer"):
        press(page, label)
    old, new = list_decisions()[1:]
    assert read_said(new) == ("REJECT", "stained", True, "I pressed the wrong key")
    assert new.body["person_said_before"]["record"] == old.id
    assert f"Record {second.id}" in words(page)


def test_passing_over_and_bringing_back(page: AppTest) -> None:
    (only,) = ask_about(get_store(), 1)
    press(open_review(page), "Start reviewing")
    press(page, "Pass over")
    assert page.success[0].value == "You answered 0 parts and passed over 1."
    press(page, "Bring back the 1 passed over")
    assert f"Record {only.id}" in words(page)
    press(page, "Finish")
    assert "1 part waits for you" in words(page)


def test_every_action_has_a_key_and_no_key_two(page: AppTest) -> None:
    ask_about(get_store(), 1)
    press(open_review(page), "Start reviewing")
    blind = {button.label: button.proto.shortcut for button in page.button}
    assert all(blind.values()), blind
    assert [blind[name] for name in ("Flawless", "Excess", "Dented", "No part", "Cannot tell")] == [
        "1",
        "2",
        "5",
        "n",
        "0",
    ]
    press(page, "Cracked")
    press(page, "Keep the answer, show the verdict")
    press(page, "Flawless")
    for keys in (blind, {button.label: button.proto.shortcut for button in page.button}):
        assert all(keys.values()) and len(set(keys.values())) == len(keys), keys


def test_a_lost_picture_does_not_stop_the_queue(page: AppTest) -> None:
    lost, good = keep_part(get_store(), 180, seed=1), keep_part(get_store(), 180, seed=2)
    Path(get_store().pictures.path_of(str(lost.picture_sha256))).unlink()
    press(open_review(page), "Start reviewing")
    assert len(page.error) == 1 and not page.get("imgs")
    press(page, "Pass over")
    assert f"Record {good.id}" in words(page)
