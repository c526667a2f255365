"""A replay says the same only where it is, and says so plainly where the weights have gone."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.config import load_settings
from inspection.errors import PrecisionUnavailable
from inspection.images import decode
from inspection.lines import Policy
from inspection.records.champions import PROMOTION, Champion
from inspection.records.errors import PictureAltered, RecordRefused
from inspection.records.record import Record
from inspection.records.replay import Likeness, compare, replay, restore_rules
from inspection.records.shelf import keep_release
from inspection.records.store import RecordStore
from inspection.records.surroundings import build_full_context
from inspection.types import Box, Inspection, Picture
from models.card import write_card
from tests.models.cards import make_card
from tests.records.contenders import write_release
from tests.ui.fakes import FakeInspector, code_of, make_line, make_png

PICTURE = make_png(code_of("cracked"))
Change = Callable[[Inspection], Inspection]


LINE = """
title = "Fake"
part = "fake part"
classes = ["flawless", "excess", "cracked", "stained", "dented"]
good = "flawless"
licence = "made for the tests"
[locate]
mode = "detector"
model = "yolov5n"
[models]
champion = "resnet50"
rivals = ["compact_cnn"]
"""


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The card of the weights that judge."""
    for variable in ("lines", "weights", "var"):
        monkeypatch.setenv(f"ASSAY_{variable.upper()}", str(tmp_path / variable))
    load_settings.cache_clear()
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "fake.toml").write_text(LINE)
    (tmp_path / "weights" / "fake").mkdir(parents=True)
    card = tmp_path / "weights" / "fake" / "resnet50.json"
    write_card(make_card(weights_sha256="0" * 64), card)
    yield card
    load_settings.cache_clear()


@pytest.fixture
def kept(store: RecordStore) -> Record:
    inspector = FakeInspector(make_line())
    inspection = inspector.inspect(decode(PICTURE, name="a.png"))
    context = build_full_context(inspector, person="a", source="upload")  # type: ignore[arg-type]
    return store.add(inspection, PICTURE, context=context)


class Drifted(FakeInspector):
    change: Change

    def inspect(self, picture: Picture, *, explained: bool = True, target: str | None = None) -> Inspection:
        return self.change(super().inspect(picture, explained=explained, target=target))


def load(*, change: Change = lambda one: one) -> Callable[[Inspection, Champion], Drifted]:
    def load_one(then: Inspection, champion: Champion) -> Drifted:
        assert champion.model == then.model
        inspector = Drifted(make_line(), then.model, then.engine.precision)
        inspector.change = change
        return inspector

    return load_one


def shift_logits(by: float) -> Change:
    return lambda one: replace(one, logits=tuple(value + by for value in one.logits))


def test_the_same_weights_give_the_same_answer(store: RecordStore, kept: Record) -> None:
    found = replay(store, kept, load=load())  # type: ignore[arg-type]
    assert found.holds and found.words == "The answer is the same, to the last digit that was kept."
    assert {one.what for one in found.comparisons if one.decides} >= {
        "weights", "verdict", "logits", "probabilities", "box", "heat map",
    }  # fmt: skip
    assert found.inspection is not None and found.inspection.heat_map is not None


@pytest.mark.parametrize(
    ("change", "likeness"),
    [(shift_logits(0.001), Likeness.WITHIN), (shift_logits(0.5), Likeness.OTHER)],
)
def test_a_drift_is_measured_against_the_tolerance(
    store: RecordStore, kept: Record, change: Change, likeness: Likeness
) -> None:
    found = replay(store, kept, load=load(change=change))  # type: ignore[arg-type]
    logits = next(one for one in found.comparisons if one.what == "logits")
    assert logits.likeness is likeness
    assert found.holds is (likeness is Likeness.WITHIN)
    assert ("different: logits" in found.words) is (likeness is Likeness.OTHER)


