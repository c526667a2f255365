"""A replay asks the novelty model that judged, where the same weights have had several: through the page's own loading."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from inspection.config import ROOT, load_settings
from inspection.images import decode
from inspection.novelty import ANY, Energy, novelty_path, save_novelty
from inspection.records.champions import PROMOTION, RETURN
from inspection.records.content import NOVELTY_SHA256
from inspection.records.export import build_row
from inspection.records.facts import list_facts
from inspection.records.record import Record
from inspection.records.replay import Likeness, Replay, replay
from inspection.records.shelf import Release, keep_release, read_release
from inspection.records.store import RecordStore
from inspection.records.surroundings import build_full_context
from inspection.records.verify import verify
from inspection.ui import inspectors, resources
from inspection.ui.keeping import get_store
from inspection.ui.records_deeds import load_as_then
from models.card import read_card, write_card
from tests.learning.test_fine_tune import write_champion
from tests.records.answering import make_picture
from tests.ui.test_inspect_page import words

MODEL = "compact_cnn"
LINE = """
title = "Toy"
part = "toy part"
classes = ["fine", "bent", "torn"]
good = "fine"
licence = "made for the tests"
[locate]
mode = "frame"
[models]
champion = "compact_cnn"
rivals = []
[policy]
confidence = 0.0
lead = 0.0
novelty = 0.3
"""
STRICT, LOOSE = -1e6, 1e6  # a known part's energy: every part is less like them, or none is
PICTURE = make_picture(5000)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Real weights of five thousand parameters, without novelty."""
    for variable in ("lines", "weights", "var"):
        monkeypatch.setenv(f"ASSAY_{variable.upper()}", str(tmp_path / variable))
    load_settings.cache_clear()
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "toy.toml").write_text(LINE)
    write_champion(tmp_path / "weights" / "toy" / f"{MODEL}.safetensors")
    st.cache_data.clear()
    st.cache_resource.clear()
    yield tmp_path / "weights"
    st.cache_data.clear()
    st.cache_resource.clear()
    load_settings.cache_clear()


@pytest.fixture
def store(shipped: Path) -> RecordStore:
    return get_store()


def fit(weights_dir: Path, energy: float) -> str:
    """A novelty model to the weights that lie there. Returns its SHA-256."""
    weights = weights_dir / "toy" / f"{MODEL}.safetensors"
    card = read_card(weights.with_suffix(".json"))
    path = novelty_path(weights)
    digest = save_novelty(
        path,
        method="energy",
        rater=Energy(),
        known={"f32": {ANY: np.full(99, energy, np.float32)}},
        about={"weights_sha256": card.weights_sha256},
    )
    named = {**card.data, "novelty": {"sha256": digest, "method": "energy"}}
    write_card(replace(card, data=named), weights.with_suffix(".json"))
    return digest


def take_away(weights_dir: Path) -> None:
    path = weights_dir / "toy" / f"{MODEL}.json"
    card = read_card(path)
    write_card(
        replace(card, data={name: told for name, told in card.data.items() if name != "novelty"}), path
    )
    novelty_path(path.with_suffix(".safetensors")).unlink()


def inspect(store: RecordStore) -> Record:
    inspector = inspectors.get_inspector("toy", MODEL, "f32")
    found = inspector.inspect(decode(PICTURE, name="p.png"))
    return store.add(found, PICTURE, context=build_full_context(inspector, person="eva", source="upload"))


def copy_release(store: RecordStore, weights_dir: Path, folder: Path) -> Release:
    shutil.copytree(weights_dir, folder)
    release = read_release(folder, "toy", MODEL)
    keep_release(store, release, folder)
    return release


def put(store: RecordStore, release: Release, before: Release, *, event: str = PROMOTION) -> None:
    store.note(event, {"from": before.to_dict(), "to": release.to_dict()}, person="mia", line="toy")
    resources.get_champion("toy", fresh=True)


def again(store: RecordStore, record: Record) -> Replay:
    return replay(store, record, load=load_as_then)


def pick(found: Replay, what: str) -> tuple[str, str, Likeness]:
    row = next(one for one in found.comparisons if one.what == what)
    return row.then, row.now, row.likeness


