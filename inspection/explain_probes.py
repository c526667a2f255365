"""Explanations from outside: the picture is covered in places and the engine is asked again.

All three explain the class's log-odds. What is covered is replaced by the blurred picture, which keeps its light and
colour but not its detail. The choices are seeded: the same picture always gets the same explanation.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.classify import prepare_batch
from inspection.explain_cams import CHUNK
from inspection.explain_subject import Subject, Watch, log_odds
from inspection.types import F32, U8

SEED = 20_000
SAMPLES = 256
OCCLUSION_CELLS = 7
SUPERPIXELS_A_SIDE = 4  # 16 in all, some may merge
LABEL_SIDE = 64
Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Probe:
    """Signed contributions to the class's log-odds, on a grid over the crop."""

    contributions: F32  # (h, w)
    total: float  # log-odds of the picture less those of the blurred picture
    runs: int
    fidelity_r2: float | None = None
    # (regions,): what each adds, where the grid repeats it on every cell of a region
    regions: F32 | None = None

    @property
    def share_against_0_1(self) -> float:
        """Of what was found; region by region, or large ones would count by their area."""
        each = self.contributions if self.regions is None else self.regions
        return float(-np.minimum(each, 0).sum()) / max(float(np.abs(each).sum()), 1e-12)


def occlude(subject: Subject, class_index: int, watch: Watch) -> Probe:
    """What is lost when each of 7×7 cells is covered: exact, no surrogate (Zeiler and Fergus 2014)."""
    edges = np.linspace(0, subject.crop.shape[0], OCCLUSION_CELLS + 1).round().astype(int)
    blurred = blur(subject.crop)
    pictures = []
    for row in range(OCCLUSION_CELLS):
        for column in range(OCCLUSION_CELLS):
            covered = subject.crop.copy()
            place = slice(edges[row], edges[row + 1]), slice(edges[column], edges[column + 1])
            covered[place] = blurred[place]
            pictures.append(covered)
    odds = ask(subject, [*pictures, subject.crop, blurred], class_index, watch)
    lost = (odds[-2] - odds[:-2]).reshape(OCCLUSION_CELLS, OCCLUSION_CELLS)
    return Probe(lost.astype(np.float32), float(odds[-2] - odds[-1]), len(odds))


def kernel_shap(subject: Subject, class_index: int, watch: Watch) -> Probe:
    """Lundberg and Lee 2017: Shapley values over superpixels by weighted least squares; they sum to the total."""
    labels = cut_superpixels(subject.crop)
    count = int(labels.max()) + 1
    kept = draw_coalitions(count, SAMPLES)
    odds, whole, nothing = ask_coalitions(subject, labels, kept, class_index, watch)
    values = solve_shapley(kept, odds - nothing, whole - nothing)
    fitted = nothing + kept @ values
    fidelity = measure_fidelity(odds, fitted, np.ones(len(odds)))
    regions = values.astype(np.float32)
    return Probe(regions[labels], whole - nothing, len(odds) + 2, fidelity, regions)


def lime(subject: Subject, class_index: int, watch: Watch) -> Probe:
    """Ribeiro et al. 2016: a ridge regression on random coverings, those near the whole picture weighing most."""
    labels = cut_superpixels(subject.crop)
    count = int(labels.max()) + 1
    half = np.random.default_rng(SEED).random((SAMPLES // 2, count)) < 0.5
    kept = np.concatenate([half, ~half])  # paired: each covering with its opposite
    odds, whole, nothing = ask_coalitions(subject, labels, kept, class_index, watch)
    cosine = np.sqrt(kept.sum(axis=1) / count)  # between a covering and the whole picture
    weights = np.exp(-((1 - cosine) ** 2) / 0.25**2)
    values, intercept = solve_ridge(kept.astype(np.float64), odds, weights)
    fidelity = measure_fidelity(odds, intercept + kept @ values, weights)
    regions = values.astype(np.float32)
    return Probe(regions[labels], whole - nothing, len(odds) + 2, fidelity, regions)


def ask(subject: Subject, pictures: list[U8], class_index: int, watch: Watch) -> NDArray[np.float64]:
    odds: list[float] = []
    for start in range(0, len(pictures), CHUNK):
        batch = prepare_batch(pictures[start : start + CHUNK], subject.channels)
        odds += log_odds(subject.engine.run(batch).outputs[0], class_index).tolist()
        watch(len(odds), len(pictures))
    return np.array(odds)


def ask_coalitions(
    subject: Subject, labels: NDArray[np.intp], kept: Bits, class_index: int, watch: Watch
) -> tuple[NDArray[np.float64], float, float]:
    """The log-odds of each covering, of the whole picture and of the blurred one."""
    side = subject.crop.shape[0]
    large = cv2.resize(labels.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
    blurred = blur(subject.crop)
    both = np.concatenate([kept, np.ones((1, kept.shape[1]), bool), np.zeros((1, kept.shape[1]), bool)])
    odds: list[float] = []
    for start in range(0, len(both), CHUNK):
        pictures = [
            np.where(row[large][..., None], subject.crop, blurred) for row in both[start : start + CHUNK]
        ]
        logits = subject.engine.run(prepare_batch(pictures, subject.channels)).outputs[0]
        odds += log_odds(logits, class_index).tolist()
        watch(len(odds), len(both))
    return np.array(odds[:-2]), odds[-2], odds[-1]


def blur(crop: U8) -> U8:
    """A Gaussian of an eighth of the side: no defect survives it, the part's shade does."""
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), crop.shape[0] / 8), dtype=np.uint8)


