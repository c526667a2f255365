"""The benchmark: ours beside the plain chain, stage by stage, then every classifier at every precision and batch size."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from inspection.config import Settings
from inspection.engines.export import export_network
from inspection.engines.machine import describe_machine, peak_memory_mib
from inspection.engines.measure import spread, time_interleaved
from inspection.engines.openvino import BATCH_SIZES, OpenVinoEngine, supports
from inspection.engines.plain_chain import STAGES, PlainChain
from inspection.engines.quantize import quantize_model
from inspection.errors import DataInvalid
from inspection.images import decode
from inspection.lines import Line
from inspection.pipeline import Classifying, Detecting, Inspector
from inspection.types import PRECISIONS, U8, Engine, Inspection, Precision
from models.heads import describe_head
from models.registry import REGISTRY, build_network, find_spec
from models.spec import Classifier, ModelSpec

if TYPE_CHECKING:
    import openvino as ov
    from torch import nn

Tick = Callable[[int, int], None]
CHAIN_PRECISION: Precision = "int8"
THREADS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class ModelTiming:
    model: str
    precision: Precision
    batch: int
    p50_ms: float
    p95_ms: float
    images_per_s: float


def load_network_or_random(
    line: str, model: str, classes: int, settings: Settings
) -> "tuple[nn.Module, ModelSpec, bool]":
    """The line's trained weights where they ship; else seeded random ones, which cost the same but for how they look."""
    import torch

    from inspection.engines.prepare import find_weights
    from inspection.errors import WeightsMissing
    from models.loading import load_network, spec_of

    try:
        path, card = find_weights(line, model, settings)
        return load_network(model, path, card), spec_of(card), True
    except WeightsMissing:
        torch.manual_seed(0)
        return build_network(model, classes).eval(), find_spec(model), False


def build_engine(
    graph: "ov.Model", spec: ModelSpec, precision: Precision, *, pictures: Sequence[U8], threads: int
) -> OpenVinoEngine:
    """Calibrated here and now on the benchmark's own pictures: the ranges differ from the shipped ones, the cost not."""
    if precision == "int8":
        graph = quantize_model(
            graph, [fit_input(picture, spec) for picture in pictures], correct_biases=False
        )
    return OpenVinoEngine(graph.clone, precision=precision, threads=threads)


def fit_input(pixels: U8, spec: ModelSpec) -> U8:
    from inspection.classify import prepare_batch
    from inspection.letterbox import letterbox

    fitted: U8 = prepare_batch([letterbox(pixels, spec.input_size)[0]], spec.channels)[0]
    return fitted


class Chains:
    """Ours and the plain one over the same two networks."""

    def __init__(self, line: Line, pictures: Sequence[bytes], settings: Settings) -> None:
        detector_name = line.locate.model or "yolov5n"
        detector, self.detector_spec, located = load_network_or_random(line.name, detector_name, 1, settings)
        classifier, self.spec, trained = load_network_or_random(
            line.name, "resnet50", len(line.classes), settings
        )
        self.trained = located and trained
        # Both chains always judge a part, and once: an untrained detector is surest of nothing, and an unsure classifier
        # looks twice.
        threshold = line.locate.threshold_0_1 if located else 0.0
        self.line = replace(
            line,
            locate=replace(line.locate, mode="detector", model=detector_name, threshold_0_1=threshold),
            policy=replace(line.policy, retest=False),
        )
        decoded = [decode(data, name="benchmark").pixels for data in pictures]
        assert isinstance(classifier, Classifier)
        self.plain = PlainChain(
            self.line,
            detector=detector,
            detector_spec=self.detector_spec,
            classifier=classifier,
            classifier_spec=self.spec,
        )
        graphs = (
            (export_network(detector, self.detector_spec), self.detector_spec),
            (export_network(classifier, self.spec), self.spec),
        )
        engines = [
            build_engine(graph, spec, CHAIN_PRECISION, pictures=decoded, threads=settings.threads)
            for graph, spec in graphs
        ]
        self.classifier_engine = engines[1]
        self.ours = Inspector(
            self.line,
            Classifying(
                engine=engines[1],
                head=describe_head(classifier),
                model="resnet50",
                weights_sha256="",
                input_size=self.spec.input_size,
                channels=self.spec.channels,
                temperature=1.0,
                heat_scale=None,
            ),
            locating=Detecting(engines[0], self.detector_spec.input_size, ("part",)),
        )

        self.pictures = [data for data in pictures if self._finds_part(data)]
        if not self.pictures:
            raise DataInvalid("Expected a part on at least one of the benchmark's pictures, found none.")

    def _finds_part(self, data: bytes) -> bool:
        return self.ours.inspect(decode(data, name="benchmark"), explain=False).box is not None

    def pick(self, number: int) -> bytes:
        return self.pictures[number % len(self.pictures)]

    def inspect(self, number: int, *, explain: bool = True) -> Inspection:
        return self.ours.inspect(decode(self.pick(number), name="benchmark"), explain=explain)

    def threads_agree(self) -> bool:
        """Eight threads at once give what one gives, picture by picture."""
        alone = [self.inspect(number) for number in range(len(self.pictures))]
        work = list(range(len(self.pictures))) * 4
        with ThreadPoolExecutor(THREADS_AT_ONCE) as pool:
            together = list(pool.map(self.inspect, work))
        return all(same_answer(alone[number], found) for number, found in zip(work, together, strict=True))