def test_a_record_names_the_novelty_model_that_judged(shipped: Path, store: RecordStore) -> None:
    unasked = inspect(store)
    digest = fit(shipped, STRICT)
    asked = inspect(store)
    assert unasked.body[NOVELTY_SHA256] is None and unasked.verdict != "REVIEW"
    assert asked.body[NOVELTY_SHA256] == digest and asked.verdict == "REVIEW"
    assert store.read_inspection(asked).novelty_sha256 == digest
    assert list_facts(asked)["How it was judged"]["Novelty model SHA-256"] == digest
    assert "not asked" in list_facts(unasked)["How it was judged"]["Novelty model SHA-256"]
    assert (build_row(asked)["novelty_sha256"], build_row(unasked)["novelty_sha256"]) == (digest, None)
    assert verify(store).holds


def test_novelty_that_was_fitted_since_is_not_asked(shipped: Path, store: RecordStore) -> None:
    unasked = inspect(store)
    fit(shipped, STRICT)
    assert inspect(store).verdict == "REVIEW"
    found = again(store, unasked)
    assert (
        found.holds and not found.caveat and pick(found, "novelty model") == ("none", "none", Likeness.SAME)
    )


def test_novelty_that_was_fitted_anew_is_named_as_the_cause(shipped: Path, store: RecordStore) -> None:
    first = fit(shipped, STRICT)
    record = inspect(store)
    assert again(store, record).words == "The answer is the same, to the last digit that was kept."
    second = fit(shipped, LOOSE)
    found = again(store, record)
    assert not found.holds and found.words.startswith("The answer is different: verdict.")
    assert f"of then ({first[:12]}…) is no longer here: another one ({second[:12]}…)" in found.words
    assert pick(found, "novelty model") == (first, second, Likeness.OTHER)
    assert pick(found, "logits")[2] is Likeness.SAME
    take_away(shipped)
    assert "no novelty model took part now" in again(store, record).words


def test_each_record_is_replayed_by_the_release_that_judged_it(
    shipped: Path, store: RecordStore, tmp_path: Path
) -> None:
    """The same weights as they ship, and in a release that was promoted, with a novelty model each."""
    fit(shipped, STRICT)
    strict = copy_release(store, shipped, tmp_path / "strict")
    fit(shipped, LOOSE)
    loose = copy_release(store, shipped, tmp_path / "loose")
    assert strict.weights_sha256 == loose.weights_sha256 and strict.novelty_sha256 != loose.novelty_sha256
    of_shipped = inspect(store)
    put(store, strict, loose)
    of_strict = inspect(store)
    assert of_strict.verdict == "REVIEW" != of_shipped.verdict
    for _ in ("the promoted one runs", "it has been taken back"):
        for record in (of_shipped, of_strict, of_shipped):
            found = again(store, record)
            assert found.holds and not found.caveat, found.words
            assert pick(found, "novelty model")[1] == record.body[NOVELTY_SHA256]
        put(store, loose, strict, event=RETURN)
    fit(shipped, -2e6)
    assert again(store, of_shipped).holds, "as it ships it is another by now; the release is kept"
    for release in (strict, loose):
        shutil.rmtree(load_settings().var_dir / "champions" / release.sha256, ignore_errors=True)
    Path(store.pictures.path_of(str(loose.novelty_sha256))).unlink()
    assert "is no longer here: another one" in again(store, of_shipped).words


def test_a_record_from_before_the_hash_was_kept_is_compared_by_what_it_tells(
    shipped: Path, store: RecordStore
) -> None:
    fit(shipped, STRICT)
    record = inspect(store)
    told = {name: value for name, value in record.body.items() if name != NOVELTY_SHA256}
    older = replace(record, body=told)
    assert store.read_inspection(older).novelty_sha256 is None
    assert list_facts(older)["How it was judged"]["Novelty model SHA-256"] == "not recorded"
    found = again(store, older)
    assert found.holds and pick(found, "novelty model")[:2] == ("energy, 99 known parts",) * 2
    take_away(shipped)
    assert "of then (energy, 99 known parts) is no longer here" in again(store, older).words


def test_the_page_says_what_is_behind_another_answer(shipped: Path, store: RecordStore) -> None:
    fit(shipped, STRICT)
    record = inspect(store)
    fit(shipped, LOOSE)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    app.switch_page("screens/records.py")
    app.query_params["record"] = record.code
    app.run()
    app.button(key="records.replay").click().run()
    assert not app.exception and "The answer is different: verdict." in words(app)
    assert "is no longer here: another one" in words(app)
