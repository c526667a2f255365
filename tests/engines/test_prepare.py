"""What an engine reads is made once and kept; where it cannot be kept, the model runs all the same."""

import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspection.config import Settings, load_settings
from inspection.engines import prepare
from inspection.engines.openvino import OpenVinoEngine
from inspection.engines.prepare import Prepared, prepare_model
from inspection.loading import load_engine
from models.card import write_card
from models.loading import save_weights
from tests.engines.test_engines import build_settled, make_batch
from tests.models.cards import make_card

NAME = "compact_cnn"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "weights" / "toy" / f"{NAME}.safetensors"
    path.parent.mkdir(parents=True)
    classes = ("a", "b", "c")
    digest = save_weights(build_settled(NAME), path, class_names=classes)
    told = {"weights_sha256": digest, "weights_bytes": path.stat().st_size, "class_names": classes}
    write_card(make_card(line="toy", precisions={"f32": {}}, **told), path.with_suffix(".json"))
    return replace(load_settings(), weights_dir=tmp_path / "weights", var_dir=tmp_path / "var")


def answer(prepared: Prepared) -> np.ndarray:
    engine = OpenVinoEngine(prepared.read_graph, precision="f32", threads=1)
    return engine.run(make_batch(NAME, 11)).outputs[0]  # 10 + 1: the graph is read twice


@contextmanager
def without_room(_: Settings) -> Iterator[None]:
    """No file of this process may hold a byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def with_a_file_in_the_way(settings: Settings) -> Iterator[None]:
    settings.var_dir.mkdir()
    settings.cache_dir.write_bytes(b"")
    try:
        yield
    finally:
        settings.cache_dir.unlink()


@pytest.mark.parametrize("lose", [without_room, with_a_file_in_the_way])
def test_a_model_that_cannot_be_written_runs_from_memory(settings, lose, caplog):
    with lose(settings), caplog.at_level(logging.WARNING):
        from_memory = prepare_model("toy", NAME, "f32", settings)
        engine = load_engine(from_memory, "f32", settings)  # its kernels find no room either
        first = engine.run(make_batch(NAME, 11)).outputs[0]
    (said,) = caplog.messages
    assert "compact_cnn of toy runs from memory" in said and "cannot be written" in said
    assert [path for path in settings.cache_dir.rglob("*") if path.suffix in (".xml", ".bin", ".json")] == []
    kept = prepare_model("toy", NAME, "f32", settings)  # there is room again
    assert kept.graph.is_file() and len(caplog.messages) == 1
    np.testing.assert_array_equal(first, answer(kept))
    features = np.random.default_rng(0).random((256, 4, 4), np.float32)[: from_memory.head.weight.shape[1]]
    np.testing.assert_array_equal(from_memory.head.logits(features), kept.head.logits(features))


def test_what_was_kept_is_read_on_a_full_disk(settings, caplog):
    first = prepare_model("toy", NAME, "f32", settings)
    with without_room(settings):
        again = prepare_model("toy", NAME, "f32", settings)
    assert again.graph == first.graph and caplog.messages == []


def test_what_is_read_is_on_the_disk_before_its_manifest_is_there(settings, monkeypatch):
    """The manifest says that the rest is whole; a power cut must not make it say so of zeros."""
    synced: list[tuple[str, bool]] = []

    def note(path: Path) -> None:
        synced.append((path.suffix or "folder", any(settings.cache_dir.glob("engines/*/f32.json"))))

    monkeypatch.setattr(prepare, "sync_path", note)
    prepare_model("toy", NAME, "f32", settings)
    before = [what for what, there in synced if not there]
    assert {".bin", ".xml", ".npz", ".json"} <= set(before) and before.index(".json") == len(before) - 1
    assert synced[-1] == ("folder", True)