def same_answer(one: Inspection, other: Inspection) -> bool:
    assert one.heat_map is not None and other.heat_map is not None
    return (
        one.logits == other.logits
        and one.box == other.box
        and one.verdict == other.verdict
        and np.array_equal(one.heat_map.grid, other.heat_map.grid)
    )


def measure_chain(chains: Chains, *, rounds: int, tick: Tick | None = None) -> dict[str, Any]:
    ours_stages: list[dict[str, float]] = []
    plain_stages: list[dict[str, float]] = []
    crop = np.zeros((1, chains.spec.input_size, chains.spec.input_size, 3), np.uint8)

    bare = chains.classifier_engine.create_bare_request()

    def run_ours(number: int) -> None:
        ours_stages.append(chains.inspect(number).timings_ms.as_dict())

    def run_plain(number: int) -> None:
        plain_stages.append(chains.plain.judge(chains.pick(number)).stages_ms)

    taken = time_interleaved(
        {
            "ours": run_ours,
            "ours_without_map": lambda number: chains.inspect(number, explain=False),
            "bare_classifier": lambda _: bare.infer([crop], share_inputs=True, share_outputs=True),
            "plain": run_plain,
        },
        rounds=rounds,
        tick=tick,
    )
    ours, plain = stage_medians(ours_stages[-rounds:]), stage_medians(plain_stages[-rounds:])
    # The picture that the plain chain draws is not counted: ours is drawn by whoever shows it.
    plain_ms = float(np.median(taken["plain"])) - plain["overlay"]
    ours_ms = float(np.median(taken["ours"]))
    return {
        "chain": {
            "line": chains.line.name,
            "networks": [chains.detector_spec.name, chains.spec.name],
            "plain_ms": plain_ms,
            "ours_ms": ours_ms,
            "ours_p95_ms": spread(taken["ours"]).p95_ms,
            "ratio": plain_ms / ours_ms,
            "precision": CHAIN_PRECISION,
            "rounds": rounds,
            "trained_weights": chains.trained,
            "threads_agree": chains.threads_agree(),
            "stages": {stage: {"plain_ms": plain.get(stage), "ours_ms": ours.get(stage)} for stage in STAGES},
        },
        # the share of each round, so that a slow moment does not count for one side only
        "explain_overhead": float(np.median(taken["ours"] / taken["ours_without_map"])),
        "classify_overhead": ours["classify"] / float(np.median(taken["bare_classifier"])),
    }


def stage_medians(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {stage: float(np.median([row[stage] for row in rows])) for stage in rows[0] if stage in STAGES}


def measure_model(
    line: Line, model: str, pictures: Sequence[U8], settings: Settings, *, seconds: float
) -> list[ModelTiming]:
    """All precisions and batch sizes of one model, interleaved; about `seconds` long after compilation."""
    network, spec, _ = load_network_or_random(line.name, model, len(line.classes), settings)
    graph = export_network(network, spec)
    inputs = np.stack([fit_input(pictures[index % len(pictures)], spec) for index in range(max(BATCH_SIZES))])
    engines: dict[Precision, OpenVinoEngine] = {
        precision: build_engine(graph, spec, precision, pictures=pictures, threads=settings.threads)
        for precision in PRECISIONS
        if supports(precision)
    }
    found = []
    for batch in sorted(BATCH_SIZES):
        candidates = {
            precision: partial(run_batch, engine, inputs[:batch]) for precision, engine in engines.items()
        }
        first = time_interleaved(candidates, rounds=1)
        cost_ms = sum(float(times[0]) for times in first.values())
        rounds = int(np.clip(seconds * 1e3 / len(BATCH_SIZES) / cost_ms, 5, 200))
        taken = time_interleaved(candidates, rounds=rounds, warm_up=0)
        for precision in engines:
            times = spread(taken[precision])
            found.append(
                ModelTiming(model, precision, batch, times.p50_ms, times.p95_ms, batch / times.p50_ms * 1e3)
            )
    return found


def run_batch(engine: Engine, batch: U8, number: int) -> None:
    engine.run(batch)


def run_benchmark(
    chain: Line,
    line: Line,
    models: Sequence[str],
    pictures: Sequence[bytes],
    settings: Settings,
    *,
    rounds: int = 60,
    seconds_a_model: float = 12.0,
    tick: Tick | None = None,
) -> dict[str, Any]:
    import torch

    torch.set_num_threads(settings.threads)
    told = tick or (lambda done, total: None)
    total = rounds + len(models)
    chains = Chains(chain, pictures, settings)
    result: dict[str, Any] = {
        "machine": {**describe_machine().as_dict(), "threads": settings.threads},
        "engines": {"openvino": chains.classifier_engine.label.version, "torch": torch.__version__},
        **measure_chain(chains, rounds=rounds, tick=lambda done, _: told(done, total)),
    }
    decoded = [decode(data, name="benchmark").pixels for data in pictures]
    timings: list[ModelTiming] = []
    for index, model in enumerate(models):
        timings += measure_model(line, model, decoded, settings, seconds=seconds_a_model)
        told(rounds + index + 1, total)
    result["models"] = [asdict(timing) for timing in timings]
    result["peak_memory_mib"] = peak_memory_mib()
    return result


def list_classifiers() -> list[str]:
    return [spec.name for spec in REGISTRY.values() if spec.task == "classify"]