def cut_superpixels(crop: U8) -> NDArray[np.intp]:
    """(64, 64) labels from 0: k-means in colour and place from a regular grid, five rounds (after SLIC, Achanta 2012)."""
    small = cv2.resize(crop, (LABEL_SIDE, LABEL_SIDE), interpolation=cv2.INTER_AREA)
    colour = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float32)
    rows, columns = np.mgrid[:LABEL_SIDE, :LABEL_SIDE]
    step = LABEL_SIDE / SUPERPIXELS_A_SIDE
    place = np.stack([rows.ravel(), columns.ravel()], axis=1).astype(np.float32) * (20.0 / step)
    points = np.concatenate([colour, place], axis=1)
    starts = np.minimum(((np.arange(SUPERPIXELS_A_SIDE) + 0.5) * step).astype(int), LABEL_SIDE - 1)
    centres = points.reshape(LABEL_SIDE, LABEL_SIDE, -1)[np.ix_(starts, starts)].reshape(-1, points.shape[1])
    for _ in range(5):
        nearest = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.stack([points[nearest == index].mean(axis=0) for index in np.unique(nearest)])
    nearest = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    _, labels = np.unique(nearest, return_inverse=True)
    return labels.reshape(LABEL_SIDE, LABEL_SIDE)


def draw_coalitions(count: int, samples: int) -> Bits:
    """Sizes by the Shapley kernel's weight, members at random, each with its complement: the weights are in the draw."""
    rng = np.random.default_rng(SEED)
    sizes = np.arange(1, count)
    chance = 1 / (
        sizes * (count - sizes)
    )  # the kernel times the number of coalitions of a size, but for a constant
    drawn = rng.choice(sizes, size=samples // 2, p=chance / chance.sum())
    kept = np.zeros((samples // 2, count), bool)
    for row, size in zip(kept, drawn, strict=True):
        row[rng.permutation(count)[:size]] = True
    return np.concatenate([kept, ~kept])


def solve_shapley(kept: Bits, gains: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """Least squares under Σφ = total: the last value is what the others leave."""
    design = kept.astype(np.float64)
    reduced = design[:, :-1] - design[:, -1:]
    values = np.linalg.lstsq(reduced, gains - design[:, -1] * total, rcond=None)[0]
    return np.append(values, total - values.sum())


def solve_ridge(
    design: NDArray[np.float64],
    target: NDArray[np.float64],
    weights: NDArray[np.float64],
    penalty: float = 1.0,
) -> tuple[NDArray[np.float64], float]:
    """Weighted ridge regression; the intercept is not punished."""
    share = weights / weights.sum()
    middle, level = share @ design, float(share @ target)
    centred = design - middle
    left = centred.T @ (weights[:, None] * centred) + penalty * np.eye(design.shape[1])
    values = np.linalg.solve(left, centred.T @ (weights * (target - level)))
    return values, level - float(middle @ values)


def measure_fidelity(
    target: NDArray[np.float64], fitted: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    """R², weighted: the share of the engine's variation that the surrogate follows; 1 where there is none."""
    level = float(weights @ target / weights.sum())
    spread = float(weights @ (target - level) ** 2)
    return 1.0 - float(weights @ (target - fitted) ** 2) / spread if spread > 1e-12 else 1.0
