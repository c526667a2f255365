"""The Improve page: what people said, the gate, the signed yes, the way back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.config import load_settings
from inspection.errors import WeightsRefused
from inspection.jobs.desk import Desk
from inspection.learning.gate import Outcome
from inspection.lines import load_line
from inspection.records.decisions import Answer
from inspection.records.promotion import list_history, promote
from inspection.records.shelf import Release, read_release
from inspection.types import VerdictKind
from inspection.ui import improve_actions, inspectors, job_deeds, resources, roles
from inspection.ui.improve_tables import (
    build_recall_differences,
    count_flips,
    say_agreement,
    tabulate_labels,
    tabulate_rules,
)
from inspection.ui.keeping import get_store
from inspection.ui.roles import Person, Role, RoleRefused
from tests.records import contenders
from tests.records.answering import make_picture
from tests.records.contenders import MANAGER, make_challenge, write_release
from tests.records.makers import CONTEXT, make_inspection
from tests.ui.fakes import CLASSES, FakeInspector
from tests.ui.test_inspect_page import words
from tests.ui.training import put_job


@pytest.fixture(autouse=True)
def five_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contenders, "CLASSES", CLASSES)


@pytest.fixture
def shipped(loaded: list[FakeInspector]) -> Release:
    return write_release(load_settings().weights_dir, seed=1, line="aluminium")


def challenge_with(shipped: Release, seed: int = 2, **told: object):
    return make_challenge(load_line("aluminium"), shipped, load_settings(), seed=seed, **told)  # type: ignore[arg-type]


def answer(names: Sequence[str], truth: Sequence[str]) -> None:
    for number, (said, true) in enumerate(zip(names, truth, strict=True)):
        picture = make_picture(number)
        inspection = make_inspection(picture, class_name=said)
        record = get_store().add(inspection, picture, context=CONTEXT)
        verdict = VerdictKind.PASS if true == "flawless" else VerdictKind.REJECT
        get_store().decide(
            record.id, Answer(verdict, true), person="ann", saw_map=True, took_ms=5.0, reason="looked"
        )


def open_improve(app: AppTest) -> AppTest:
    app.run()
    app.switch_page("screens/promote.py").run()
    assert not app.exception
    return app


def press_sign(app: AppTest, *, name: str, reason: str, override: bool = False) -> AppTest:
    app.text_input[0].input(name)
    app.text_area[0].input(reason)
    if override:
        app.checkbox[0].check()
    return next(button for button in app.button if button.label == "Sign and promote").click().run()


def champion_sha() -> str | None:
    release = resources.get_champion("aluminium", fresh=True).release
    return None if release is None else release.weights_sha256


def test_a_line_nobody_spoke_of_says_what_to_do(app: AppTest, shipped: Release) -> None:
    open_improve(app)
    said = words(app)
    assert "Nobody has confirmed or corrected" in said and "as it was shipped" in said
    assert app.button(key="improve.start").disabled


def test_answers_are_counted_by_class_with_the_agreement(app: AppTest, shipped: Release) -> None:
    answer(["cracked"] * 6, ["cracked"] * 4 + ["dented", "flawless"])
    open_improve(app)
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Answered parts"] == "6" and shown["New"] == "6"
    assert shown["Model right"] == "4 of 6" and "67% (30% to 90%)" in words(app)
    assert not app.button(key="improve.start").disabled
    assert any("may forget" in warning.value for warning in app.warning)


def test_a_managers_signed_yes_takes_effect_on_the_next_inspection(
    app: AppTest, shipped: Release, loaded: list[FakeInspector], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str | None] = []

    def load(line: str, model: str, precision: str, champion: object = None) -> FakeInspector:
        given.append(None if champion is None else champion.release.weights_sha256)  # type: ignore[attr-defined]
        return FakeInspector(load_line(line), model, precision)

    monkeypatch.setattr("inspection.loading.load_inspector", load)
    before = inspectors.get_inspector("aluminium", "resnet50", "int8")
    assert inspectors.get_inspector("aluminium", "resnet50", "int8") is before
    challenge = challenge_with(shipped)
    open_improve(app)
    assert "The gate is passed" in words(app)
    press_sign(app, name="Mia", reason="finds more")
    assert not app.exception and champion_sha() == challenge.weights_sha256
    after = inspectors.get_inspector("aluminium", "resnet50", "int8")
    assert after is not before and given == [None, challenge.weights_sha256]
    app.button(key="improve.back").click().run()
    assert champion_sha() == shipped.weights_sha256
    inspectors.get_inspector("aluminium", "resnet50", "int8")
    assert given[2:] == [shipped.weights_sha256]
    assert [change.is_return for change in list_history(get_store(), load_line("aluminium"))] == [True, False]


def test_a_promoted_rival_is_the_champion_everywhere(app: AppTest, shipped: Release) -> None:
    challenge = challenge_with(shipped, model="compact_cnn")
    promote(get_store(), load_line("aluminium"), challenge, MANAGER, settings=load_settings())
    assert resources.get_line("aluminium").champion == "compact_cnn"
    card = resources.get_card("aluminium", "compact_cnn")
    assert card is not None and card.weights_sha256 == challenge.weights_sha256
    assert "compact" in words(open_improve(app)).lower()


def test_a_signature_without_a_reason_changes_nothing(app: AppTest, shipped: Release) -> None:
    challenge_with(shipped)
    press_sign(open_improve(app), name="Mia", reason=" ")
    assert "a reason" in app.error[0].value and champion_sha() is None


def test_a_failed_gate_is_overridden_only_when_that_is_ticked(app: AppTest, shipped: Release) -> None:
    challenge = challenge_with(shipped, wrong=range(600, 640))
    open_improve(app)
    assert "The gate is failed" in words(app) and "dented" in words(app)
    press_sign(app, name="Mia", reason="line stands still")
    assert champion_sha() is None and "gate is failed" in app.error[0].value
    press_sign(app, name="Mia", reason="line stands still", override=True)
    assert champion_sha() == challenge.weights_sha256
    assert list_history(get_store(), load_line("aluminium"))[0].overridden


def test_an_engineer_teaches_but_does_not_sign(
    app: AppTest, shipped: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    challenge_with(shipped)
    person = Person("Eva", frozenset({Role.ENGINEER}), local=True)
    monkeypatch.setattr(improve_actions, "current_person", lambda: person)
    open_improve(app)
    assert not [button for button in app.button if button.label == "Sign and promote"]
    assert "A manager signs here" in words(app)


def test_a_name_that_is_not_ones_own_is_no_signature() -> None:
    person = Person("Mia Manager", frozenset({Role.MANAGER}))
    improve_actions.check_name(person, " mia manager ")
    with pytest.raises(improve_actions.PromotionRefused, match="own name"):
        improve_actions.check_name(person, "Eva")


def test_fine_tuning_is_handed_in_as_a_job(
    app: AppTest, shipped: Release, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    handed: list[tuple[str, dict[str, object]]] = []

    class Desk:
        def list_jobs(self) -> tuple[()]:
            return ()

        def hand_in(self, kind: str, title: str, arguments: dict[str, object], *, by: str) -> None:
            handed.append((kind, arguments))

    monkeypatch.setattr(job_deeds, "open_desk", lambda _: Desk())
    answer(["cracked"] * 4, ["cracked"] * 4)
    open_improve(app).button(key="improve.start").click().run()
    expected = {"line": "aluminium", "model": "resnet50", "data": "", "epochs": 6}
    assert handed == [("fine-tune", expected)]


MIA = Person("Mia", frozenset({Role.MANAGER}))


@pytest.mark.parametrize("deed", [job_deeds.cancel, job_deeds.resume])
def test_only_an_engineer_stops_a_fine_tuning_or_takes_it_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, deed: Callable[[str], None]
) -> None:
    job = put_job(desk, "fine-tune", "waiting" if deed is job_deeds.cancel else "cancelled")
    monkeypatch.setattr(roles, "current_person", lambda: MIA)
    with pytest.raises(RoleRefused, match="role engineer"):
        deed(job.id)
    assert desk.find(job.id).state == job.state


def test_a_manager_sees_a_fine_tuning_and_has_no_button_to_cancel_it(
    app: AppTest, shipped: Release, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = put_job(desk, "fine-tune", "waiting")
    monkeypatch.setattr(improve_actions, "current_person", lambda: MIA)
    open_improve(app)
    assert "takes turns with the trainings" in words(app)
    assert "Cancel" not in [button.label for button in app.button]
    assert desk.find(job.id).state == "waiting"


def test_an_engineer_cancels_a_fine_tuning_and_takes_it_up_again(
    app: AppTest, shipped: Release, desk: Desk
) -> None:
    job = put_job(desk, "fine-tune", "waiting")
    assert open_improve(app).button(key=f"improve.cancel.{job.id}").label == "Cancel"
    job_deeds.cancel(job.id)  # AppTest cannot press what a fragment draws anew alone
    assert desk.find(job.id).state == "cancelled"
    app.run()
    app.button(key="improve.resume").click().run()
    assert not app.exception and desk.find(job.id).state == "waiting"


def test_a_champion_that_was_swapped_on_the_disk_is_told(app: AppTest, shipped: Release) -> None:
    challenge = challenge_with(shipped)
    promote(get_store(), load_line("aluminium"), challenge, MANAGER, settings=load_settings())
    folder = resources.get_champion("aluminium", fresh=True).weights_dir
    (folder / "aluminium" / "resnet50.json").write_text("{}")
    resources._read_champions.clear()
    with pytest.raises(WeightsRefused):
        resources.get_champion("aluminium")
    app.run()
    assert not app.exception and "changed after it was promoted" in app.error[0].value


def test_tables_say_what_the_gate_found(loaded: list[FakeInspector], shipped: Release) -> None:
    from inspection.ui.improve_data import get_flips, get_gate

    challenge = challenge_with(shipped, champion_wrong=(0, 1), wrong=(0, 700))
    line = load_line("aluminium")
    gate = get_gate(challenge, line)
    rows = {row["Rule"]: row for row in tabulate_rules(gate)}
    assert (rows["Accuracy"]["Won"], rows["Accuracy"]["Lost"]) == (1, 1)
    assert rows["Escapes"]["Champion"] == "0" and rows["Escapes"]["Challenger"] == "1"
    assert rows["Recall of dented"]["Difference (interval)"].startswith("−0.7 (")
    pairing = get_flips(challenge, "test")
    assert pairing is not None and list(count_flips(pairing).values()) == [1, 1, 0]
    figure = build_recall_differences(gate)
    shown = {name: x for trace in figure.data for name, x in zip(trace.y, trace.x, strict=True)}
    assert shown["dented"] == pytest.approx(-100 / 150) and set(shown) == set(CLASSES)
    assert {trace.name for trace in figure.data} <= {outcome.value for outcome in Outcome}


def test_labels_are_tabulated_with_what_is_new(loaded: list[FakeInspector]) -> None:
    from inspection.ui.improve_data import get_labels

    line = load_line("aluminium")
    assert say_agreement(()) == "–"
    answer(["cracked", "stained"], ["cracked", "dented"])
    labels = get_labels(line)
    rows = {row["Class"]: row for row in tabulate_labels(labels, CLASSES, since=labels.last_answer - 1)}
    assert rows["cracked"]["Agreement"] == 1.0 and rows["flawless"]["Agreement"] is None
    assert rows["dented"]["New"] == 1 and rows["cracked"]["New"] == 0
    answer(["excess"], ["excess"])
    assert get_labels(line) is not labels, "read anew when somebody answered"


def test_the_release_that_ran_before_can_be_read_again(shipped: Release) -> None:
    settings = load_settings()
    challenge = challenge_with(shipped)
    promote(get_store(), load_line("aluminium"), challenge, replace(MANAGER), settings=settings)
    from inspection.records.champions import find_former

    line = load_line("aluminium")
    former = find_former(get_store(), line, "resnet50", shipped.weights_sha256, settings)
    assert former is not None
    assert read_release(former.weights_dir, "aluminium", "resnet50").sha256 == shipped.sha256
    assert find_former(get_store(), line, "resnet50", "0" * 64, settings) is None