@pytest.mark.parametrize(
    ("precision", "by", "likeness"),
    [
        ("f32", 0.0, Likeness.SAME),
        ("f32", 4e-7, Likeness.WITHIN),
        ("f32", 0.005, Likeness.OTHER),  # nothing that was measured explains it
        ("int8", 0.005, Likeness.WITHIN),
        ("bf16", 0.005, Likeness.WITHIN),
        ("int8", 3.1, Likeness.OTHER),  # a processor without VNNI
    ],
)
def test_each_precision_has_the_tolerance_of_what_it_rounds(
    precision: str, by: float, likeness: Likeness
) -> None:
    one = FakeInspector(make_line(), "resnet50", precision).inspect(decode(PICTURE, name="a.png"))  # type: ignore[arg-type]
    logits = next(each for each in compare(one, shift_logits(by)(one)) if each.what == "logits")
    assert logits.likeness is likeness


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda one: replace(one, box=Box(0, 0, 5, 5)), "box"),
        (lambda one: replace(one, box=None), "box"),
        (lambda one: replace(one, heat_map=None), "heat map"),
        (lambda one: replace(one, heat_map=replace(one.heat_map, grid=one.heat_map.grid * 2)), "heat map"),
        (lambda one: replace(one, verdict=replace(one.verdict, class_name="dented")), "verdict"),
    ],
)
def test_each_part_of_the_answer_counts(store: RecordStore, kept: Record, change: Change, what: str) -> None:
    found = replay(store, kept, load=load(change=change))  # type: ignore[arg-type]
    assert not found.holds and what in found.words


def test_another_engine_is_told_and_is_no_other_answer(store: RecordStore, kept: Record) -> None:
    newer = load(change=lambda one: replace(one, engine=replace(one.engine, version="2")))
    found = replay(store, kept, load=newer)  # type: ignore[arg-type]
    engine = next(one for one in found.comparisons if one.what == "engine")
    assert found.holds and (engine.then, engine.now, engine.likeness) == ("fake 1", "fake 2", Likeness.OTHER)


def test_weights_that_are_gone_or_others_are_named(store: RecordStore, kept: Record, weights: Path) -> None:
    write_card(make_card(weights_sha256="1" * 64), weights)
    other = replay(store, kept, load=load())  # type: ignore[arg-type]
    weights.unlink()
    gone = replay(store, kept, load=load())  # type: ignore[arg-type]
    assert "no longer here: there are others (111111111111…)" in other.words
    assert "no longer here: there are none" in gone.words
    assert not other.holds and not gone.holds and gone.inspection is None


def test_a_former_champion_is_found_in_the_store(store: RecordStore, weights: Path, tmp_path: Path) -> None:
    """Promoted once, replaced since: its files lie under their hashes and are laid out again."""
    first = write_release(tmp_path / "weights", seed=1, line="fake")
    keep_release(store, first, tmp_path / "weights")
    inspector = FakeInspector(make_line())
    inspection = inspector.inspect(decode(PICTURE, name="a.png"))
    context = build_full_context(inspector, person="a", source="upload")  # type: ignore[arg-type]
    record = store.add(replace(inspection, model_sha256=first.weights_sha256), PICTURE, context=context)
    second = write_release(tmp_path / "weights", seed=2, line="fake")
    store.note(PROMOTION, {"from": first.to_dict(), "to": second.to_dict()}, person="m", line="fake")
    asked: list[Champion] = []

    def load_former(then: Inspection, champion: Champion) -> FakeInspector:
        asked.append(champion)
        former = FakeInspector(make_line())
        former.classifying = replace(former.classifying, weights_sha256=then.model_sha256)
        return former

    found = replay(store, record, load=load_former)  # type: ignore[arg-type]
    assert asked[0].release == first and (asked[0].weights_dir / "fake" / "resnet50.safetensors").is_file()
    assert next(one for one in found.comparisons if one.what == "logits").likeness is Likeness.SAME
    Path(store.pictures.path_of(first.files["resnet50.safetensors"])).unlink()
    shutil.rmtree(asked[0].weights_dir)
    assert "cannot be replayed. Expected the file" in replay(store, record, load=load_former).words  # type: ignore[arg-type]


