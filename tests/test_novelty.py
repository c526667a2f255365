"""How unlike a part is, as it is served: p-values, the verdict that follows, and the file that is trusted."""

import hashlib
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import WeightsRefused
from inspection.lines import Policy
from inspection.novelty import (
    ANY,
    DEFECT,
    GOOD,
    RATERS,
    Energy,
    Mahalanobis,
    Neighbours,
    NoveltyModel,
    Surprise,
    find_p,
    load_novelty,
    point,
    save_novelty,
)
from inspection.types import Novelty, VerdictKind
from inspection.verdict import UNLIKE, decide, find_step
from tests.fakes import make_line

RNG = np.random.default_rng(7)
ROWS = RNG.normal(size=(200, 16)).astype(np.float32)
LOGITS = RNG.normal(size=(5, 3)).astype(np.float32)
SURE_FINE = np.array([0.95, 0.03, 0.02], np.float32)
WEIGHTS = "ab" * 32


def make_raters() -> dict[str, object]:
    labels = np.arange(200) % 3
    spread = Mahalanobis(
        ROWS.mean(axis=0, keepdims=True), np.eye(16, dtype=np.float32)[:4], np.ones(4, np.float32), 0.5
    )
    return {
        "knn": Neighbours(point(ROWS), 3),
        "mahalanobis": spread,
        "mahalanobis_by_class": spread,
        "surprise": Surprise(ROWS, labels, np.ones(200, np.float32)),
        "energy": Energy(),
    }


@pytest.mark.parametrize(
    ("score", "p"), [(0.0, 1.0), (1.0, 1.0), (1.5, 4 / 5), (3.0, 3 / 5), (4.0, 2 / 5), (4.1, 1 / 5)]
)
def test_p_counts_known_parts_that_are_as_unlike(score: float, p: float) -> None:
    assert find_p(score, np.array([1.0, 2.0, 3.0, 4.0], np.float32)) == pytest.approx(p)


@given(st.integers(100, 300), st.integers(0, 2**32 - 1))
def test_at_most_one_known_part_in_a_hundred_is_called_novel(n: int, seed: int) -> None:
    """Over every order of n + 1 exchangeable parts, the share with p < 1 % is at most 1 %: counted, not sampled."""
    scores = np.sort(np.random.default_rng(seed).normal(size=n + 1)).astype(np.float32)
    alarms = sum(find_p(float(scores[place]), np.delete(scores, place)) < 0.01 for place in range(n + 1))
    assert alarms / (n + 1) <= 0.01


def test_each_rater_scores_what_is_far_higher() -> None:
    near, far = ROWS[:1] + 0.01, -8.0 * ROWS.mean(axis=0, keepdims=True) + 5.0
    logits = np.array([[4.0, 0.0, 0.0]], np.float32)
    for name, rater in make_raters().items():
        if name != "energy":
            assert rater.rate(far, logits)[0] > rater.rate(near, logits)[0], name
    faint = np.array([[0.2, 0.0, 0.1]], np.float32)
    assert Energy().rate(near, faint)[0] > Energy().rate(near, logits)[0]
    assert Energy().rate(near, logits)[0] == pytest.approx(-np.log(np.exp(4.0) + 2))


def test_surprise_divides_by_the_way_to_another_class() -> None:
    rows = np.array([[0, 0], [4, 0]], np.float32)
    rater = Surprise(rows, np.array([0, 1]), np.array([4.0, 4.0], np.float32))
    scores = rater.rate(np.array([[0, 2], [0, 2]], np.float32), np.eye(2, dtype=np.float32))
    assert scores == pytest.approx([2 / 4, np.sqrt(20) / 4])


def test_mahalanobis_agrees_with_the_full_covariance() -> None:
    covariance = np.cov(ROWS.T)
    variance, vectors = np.linalg.eigh(covariance)
    rater = Mahalanobis(np.zeros((1, 16), np.float32), vectors.T[1:], variance[1:], float(variance[0]))
    exact = np.sqrt(np.einsum("ni,ij,nj->n", ROWS, np.linalg.inv(covariance), ROWS))
    assert rater.rate(ROWS, LOGITS) == pytest.approx(exact, rel=1e-3)


def test_good_is_held_against_good() -> None:
    known = {GOOD: np.arange(10.0, dtype=np.float32), DEFECT: np.arange(100.0, dtype=np.float32)}
    model = NoveltyModel("energy", Energy(), known, good_index=0)
    features = np.zeros(4, np.float32)
    assert model.rate(features, np.array([3.0, 0.0], np.float32)).known == 10
    assert model.rate(features, np.array([0.0, 3.0], np.float32)).known == 100
    pooled = NoveltyModel("energy", Energy(), {ANY: known[GOOD]}, good_index=0)
    assert pooled.rate(features, np.array([0.0, 3.0], np.float32)).known == 10


