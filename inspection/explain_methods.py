"""Every way to explain a verdict, by name; all run on the engine that gave it, at its precision."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inspection.explain_cams import (
    ablation_cam,
    eigen_cam,
    grad_cam,
    grad_cam_plus_plus,
    pools_first,
    score_cam,
)
from inspection.explain_probes import Probe, kernel_shap, lime, occlude
from inspection.explain_subject import Explanation, MethodUnavailable, Subject, Watch
from inspection.types import F32, HeatMap
from inspection.wording import round_percent, say_number
from models.heads import LinearHead

# The log-odds drawn as 1 by the methods that probe: ln(0.98 / 0.02) = 3.9. A fixed scale, so that a faint map looks faint.
DECISIVE_LOG_ODDS = 4.0

Cam = Callable[[Subject, int, Watch], F32]
Prober = Callable[[Subject, int, Watch], Probe]


@dataclass(frozen=True, slots=True)
class MethodSpec:
    title: str
    says: str  # what it measures, for an auditor
    cam: Cam | None = None
    prober: Prober | None = None
    needs_pooling: bool = False  # its closed form holds only where the head pools first
    class_blind: bool = False
    slow: bool = False  # a run of the network a channel


METHODS: dict[str, MethodSpec] = {
    "grad_cam": MethodSpec(
        "Grad-CAM",
        "How much each place of the last feature map adds to the class's score.",
        cam=grad_cam,
    ),
    "grad_cam_pp": MethodSpec(
        "Grad-CAM++",
        "Grad-CAM with only the channels that speak for the class, the strong ones held back.",
        cam=grad_cam_plus_plus,
        needs_pooling=True,
    ),
    "ablation_cam": MethodSpec(
        "Ablation-CAM",
        "Channels weighed by what the class's score loses without them.",
        cam=ablation_cam,
    ),
    "score_cam": MethodSpec(
        "Score-CAM",
        "Channels weighed by how well the network knows the class through them alone.",
        cam=score_cam,
        slow=True,
    ),
    "eigen_cam": MethodSpec(
        "Eigen-CAM",
        "Where the features vary most. It knows no class, so it does not explain the verdict.",
        cam=eigen_cam,
        class_blind=True,
    ),
    "occlusion": MethodSpec(
        "Occlusion 7×7",
        "What the class loses when each cell is blurred: measured, without a surrogate.",
        prober=occlude,
    ),
    "kernel_shap": MethodSpec(
        "KernelSHAP",
        "How the evidence divides among regions, so that their shares add up to all of it.",
        prober=kernel_shap,
    ),
    "lime": MethodSpec(
        "LIME",
        "A linear stand-in for the model near this picture, over regions.",
        prober=lime,
    ),
}


def list_methods(subject: Subject) -> dict[str, str | None]:
    """Every method's name, with the reason where it cannot be had for this model."""
    return {name: find_obstacle(name, subject) for name in METHODS}


def find_obstacle(method: str, subject: Subject) -> str | None:
    if METHODS[method].needs_pooling and not pools_first(subject.head):
        return "This model's head does not pool, so it has no closed form here."
    return None


def say_coincidences(subject: Subject) -> str:
    """Which well-known methods are one map by construction: their agreement would prove nothing."""
    if not pools_first(subject.head):
        return "This model's head looks at each place by itself: HiRes-CAM and XGrad-CAM would differ from Grad-CAM."
    same = "Grad-CAM, HiRes-CAM and XGrad-CAM are one map by construction for this model, since its head pools each channel"
    if isinstance(subject.head, LinearHead):
        return f"{same}; before the ReLU, it adds up to the class's score less its bias. It is offered once."
    return f"{same}. It is offered once."


def explain_with(
    method: str, subject: Subject, class_name: str, *, watch: Watch = lambda done, total: None
) -> Explanation:
    spec = METHODS[method]
    obstacle = find_obstacle(method, subject)
    if obstacle is not None:
        raise MethodUnavailable(f"{spec.title} is not offered. {obstacle} Choose another method.")
    class_index = subject.classification.class_names.index(class_name)
    started = time.perf_counter()
    if spec.cam is not None:
        grid = spec.cam(subject, class_index, watch)
        return _tell_cam(method, subject, class_name, grid, cost_ms=_since(started))
    assert spec.prober is not None  # a row of METHODS has one or the other
    probe = spec.prober(subject, class_index, watch)
    return _tell_probe(method, subject, class_name, probe, cost_ms=_since(started))


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1e3


def _tell_cam(method: str, subject: Subject, class_name: str, grid: F32, *, cost_ms: float) -> Explanation:
    exact = "exact" if subject.exact else "NOT exact"
    evidence = f"{exact}: logits recomputed from the features differ by {subject.residual:.1g}"
    runs = len(subject.classification.features) if METHODS[method].slow else 0
    if method == "grad_cam" and subject.heat_scale is not None:
        scale, note = (
            subject.heat_scale,
            f"one scale for every picture of this model, {subject.heat_scale:.3g}",
        )
    else:
        scale = max(float(grid.max()), 1e-12)
        note = f"its own maximum, {scale:.3g}: how warm it looks says nothing about how sure it is"
    heat_map = _map(method, subject, class_name, grid, scale)
    return Explanation(method, heat_map, evidence, note, cost_ms, runs)


def _tell_probe(
    method: str, subject: Subject, class_name: str, probe: Probe, *, cost_ms: float
) -> Explanation:
    grid: F32 = np.maximum(probe.contributions, 0)
    share = probe.share_against_0_1
    if probe.fidelity_r2 is None:
        evidence = f"measured: {say_number(probe.runs, 'run')} of the engine"
    else:
        evidence = (
            f"estimated from {probe.runs} runs of the engine, R² of the stand-in {probe.fidelity_r2:.2f}"
        )
    if share > 0.005:
        evidence += (
            f"; {round_percent(share, 0)}% of what was found speaks against the class and is not drawn"
        )
    evidence += f". Against its blurred self the picture has {probe.total:+.2g} log-odds of this class"
    note = f"{DECISIVE_LOG_ODDS:g} in log-odds, what parts 98 % from even odds: the same for every picture and model"
    heat_map = _map(method, subject, class_name, grid, DECISIVE_LOG_ODDS)
    return Explanation(method, heat_map, evidence, note, cost_ms, probe.runs, probe.fidelity_r2)


def _map(method: str, subject: Subject, class_name: str, grid: F32, scale: float) -> HeatMap:
    return HeatMap(
        grid=grid,
        class_name=class_name,
        method=METHODS[method].title,
        exact=subject.exact if METHODS[method].cam is not None else method == "occlusion",
        residual=subject.residual,
        scale=scale,
        crop=subject.bounds,
    )
