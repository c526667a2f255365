"""A line that runs goes by what holds now: challenges, promotions, rules, and weights that cannot be loaded."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from inspection.conveyor.conveyor import State
from inspection.errors import WeightsRefused
from inspection.lines import load_line
from inspection.records.champions import FRESH_S
from inspection.records.errors import StoreLost
from inspection.records.known_parts import KnownPart
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.shift_challenge import keep_challenge, run_challenge
from inspection.ui import resources
from inspection.ui.keeping import get_store
from inspection.ui.roles import Person, Role
from models.card import write_card
from tests.ui.fakes import FakeInspector, code_of, make_png
from tests.ui.live_page import start_watching, wait_until
from tests.ui.measured import make_measured_card
from tests.ui.test_inspect_page import words


@pytest.fixture
def page(live: AppTest) -> AppTest:
    """In the place of the page of the walks in a browser."""
    return live


def fail_challenge() -> None:
    """In another window: a part that is said to be dented passes."""
    looks_good = make_png(code_of("flawless"))
    known = [KnownPart(f"{name}.png", looks_good, name) for name in ("flawless", "dented")]
    inspector: Any = FakeInspector(load_line("aluminium"), "resnet50", "int8")
    keep_challenge(get_store(), run_challenge(inspector, known, source="master parts"), person="Eve")


def test_a_line_that_a_challenge_closes_stops_without_a_click(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    conveyor = start_watching(page)
    monkeypatch.setattr("inspection.ui.live_run._LOOK_EVERY_S", 0.0)
    fail_challenge()
    with monkeypatch.context() as alone:  # while a line runs nothing but the figures is drawn anew
        alone.setattr("inspection.ui.watch_challenge.show_line_state", lambda line: False)
        page.run()
    assert not page.exception and conveyor.state is State.STOPPED and not conveyor.alive
    page.run()
    assert "Line closed" in [box.proto.title for box in page.warning]
    assert "A failed challenge closed the line, so it was stopped" in page.info[0].value
    assert page.button(key="live.start").disabled


def test_it_stops_too_while_the_page_shows_another_line(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    conveyor = start_watching(page)
    monkeypatch.setattr("inspection.ui.live_run._LOOK_EVERY_S", 0.0)
    fail_challenge()
    page.selectbox(key="live.line").set_value("bare").run()
    assert not page.exception and conveyor.state is State.STOPPED
    assert any("A failed challenge closed the line" in info.value for info in page.info)


def test_whether_it_is_closed_is_asked_every_few_seconds_and_may_stay_unknown(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def lose(line: Any) -> None:
        asked.append(line.name)
        raise StoreLost("Expected the records, they cannot be reached.")

    conveyor = start_watching(page)
    run = page.session_state["live.run"].work
    monkeypatch.setattr("inspection.ui.live_run.find_standing", lose)
    for _ in range(2):  # of a second each
        run.looked_s = time.monotonic()
        page.run()
    assert asked == []
    run.looked_s -= 4
    page.run()
    assert asked == ["aluminium"] and conveyor.state is State.RUNNING and not page.exception


def test_a_rule_that_is_changed_holds_for_the_line_that_runs(
    page: AppTest, watched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conveyor = start_watching(page)
    wait_until(lambda: conveyor.keeper.read().kept == 3)
    monkeypatch.setattr("inspection.ui.live_run._LOOK_EVERY_S", 0.0)
    page.run()
    assert not any("What judges was changed" in info.value for info in page.info), "nothing was"
    file = tmp_path / "lines" / "aluminium.toml"
    file.write_text(file.read_text() + "[policy]\nconfidence = 0.97\n")
    resources.get_line.clear()
    page.run()
    assert not page.exception and conveyor.state is State.RUNNING
    told = next(info.value for info in page.info if "What judges was changed" in info.value)
    assert "after 3 parts, other rules" in told
    (watched / "9-cracked.png").write_bytes(make_png(code_of("cracked"), seed=9))
    wait_until(lambda: conveyor.keeper.read().kept == 4)
    kept = get_store().search(Search(kinds=(Kind.INSPECTION,))).records
    rules = {each.body["picture"]["name"]: each.body["thresholds"]["confidence_0_1"] for each in kept}
    assert rules.pop("9-cracked.png") == 0.97 and set(rules.values()) == {0.8}


def test_what_decides_nothing_changes_no_judge(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other words, or the rivals, which Train may change."""
    start_watching(page)
    monkeypatch.setattr("inspection.ui.live_run._LOOK_EVERY_S", 0.0)
    file = tmp_path / "lines" / "aluminium.toml"
    told = file.read_text().replace("fake part", "other words").replace('["compact_cnn"]', "[]")
    file.write_text(told)
    resources.get_line.clear()
    page.run()
    assert not page.exception and resources.get_line("aluminium").part == "other words"
    assert not any("What judges was changed" in info.value for info in page.info)