@pytest.mark.parametrize("method", sorted(RATERS))
def test_what_is_stored_rates_like_what_was_fitted(method: str, tmp_path: Path) -> None:
    path, rater = tmp_path / "m.novelty.safetensors", make_raters()[method]
    known = {"f32": {ANY: np.arange(5.0, dtype=np.float32)}, "int8": {ANY: np.arange(9.0, dtype=np.float32)}}
    digest = save_novelty(path, method=method, rater=rater, known=known, about={"weights_sha256": WEIGHTS})
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    again = save_novelty(
        tmp_path / "n", method=method, rater=rater, known=known, about={"weights_sha256": WEIGHTS}
    )
    assert again == digest
    for precision, n in (("f32", 5), ("bf16", 5), ("int8", 9)):
        model = load_novelty(
            path, precision=precision, sha256=digest, weights_sha256=WEIGHTS, good_index=None
        )
        assert (model.method, len(model.known[ANY])) == (method, n)
        assert model.rater.rate(ROWS[:5], LOGITS) == pytest.approx(rater.rate(ROWS[:5], LOGITS), abs=2e-2)


def test_a_file_that_is_not_the_cards_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.novelty.safetensors"
    digest = save_novelty(
        path,
        method="energy",
        rater=Energy(),
        known={"f32": {ANY: ROWS[0]}},
        about={"weights_sha256": WEIGHTS},
    )
    asked = {"precision": "f32", "sha256": digest, "weights_sha256": WEIGHTS, "good_index": None}
    load_novelty(path, **asked)
    with pytest.raises(WeightsRefused, match="fitted to the weights"):
        load_novelty(path, **(asked | {"weights_sha256": "cd" * 32}))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(WeightsRefused, match="of the card"):
        load_novelty(path, **asked)
    with pytest.raises(WeightsRefused, match="Expected a novelty model"):
        load_novelty(path, **(asked | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}))
    path.unlink()
    with pytest.raises(WeightsRefused, match="got none"):
        load_novelty(path, **asked)


@pytest.mark.parametrize(
    ("p", "threshold", "kind"),
    [
        (0.009, 0.01, VerdictKind.REVIEW),
        (0.01, 0.01, VerdictKind.PASS),
        (0.5, 0.01, VerdictKind.PASS),
        (0.001, 0.0, VerdictKind.PASS),
    ],
)
def test_a_part_unlike_the_training_parts_goes_to_a_person(
    p: float, threshold: float, kind: VerdictKind
) -> None:
    line = make_line(policy=Policy(0.8, 0.2, True, novelty_0_1=threshold))
    found = find_step(line, found=True, score_0_1=1)
    verdict = decide(line, found=found, first=SURE_FINE, novelty=Novelty(p, 1.0, "knn", 500))
    assert (verdict.kind, verdict.class_name) == (kind, "fine")
    asked = [step for step in verdict.path if step.question == "Is it like the training parts?"]
    assert [step.passed for step in asked] == [kind is VerdictKind.PASS]
    assert (UNLIKE in asked[0].answer) == (kind is VerdictKind.REVIEW)


def test_the_path_counts_the_known_parts_that_are_as_unlike() -> None:
    """p counts the part itself, so that it is never 0: that part is none of the known ones."""
    line = make_line(policy=Policy(0.8, 0.2, True, novelty_0_1=0.01))
    found = find_step(line, found=True, score_0_1=1)
    known = np.arange(99, dtype=np.float32)
    for score, alike in ((1e3, 0), (96.5, 2), (-1.0, 99)):
        novelty = Novelty(find_p(score, known), score, "knn", len(known))
        path = decide(line, found=found, first=SURE_FINE, novelty=novelty).path
        assert path[1].answer == f"yes: {alike} of 99 known parts are at least as unlike"


def test_without_a_novelty_model_nothing_is_asked() -> None:
    line = make_line()
    verdict = decide(line, found=find_step(line, found=True, score_0_1=1), first=SURE_FINE)
    assert verdict.kind is VerdictKind.PASS
    assert not any("training" in step.question for step in verdict.path)


def test_a_rating_takes_no_time_worth_naming() -> None:
    rows = point(RNG.normal(size=(1170, 512)).astype(np.float32))
    model = NoveltyModel("knn", Neighbours(rows, 3), {ANY: np.arange(250.0, dtype=np.float32)}, None)
    taken = []
    for _ in range(20):
        started = time.perf_counter()
        model.rate(rows[0], LOGITS[0])
        taken.append(time.perf_counter() - started)
    assert min(taken) < 1e-3


def test_the_policy_is_read_from_the_lines_file() -> None:
    assert Policy().novelty_0_1 == 0.01
    assert replace(Policy(), novelty_0_1=0.02).novelty_0_1 == 0.02
