"""INT8 through NNCF, and its replay on a machine that has no training pictures.

Quantising needs calibration pictures, which may not ship (their licences) and are large. What calibration finds is small:
the ranges of the activations and the corrected biases. `record_calibration` keeps every constant by which a model
quantised on real pictures differs from the same model quantised on one grey picture; `replay_calibration` repeats the
cheap quantisation anywhere and puts these constants in place. A probe picture proves that both models are the same.
"""

import io
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from inspection.errors import PrecisionUnavailable
from inspection.types import F32, U8

if TYPE_CHECKING:
    import openvino as ov

# Of the activations: over all calibration pictures, or without the rarest values, one in ten thousand on each side.
Ranges = Literal["all", "common"]
RAREST = 1e-4
PROBE = "probe_outputs"
# Of the largest value; INT8 kernels of different CPUs round differently. Scores lie in 0…1 and have a bound of their own.
PROBE_TOLERANCE, SCORE_TOLERANCE = 1e-2, 2e-2
_stdout = threading.Lock()  # redirect_stdout is the whole process's: two at once would lose it
OVEREXPOSED, UNDEREXPOSED = 1.6, 0.5
MOST_JOINS = 24  # concatenations; YOLOv5n has 20, DenseNet121 58


def quantize_model(
    model: "ov.Model", pictures: Sequence[U8], *, correct_biases: bool = True, ranges: Ranges = "all"
) -> "ov.Model":
    """pictures: (height, width, channels) each, as the engine takes them. The model itself is left alone."""
    import nncf

    with quiet_nncf():
        quantized: ov.Model = nncf.quantize(
            model.clone(),
            nncf.Dataset([picture[None] for picture in pictures]),
            preset=nncf.QuantizationPreset.MIXED,
            # Every layer in INT8: the SPR target leaves layers in float that only AMX runs fast. On AVX-512 VNNI this is
            # 1.2 times faster (ResNet50), and one recipe for all machines means one model to evaluate.
            target_device=nncf.TargetDevice.CPU,
            subset_size=len(pictures),
            fast_bias_correction=not correct_biases or not can_keep_maps(model),
            ignored_scope=nncf.IgnoredScope(names=list_head(model) + list_decoding(model), validate=False),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                # The fix halves the range of weights for CPUs that saturate (AVX2); with it MobileNetV3 loses up to 16 points.
                overflow_fix=nncf.OverflowFix.DISABLE,
                # NNCF averages each picture's range. Where pictures differ much in brightness that cuts off the bright
                # ones: on steel the logits strayed by 2.4, and by 0.4 with the range over all pictures.
                activations_range_estimator_params=choose_estimator(ranges),
            ),
        )
    return quantized


def choose_estimator(ranges: Ranges) -> Any:
    from nncf.quantization import range_estimator as nncf_ranges

    if ranges == "all":
        return nncf_ranges.RangeEstimatorParametersSet.MINMAX
    low, high = (
        nncf_ranges.StatisticsCollectorParameters(
            nncf_ranges.StatisticsType.QUANTILE, side, quantile_outlier_prob=RAREST
        )
        for side in (nncf_ranges.AggregatorType.MIN, nncf_ranges.AggregatorType.MAX)
    )
    return nncf_ranges.RangeEstimatorParameters(low, high)


def can_keep_maps(model: "ov.Model") -> bool:
    """Thorough bias correction keeps every map that a later layer still needs, of every picture. In a network whose layers
    all look back that is nearly all of them: DenseNet121 took more than 23 GB and was killed."""
    joins = sum(node.get_type_name() == "Concat" for node in model.get_ordered_ops())
    return bool(joins <= MOST_JOINS)


@contextmanager
def quiet_nncf() -> Iterator[None]:
    """NNCF draws its progress on stdout, which belongs to the results of whoever called us."""
    logging.getLogger("nncf").setLevel(logging.ERROR)
    with _stdout, redirect_stdout(io.StringIO()):
        yield


def list_head(model: "ov.Model") -> list[str]:
    """The operations between the last feature map and the logits. They stay in f32: they cost nothing there, and the
    logits recomputed from the features then equal the engine's, so that the heat map stays exact in INT8."""
    if len(model.outputs) < 2:
        return []
    tap = model.output(1).get_node().input_value(0).get_node().get_friendly_name()
    names: list[str] = []
    waiting = [model.output(0).get_node().input_value(0).get_node()]
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() == tap or node.get_type_name() in ("Constant", "Parameter"):
            continue
        if node.get_friendly_name() not in names:
            names.append(node.get_friendly_name())
            waiting += [value.get_node() for value in node.input_values()]
    return names