def test_a_line_that_is_gone_is_an_obstacle(store: RecordStore, kept: Record, tmp_path: Path) -> None:
    (tmp_path / "lines" / "fake.toml").unlink()
    assert "cannot be replayed" in replay(store, kept, load=load()).words  # type: ignore[arg-type]


def test_weights_that_changed_under_a_loaded_model_are_noticed(store: RecordStore, kept: Record) -> None:
    def load_old(*_: object) -> FakeInspector:
        inspector = FakeInspector(make_line())
        inspector.classifying = replace(inspector.classifying, weights_sha256="2" * 64)
        return inspector

    assert "222222222222" in replay(store, kept, load=load_old).words  # type: ignore[arg-type]


def test_a_precision_that_this_machine_lacks_is_an_obstacle(store: RecordStore, kept: Record) -> None:
    def refuse(*_: object) -> FakeInspector:
        raise PrecisionUnavailable("Expected a CPU with bf16.")

    found = replay(store, kept, load=refuse)  # type: ignore[arg-type]
    assert found.words == "It cannot be replayed. Expected a CPU with bf16."


def test_the_rules_of_then_are_used_and_the_line_stays_as_it_is(store: RecordStore, kept: Record) -> None:
    seen: list[Policy] = []

    def load_strict(*_: object) -> Drifted:
        line = replace(make_line(), policy=Policy(confidence_0_1=0.999))
        inspector = Drifted(line)
        inspector.change = lambda one: one
        loaded.append(inspector)
        return inspector

    loaded: list[Drifted] = []
    assert replay(store, kept, load=load_strict).holds  # type: ignore[arg-type]
    assert loaded[0].line.policy.confidence_0_1 == 0.999, "what others use is not touched"
    seen.append(restore_rules(loaded[0].line, kept.body["thresholds"]).policy)
    assert seen == [Policy()]
    before = {name: value for name, value in kept.body["thresholds"].items() if name != "whole"}
    assert not restore_rules(loaded[0].line, before).policy.whole, "a rule that came later did not judge it"


def test_weights_that_were_calibrated_since_answer_at_the_temperature_of_then(
    store: RecordStore, kept: Record
) -> None:
    used: list[float] = []

    class Noted(Drifted):
        def inspect(self, *picture: Picture, **how: object) -> Inspection:
            used.append(self.classifying.temperature)
            return super().inspect(*picture, **how)  # type: ignore[arg-type]

    def load_calibrated(*_: object) -> Noted:
        inspector = Noted(make_line())
        inspector.change = lambda one: one
        inspector.classifying = replace(inspector.classifying, temperature=0.7)
        return inspector

    found = replay(store, kept, load=load_calibrated)  # type: ignore[arg-type]
    then = kept.body["preprocessing"]["temperature"]
    assert found.holds and used == [then] and then != 0.7
    row = next(one for one in found.comparisons if one.what == "temperature")
    assert (row.then, row.now, row.likeness) == (str(then), "0.7", Likeness.OTHER) and not row.decides


def test_a_picture_that_was_changed_is_not_replayed(store: RecordStore, kept: Record) -> None:
    Path(store.pictures.path_of(str(kept.picture_sha256))).write_bytes(b"other")
    with pytest.raises(PictureAltered):
        replay(store, kept, load=load())  # type: ignore[arg-type]


def test_only_inspections_are_replayed(store: RecordStore, kept: Record) -> None:
    noted = store.note("new threshold", {}, person="a")
    with pytest.raises(RecordRefused, match="Expected an inspection"):
        replay(store, noted, load=load())  # type: ignore[arg-type]


def test_numbers_of_another_length_are_different() -> None:
    inspection = FakeInspector(make_line()).inspect(decode(PICTURE, name="a.png"))
    fewer = replace(inspection, logits=inspection.logits[:2])
    rows = {one.what: one for one in compare(inspection, fewer)}
    assert rows["logits"].likeness is Likeness.OTHER and rows["logits"].now == "2 numbers"