@pytest.mark.parametrize("chosen", ["resnet50", "compact_cnn"])
def test_who_chose_the_champion_gets_the_champion_of_now(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    """At the precision that its release lets run; who chose a rival keeps it."""
    page.selectbox(key="live.model.aluminium").set_value(chosen).run()
    conveyor = start_watching(page)
    run = page.session_state["live.run"].work
    monkeypatch.setattr("inspection.ui.live_run._LOOK_EVERY_S", 0.0)
    withheld = replace(make_measured_card("mobilenetv2"), precisions={"int8": {"withheld": "it loses much"}})
    write_card(withheld, tmp_path / "weights" / "aluminium" / "mobilenetv2.json")
    file = tmp_path / "lines" / "aluminium.toml"
    told = (
        file.read_text().replace('"resnet50"', '"mobilenetv2"').replace('["compact', '["resnet50", "compact')
    )
    file.write_text(told)
    resources.get_line.clear()
    time.sleep(FRESH_S)  # for so long nobody asks again who is champion
    page.run()
    assert not page.exception and conveyor.state is State.RUNNING
    if chosen == "resnet50":
        assert (run.inspector.model, run.inspector.precision) == ("mobilenetv2", "f32")
        assert any("MobileNetV2 judges, weights 00000000, at F32" in info.value for info in page.info)
    else:
        assert (run.inspector.model, run.inspector.precision) == ("compact_cnn", "int8")


def test_a_line_whose_new_judge_cannot_be_loaded_stops_and_says_why(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go on by weights that were taken back."""
    conveyor = start_watching(page)
    monkeypatch.setattr("inspection.ui.live_run._LOOK_EVERY_S", 0.0)

    def refuse(*_: object) -> None:
        raise WeightsRefused("Expected the weights of the card, got *others*.")

    with monkeypatch.context() as alone:
        alone.setattr("inspection.ui.live_run.inspectors.get_able_inspector", refuse)
        page.run()
    assert not page.exception and conveyor.state is State.STOPPED and not conveyor.alive
    page.run()
    assert "cannot be loaded, so the line was stopped" in page.error[0].value
    assert r"\*others\*" in page.error[0].value


def test_a_store_that_is_lost_leaves_the_judge(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    conveyor = start_watching(page)
    monkeypatch.setattr("inspection.ui.live_run._LOOK_EVERY_S", 0.0)

    def lose(*_: object) -> None:
        raise StoreLost("Expected the records, they cannot be reached.")

    monkeypatch.setattr("inspection.ui.live_run.inspectors.get_able_inspector", lose)
    page.run()
    assert not page.exception and conveyor.state is State.RUNNING
    assert page.session_state["live.run"].work.renewed_s > time.monotonic() + 30, "asked again much later"


@pytest.mark.parametrize("name", ["live", "inspect", "promote"])
def test_a_champion_that_may_not_be_the_one_of_now_is_named_wherever_it_judges(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    page.switch_page(f"screens/{name}.py").run()
    assert not page.exception and "machine knew last" not in words(page)
    last_known = replace(resources.get_champion("aluminium"), stale=True)
    monkeypatch.setattr(resources, "get_champion", lambda *_told, **_more: last_known)
    page.run()
    assert not page.exception and "machine knew last" in words(page)


def test_a_line_stops_with_the_roles_of_the_person_in_whose_name_it_judges(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    conveyor = start_watching(page)
    table = tmp_path / "roles.toml"
    monkeypatch.setenv("ASSAY_ROLES", str(table))
    run = page.session_state["live.run"].work
    run.starter = Person("Ada", frozenset({Role.ENGINEER}), address="ada@example.org")
    for text in ('[roles]\n"ada@example.org" = ["auditor"]\n', "[roles"):  # a slip in the table stops no line
        table.write_text(text)
        page.run()
        assert conveyor.state is State.RUNNING
    table.write_text('[roles]\n"bo@example.org" = ["auditor"]\n')  # while the page stays open
    page.run()
    assert not page.exception and conveyor.state is State.STOPPED and not conveyor.alive