def list_decoding(model: "ov.Model") -> list[str]:
    """The operations that make boxes of the last convolutions' answers, where an exponential is among them (SSDLite): it makes
    large what eight bits round off, and NNCF would quantise its columns with ranges of the wrong shape."""
    operations = model.get_ordered_ops()
    if not any(node.get_type_name() == "Exp" for node in operations):
        return []
    feeds: set[str] = set()  # what some convolution still needs
    for node in reversed(operations):
        convolves = node.get_type_name() in ("Convolution", "GroupConvolution")
        if convolves or node.get_friendly_name() in feeds:
            feeds.add(node.get_friendly_name())
            feeds |= {value.get_node().get_friendly_name() for value in node.input_values()}
    plain = ("Constant", "Parameter", "Result")
    return [
        node.get_friendly_name()
        for node in operations
        if node.get_friendly_name() not in feeds and node.get_type_name() not in plain
    ]


def vary_exposure(pictures: Sequence[U8], *, share: float = 0.20) -> list[U8]:
    """Every fifth calibration picture is over- or under-exposed in turn, so that the ranges cover bad light (seed 000)."""
    every = round(1 / share)
    varied = []
    for index, picture in enumerate(pictures):
        if index % every == 0:
            factor = OVEREXPOSED if (index // every) % 2 == 0 else UNDEREXPOSED
            picture = np.clip(picture.astype(np.float32) * factor, 0, 255).astype(np.uint8)
        varied.append(picture)
    return varied


def record_calibration(model: "ov.Model", quantized: "ov.Model") -> dict[str, Any]:
    """name → array, for safetensors: the constants that calibration changed, and the probe's outputs."""
    plain = quantize_plain(model)
    differing: dict[str, Any] = {}
    for (index, mine), (_, theirs) in zip(list_constants(quantized), list_constants(plain), strict=True):
        values = mine.data
        if values.shape != theirs.data.shape or values.dtype != theirs.data.dtype:
            raise PrecisionUnavailable(
                f"Expected both quantisations to have the same shape, got {values.shape} and {theirs.data.shape} "
                f"for constant {index}. This NNCF builds other graphs for other pictures; calibrate on site."
            )
        if not np.array_equal(values, theirs.data):
            differing[f"{index:05d}"] = np.array(values, order="C")  # a copy; keeps scalars scalar
    differing[PROBE] = run_probe(quantized)
    return differing


def replay_calibration(model: "ov.Model", calibration: dict[str, Any]) -> "ov.Model":
    import openvino as ov

    quantized = quantize_plain(model)
    constants = dict(list_constants(quantized))
    for name, values in calibration.items():
        if name == PROBE:
            continue
        constant = constants.get(int(name))
        if constant is None or list(constant.get_output_shape(0)) != list(values.shape):
            raise PrecisionUnavailable(
                "Expected the calibration to fit this model, but its graph differs. It was recorded with another "
                "release of OpenVINO or NNCF: install the pinned requirements, or use f32."
            )
        replacement = ov.op.Constant(values)
        replacement.set_friendly_name(constant.get_friendly_name())
        for target in constant.output(0).get_target_inputs():
            target.replace_source_output(replacement.output(0))
    check_probe(run_probe(quantized), calibration[PROBE])
    return quantized


def check_probe(got: F32, expected: F32) -> None:
    """Logits, or a detector's candidates: boxes in pixels, then scores."""
    parts = [(got, expected, PROBE_TOLERANCE * max(1.0, float(np.abs(expected).max())))]
    if expected.ndim == 3:
        parts = [
            (got[..., :4], expected[..., :4], parts[0][2]),
            (got[..., 4:], expected[..., 4:], SCORE_TOLERANCE),
        ]
    for ours, theirs, bound in parts:
        largest = float(np.abs(ours - theirs).max())
        if not largest <= bound:  # an answer that is no number is none either
            raise PrecisionUnavailable(
                f"Expected the replayed INT8 model to answer the probe within {bound:.3g}, got {largest:.3g}. "
                "It would not be the model that was evaluated: use f32 or bf16, or calibrate on site."
            )


def quantize_plain(model: "ov.Model") -> "ov.Model":
    """The same graph, with ranges that mean nothing: one noise picture from a fixed seed."""
    _, height, width, channels = model.input(0).get_shape()
    noise = np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return quantize_model(model, [noise], correct_biases=False)


def list_constants(model: "ov.Model") -> Iterator[tuple[int, Any]]:
    """In topological order: names carry counters that differ between runs, the order does not."""
    constants = [node for node in model.get_ordered_ops() if node.get_type_name() == "Constant"]
    yield from enumerate(constants)


def run_probe(model: "ov.Model") -> F32:
    from inspection.engines.openvino import open_core

    _, height, width, channels = model.input(0).get_shape()
    probe = np.random.default_rng(1).integers(0, 256, (1, height, width, channels), dtype=np.uint8)
    compiled = open_core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answer: F32 = np.array(compiled(probe)[0], np.float32)
    return answer
