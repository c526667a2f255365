from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from inspection.config import load_settings
from inspection.engines.prepare import find_weights
from inspection.lines import Policy, load_line
from inspection.loading import withholds_int8
from inspection.pipeline import Classifying, Detecting, Inspector
from inspection.types import VerdictKind
from models.heads import LinearHead
from tests.fakes import FakeEngine, make_line, make_picture

FEATURES = np.random.default_rng(1).random((6, 4, 4), np.float32)
HEAD = LinearHead(np.random.default_rng(2).normal(size=(3, 6)).astype(np.float32), np.zeros(3, np.float32))


def make_inspector(logits, *, line=None, candidates=None, channels=3, marks=None):
    engine = FakeEngine(np.array(logits, np.float32), FEATURES)
    classifying = Classifying(engine, HEAD, "resnet50", "ab" * 32, 32, channels, 1.0, 0.5)
    locating = None
    if candidates is not None:
        locating = Detecting(FakeEngine(np.array(candidates, np.float32)), 32, ("part",))
    marking = (
        None if marks is None else Detecting(FakeEngine(np.array(marks, np.float32)), 32, ("torn", "bent"))
    )
    line = line or make_line(detector=candidates is not None)
    return Inspector(line, classifying, locating=locating, marking=marking)


def test_the_defects_of_a_rejected_part_are_marked_and_only_of_one():
    """Boxes of 32 px on a picture of 64 × 48: twice as large, without the letterbox's 8 px above."""
    inspector = make_inspector([0, 0, 9], marks=[[4, 8, 20, 20, 0.9, 0.0], [0, 8, 4, 12, 0.2, 0.0]])
    found = inspector.inspect(make_picture())
    assert found.verdict.kind is VerdictKind.REJECT
    assert [(mark.class_name, mark.box.as_list()) for mark in found.findings] == [("torn", [8, 8, 40, 32])]
    told = found.as_dict()["timings_ms"]
    assert list(told) == ["decode", "locate", "classify", "explain", "mark", "total"]
    assert 0 < sum(ms for stage, ms in told.items() if stage != "total") <= told["total"] + 0.01
    assert make_inspector([9, 0, 0], marks=[[4, 8, 20, 20, 0.9, 0.0]]).inspect(make_picture()).findings == ()


def test_what_only_marks_keeps_no_line_from_int8():
    steel, settings = load_line("steel"), load_settings()
    assert steel.defect_detector is not None
    marker = find_weights("steel", steel.defect_detector, settings)[1]
    assert marker.precisions["int8"]["withheld"]
    assert not withholds_int8(steel, steel.champion, settings, settings)


def test_a_sure_defect_is_rejected_with_its_map():
    inspector = make_inspector([0, 0, 9], candidates=[[4, 8, 20, 20, 0.9]])
    found = inspector.inspect(make_picture())
    assert found.verdict.kind is VerdictKind.REJECT
    assert found.verdict.class_name == "torn"
    assert found.box is not None and found.box.as_list() == [8, 8, 40, 32]
    assert found.heat_map is not None and found.heat_map.class_name == "torn"
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert not found.retested
    timings = found.timings_ms.as_dict()
    stages = sum(timings[stage] for stage in ("decode", "locate", "classify", "explain"))
    assert stages <= timings["total"] < stages + 50


def test_no_part_runs_no_classifier():
    inspector = make_inspector([0, 0, 9], candidates=[[4, 8, 20, 20, 0.1]])
    found = inspector.inspect(make_picture())
    assert found.verdict.kind is VerdictKind.NO_PART
    assert found.box is None and found.heat_map is None and found.probabilities == {}
    assert inspector.classifying.engine.batches == []


def test_a_part_that_the_picture_cuts_off_goes_to_a_person_unless_the_line_takes_halves():
    at_the_edge = [[0, 10, 12, 20, 0.9]]
    found = make_inspector([0, 0, 9], candidates=at_the_edge).inspect(make_picture())
    assert found.verdict.kind is VerdictKind.REVIEW
    assert "the picture ends before it at the left" in found.verdict.path[1].answer
    taking = make_line(detector=True, policy=Policy(whole=False))
    half = make_inspector([0, 0, 9], candidates=at_the_edge, line=taking).inspect(make_picture())
    assert half.verdict.kind is VerdictKind.REJECT
    framed = make_inspector([0, 0, 9]).inspect(make_picture())
    assert framed.verdict.kind is VerdictKind.REJECT, "what fills the frame has no edge around it"


def test_an_unsure_part_is_looked_at_mirrored_and_wider():
    inspector = make_inspector([1.0, 0.9, 0.8], candidates=[[4, 8, 20, 20, 0.9]])
    found = inspector.inspect(make_picture())
    assert found.retested
    assert found.verdict.kind is VerdictKind.REVIEW
    first, mirrored, wider = (batch[0] for batch in inspector.classifying.engine.batches)
    np.testing.assert_array_equal(mirrored, first[:, ::-1])
    assert not np.array_equal(wider, first)


def test_a_policy_without_retest_looks_once():
    line = make_line(policy=Policy(0.8, 0.2, retest=False))
    inspector = make_inspector([1.0, 0.9, 0.8], line=line)
    assert not inspector.inspect(make_picture()).retested
    assert len(inspector.classifying.engine.batches) == 1


def test_any_class_can_be_explained():
    inspector = make_inspector([0, 0, 9])
    heat = inspector.inspect(make_picture(), target="bent").heat_map
    assert heat is not None and heat.class_name == "bent"
    assert inspector.inspect(make_picture(), explain=False).heat_map is None


def test_a_grey_network_sees_grey():
    inspector = make_inspector([0, 0, 9], channels=1)
    inspector.inspect(make_picture())
    assert inspector.classifying.engine.batches[0].shape == (1, 32, 32, 1)


def test_what_the_command_line_prints_has_every_key_of_the_contract():
    told = make_inspector([0, 0, 9]).inspect(make_picture()).as_dict()
    assert list(told) == [
        "picture", "sha256", "line", "model", "model_sha256", "engine", "precision", "verdict", "class", "score",
        "probabilities", "box", "timings_ms",
    ]  # fmt: skip
    assert list(told["timings_ms"]) == ["decode", "locate", "classify", "explain", "total"]


def test_threads_do_not_mix_pictures_up():
    inspector = make_inspector([0, 0, 9], candidates=[[4, 8, 20, 20, 0.9]])
    pictures = [make_picture(64 + 8 * index, 48, seed=index) for index in range(8)]
    alone = [inspector.inspect(picture).box for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda picture: inspector.inspect(picture).box, pictures * 5)) == alone * 5
