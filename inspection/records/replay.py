"""The same picture through the same weights by the rules of then: is the answer the same?

What may differ without anything being wrong is stated as a tolerance. On one processor nothing differed at all, whatever
the process, the threads or the batch; at f32 another instruction set moved a logit by 7e-7 (measure_replay.py, LOG.md). An
engine of another release adds up in another order, so a thousand times that is allowed. INT8 and bf16 round after every
layer, where a sum that differs in the last digit may fall the other way and move a logit by a hundredth. A processor
without VNNI saturates at INT8 and moves it by whole units: that is another answer, and INT8 is refused there.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from inspection.config import Settings, load_settings
from inspection.errors import (
    LineInvalid,
    LineUnknown,
    ModelUnknown,
    PrecisionUnavailable,
    WeightsMissing,
    WeightsRefused,
)
from inspection.images import decode
from inspection.lines import Line, Policy, load_line
from inspection.records.champions import Champion, find_former
from inspection.records.errors import PictureAltered, PictureMissing, RecordRefused
from inspection.records.novelty_then import NoveltyThen, read_novelty_then
from inspection.records.record import Kind, Record
from inspection.records.store import RecordStore
from inspection.records.surroundings import describe_this_machine, find_hashes, find_weights_hash
from inspection.types import Inspection, Precision

if TYPE_CHECKING:
    from inspection.pipeline import Inspector


@dataclass(frozen=True, slots=True)
class Tolerance:
    logits: float
    probabilities_0_1: float
    box_px: float
    heat_0_1: float  # of the model's fixed scale


ROUNDED = Tolerance(0.02, 0.005, 1.0, 0.02)
TOLERANCES: Mapping[Precision, Tolerance] = {
    "f32": Tolerance(0.001, 0.0002, 0.05, 0.001),
    "bf16": ROUNDED,
    "int8": ROUNDED,
}


class Likeness(StrEnum):
    SAME = "the same"
    WITHIN = "within tolerance"
    OTHER = "different"


@dataclass(frozen=True, slots=True)
class Comparison:
    what: str
    then: str
    now: str
    likeness: Likeness
    decides: bool = True  # False: told, but a difference here is no other answer


@dataclass(frozen=True, slots=True)
class Replay:
    comparisons: tuple[Comparison, ...]
    inspection: Inspection | None  # as it comes out now; None where it cannot be run
    obstacle: str = ""  # why it cannot
    caveat: str = ""  # what of then could not be brought back, although it ran

    @property
    def holds(self) -> bool:
        return not self.obstacle and all(
            one.likeness is not Likeness.OTHER for one in self.comparisons if one.decides
        )

    @property
    def words(self) -> str:
        if self.obstacle:
            return f"It cannot be replayed. {self.obstacle}"
        return f"{self._answer} {self.caveat}".strip()

    @property
    def _answer(self) -> str:
        answers = [one for one in self.comparisons if one.decides]
        if all(one.likeness is Likeness.SAME for one in answers):
            return "The answer is the same, to the last digit that was kept."
        other = [one.what for one in answers if one.likeness is Likeness.OTHER]
        if not other:
            return "The answer is the same within the stated tolerance."
        return f"The answer is different: {', '.join(other)}."


Load = Callable[[Inspection, Champion], "Inspector"]  # as it was judged then, and where those weights lie
_OBSTACLES = (
    *(LineUnknown, LineInvalid, ModelUnknown, WeightsMissing, WeightsRefused, PrecisionUnavailable),
    *(PictureMissing, PictureAltered),  # of a release, whose files are kept like pictures
)
_GONE = (PictureMissing, PictureAltered, WeightsRefused)  # a release that was kept once


def replay(store: RecordStore, record: Record, *, load: Load, settings: Settings | None = None) -> Replay:
    """A picture that is missing or was changed raises: there is nothing to replay then."""
    if record.kind is not Kind.INSPECTION:
        raise RecordRefused(f"Expected an inspection to replay, record {record.id} is a {record.kind.value}.")
    settings = settings or load_settings()
    then, picture = store.read_inspection(record), store.read_picture(record)
    try:
        asked = read_novelty_then(record.body)
        champion = find_weights_of(store, then, asked, settings)
        if champion is None:
            return _refuse(then, find_weights_hash(then.line, then.model, settings))
        inspector = load(then, champion)
    except _OBSTACLES as error:
        return Replay((), None, str(error))
    if inspector.classifying.weights_sha256 != then.model_sha256:
        return _refuse(then, inspector.classifying.weights_sha256)
    rewound = copy.copy(inspector)  # shares the engines; the rules are its own
    rewound.line = restore_rules(inspector.line, record.body["thresholds"])
    # both may have been fitted to the weights since
    novelty = inspector.classifying.novelty if asked.asked else None
    temperature = record.body["preprocessing"].get("temperature", inspector.classifying.temperature)
    rewound.classifying = replace(inspector.classifying, novelty=novelty, temperature=temperature)
    target = None if then.heat_map is None else then.heat_map.class_name
    now = rewound.inspect(decode(picture, name=then.picture), target=target)
    surroundings = _compare_surroundings(record.body, then, now, inspector)
    present = asked.describe(rewound.classifying.novelty, now.novelty)
    model = replace(_compare_words("novelty model", then=asked.words, now=present), decides=False)
    return Replay((*compare(then, now), model, *surroundings), now, caveat=asked.say_difference(present))


def find_weights_of(
    store: RecordStore, then: Inspection, asked: NoveltyThen, settings: Settings
) -> Champion | None:
    """As they ship, or kept in the store because they ran the line once; None: they are no longer here.

    Of releases with these weights the one whose novelty model judged; where that is gone, another one of them.
    """
    line, here = load_line(then.line, settings), find_hashes(then.line, then.model, settings)
    shipped = Champion(then.model, settings.weights_dir, None, None)
    if here.weights != then.model_sha256:
        return find_former(store, line, then.model, then.model_sha256, settings, fits=asked.fits)
    if asked.fits(here.novelty):
        return shipped
    try:
        former = find_former(store, line, then.model, then.model_sha256, settings, fits=asked.fits)
    except _GONE:
        return shipped
    fitting = former is not None and former.release is not None and asked.fits(former.release.novelty_sha256)
    return former if fitting else shipped


def _refuse(then: Inspection, present: str | None) -> Replay:
    found = "there are none" if present is None else f"there are others ({present[:12]}…)"
    row = Comparison("weights", then.model_sha256, present or "none", Likeness.OTHER)
    return Replay(
        (row,),
        None,
        f"The weights of {then.model} that judged it ({then.model_sha256[:12]}…) are no longer here: {found}. "
        "Put them back to replay it; the record itself stands.",
    )


def restore_rules(line: Line, thresholds: Mapping[str, Any]) -> Line:
    """The line with the policy of then; before there was a rule it did not hold."""
    known = {one.name for one in fields(Policy)}
    told = {"whole": False, **thresholds}
    policy = replace(line.policy, **{name: value for name, value in told.items() if name in known})
    locate = replace(
        line.locate,
        threshold_0_1=thresholds.get("locate_0_1", line.locate.threshold_0_1),
        margin=thresholds.get("margin", line.locate.margin),
    )
    return replace(line, policy=policy, locate=locate)


def compare(then: Inspection, now: Inspection) -> tuple[Comparison, ...]:
    """What makes up the answer."""
    allowed = TOLERANCES[then.engine.precision]
    return (
        _compare_words("weights", then=then.model_sha256, now=now.model_sha256),
        _compare_words("verdict", then=_name_verdict(then), now=_name_verdict(now)),
        _compare_numbers(
            "score",
            then=[then.verdict.score_0_1],
            now=[now.verdict.score_0_1],
            tolerance=allowed.probabilities_0_1,
        ),
        _compare_numbers("logits", then=then.logits, now=now.logits, tolerance=allowed.logits),
        _compare_numbers(
            "probabilities",
            then=list(then.probabilities.values()),
            now=list(now.probabilities.values()),
            tolerance=allowed.probabilities_0_1,
        ),
        _compare_numbers("box", then=_list_edges(then), now=_list_edges(now), tolerance=allowed.box_px),
        _compare_maps(then, now, tolerance=allowed.heat_0_1),
    )


def _list_edges(inspection: Inspection) -> list[float]:
    return [] if inspection.box is None else inspection.box.as_list()


def _compare_maps(then: Inspection, now: Inspection, *, tolerance: float) -> Comparison:
    before, after = then.heat_map, now.heat_map
    if before is None or after is None:
        said = {True: "none", False: "a map"}
        return _compare_words("heat map", then=said[before is None], now=said[after is None])
    return _compare_numbers(
        "heat map",
        then=(before.grid / before.scale).ravel().tolist(),
        now=(after.grid / after.scale).ravel().tolist(),
        tolerance=tolerance,
    )


def _compare_surroundings(
    body: Mapping[str, Any], then: Inspection, now: Inspection, inspector: "Inspector"
) -> tuple[Comparison, ...]:
    """What may explain a difference, and is none of its own."""
    machine = body["extra"].get("machine", {})
    detectors = body["extra"].get("detectors", {})
    pairs = [
        ("engine", f"{then.engine.name} {then.engine.version}", f"{now.engine.name} {now.engine.version}"),
        ("temperature", body["preprocessing"].get("temperature"), inspector.classifying.temperature),
        ("processor", machine.get("cpu"), describe_this_machine()["cpu"]),
    ]
    for role, detector in detectors.items():
        pairs.append((f"detector that {role}", detector["sha256"], inspector.detector_sha256.get(role)))
    return tuple(
        replace(_compare_words(what, then=_say(before), now=_say(after)), decides=False)
        for what, before, after in pairs
    )


def _say(value: object) -> str:
    return "not known" if value is None else str(value)


def _name_verdict(inspection: Inspection) -> str:
    verdict = inspection.verdict
    return verdict.kind.value if verdict.class_name is None else f"{verdict.kind.value}: {verdict.class_name}"


def _compare_words(what: str, *, then: str, now: str) -> Comparison:
    return Comparison(what, then, now, Likeness.SAME if then == now else Likeness.OTHER)


def _compare_numbers(
    what: str, *, then: Sequence[float], now: Sequence[float], tolerance: float
) -> Comparison:
    if len(then) != len(now):
        return Comparison(what, f"{len(then)} numbers", f"{len(now)} numbers", Likeness.OTHER)
    gap = float(np.max(np.abs(np.subtract(then, now)))) if then else 0.0
    likeness = Likeness.SAME if gap == 0 else Likeness.WITHIN if gap <= tolerance else Likeness.OTHER
    differs = "no difference" if gap == 0 else f"largest difference {gap:.2g}, tolerance {tolerance:g}"
    return Comparison(what, _show_numbers(then), f"{_show_numbers(now)} ({differs})", likeness)


def _show_numbers(values: Sequence[float]) -> str:
    if len(values) > 12:
        return f"{len(values)} values"
    return ", ".join(f"{value:.4g}" for value in values) or "none"
