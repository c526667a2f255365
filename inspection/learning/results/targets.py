"""What the project set out to reach, and whether it did: a row a target, judged on the test rows that ship."""

from collections.abc import Mapping
from dataclasses import dataclass

from inspection.learning.calibration import ChanceError
from inspection.learning.evaluate import MEASURED, MORE_PARTS
from inspection.learning.metrics import ClassFigures, Figures
from inspection.learning.results.gather import LineResults, Shipped
from inspection.learning.results.markdown import NONE, bounded, exact_rate, percent, rate, table
from inspection.learning.study import FOLDS, GROUPED, Study, count_by_group
from inspection.types import Precision, VerdictKind
from inspection.wording import say_number
from models.registry import REGISTRY

Results = Mapping[str, LineResults]
SMALL, SMALL_TAUGHT = (
    5_865,
    5_801,
)  # parameters of document 002's own network: all, and those that learn, as cards count
COLUMNS = ("case", "the documents", "to reach", "ours, f32", "ours, INT8", "reached")


@dataclass(frozen=True, slots=True)
class Target:
    case: str
    theirs: str
    asked: str
    ours: Mapping[Precision, str]
    holds: Mapping[Precision, bool]
    by: str = ""

    @property
    def reached(self) -> str:
        if not self.holds:
            return "not measured"
        if all(self.holds.values()):
            return "**yes**"
        kept = [name.upper() for name, holds in self.holds.items() if holds]
        return f"at {' and '.join(kept)} only" if kept else "no"

    def cells(self) -> tuple[str, ...]:
        case = f"{self.case}: {self.by}" if self.by else self.case
        return (
            case,
            self.theirs,
            self.asked,
            *(self.ours.get(name, NONE) for name in MEASURED),
            self.reached,
        )


def tabulate_targets(results: Results) -> str:
    return table(COLUMNS, [each.cells() for each in list_targets(results)])


def list_targets(results: Results) -> list[Target]:
    casting, steel, aluminium = (results[name] for name in ("casting", "steel", "aluminium"))
    small = tuple(each for each in casting.classifiers if each.card and each.card.parameters <= SMALL_TAUGHT)
    return [
        judge_accuracy(
            "casting, official 715, best model", "99.44 %", 0.9972, casting.choose_best(), aim=1.0
        ),
        judge_accuracy(
            f"casting, official 715, at most {SMALL:,} parameters",
            "99.44 %",
            0.9944,
            casting.choose_best(small),
        ),
        judge_study("casting, grouped split, best model", "nobody reports it", 0.99, casting, GROUPED),
        judge_study(
            "casting, five folds grouped by part, best model", "nobody reports it", 0.99, casting, FOLDS
        ),
        judge_f1("steel, six classes, ResNet50V2", "95 % F1", 0.985, steel.find("resnet50v2")),
        judge_f1("steel, six classes, best model", "95 % F1", 0.985, steel.choose_best(), aim=0.996),
        judge_boxes(
            "steel boxes, YOLOv5n, mAP@0.5", "72 to 85 %, larger models", 0.70, steel.find("yolov5n")
        ),
        judge_worst_class("aluminium, unseen designs, ResNet50", "94.3 %", aluminium.find("resnet50")),
        judge_worst_class("aluminium, unseen designs, best model", "94.3 %", aluminium.choose_best()),
        judge_boxes("aluminium, part detector, mAP@0.5", "94.1 %", 0.99, find_locator(aluminium)),
        judge_empty(
            "aluminium, empty belt, foreign object or half a part called a part",
            NONE,
            0.005,
            find_locator(aluminium),
        ),
        judge_empty_belts(0.005, aluminium.find(aluminium.line.champion)),
        judge_int8(results),
        judge_escapes(casting),
        judge_calibration(results),
    ]


def find_locator(line: LineResults) -> Shipped | None:
    return None if line.line.locate.model is None else line.find(line.line.locate.model)


def measured(shipped: Shipped | None) -> dict[Precision, Figures]:
    if shipped is None:
        return {}
    found = {precision: shipped.figures(precision) for precision in MEASURED}
    return {precision: each for precision, each in found.items() if each is not None}


def name_model(shipped: Shipped | None) -> str:
    return shipped.title if shipped is not None and shipped.card is not None else ""


def count_right(figures: Figures) -> int:
    return sum(figures.confusion[place][place] for place in range(len(figures.class_names)))


def ask(least: float, aim: float | None, *, digits: int = 2) -> str:
    asked = f"≥ {percent(least, digits)}"
    return asked if aim is None else f"{asked}, aim at {percent(aim, digits)}"


def judge_accuracy(
    case: str, theirs: str, least: float, shipped: Shipped | None, *, aim: float | None = None
) -> Target:
    found = measured(shipped)
    return Target(
        case,
        theirs,
        ask(least, aim),
        {name: rate(count_right(each), each.n) for name, each in found.items()},
        {name: (each.accuracy or 0.0) >= least for name, each in found.items()},
        name_model(shipped),
    )


def judge_study(case: str, theirs: str, least: float, line: LineResults, name: str) -> Target:
    def choose(study: Study) -> float:
        return sum(part.validation_accuracy * part.validation for part in study.parts) / sum(
            part.validation for part in study.parts
        )

    best = max(line.find_studies(name), key=choose, default=None)
    found = {} if best is None else {each: best.figures(each, good=line.line.good) for each in MEASURED}
    return Target(
        case,
        theirs,
        f"≥ {percent(least)}",
        {}
        if best is None
        else {each: rate_study(best, each, figures, line) for each, figures in found.items()},
        {each: (figures.accuracy or 0.0) >= least for each, figures in found.items()},
        "" if best is None else REGISTRY[best.model].title,
    )


def rate_study(study: Study, precision: Precision, figures: Figures, line: LineResults) -> str:
    """Variants of a part are not chances of their own: where they are known, whole parts are drawn again."""
    if not study.grouped or line.groups is None:
        return rate(count_right(figures), figures.n)
    counted = count_by_group(study.pool(precision)[0], line.groups)
    interval = counted.accuracy_interval
    between = "" if interval is None else f"{percent(interval.low)} to {percent(interval.high)}, "
    return f"{percent(figures.accuracy)} ({between}n = {figures.n:,} of {say_number(counted.parts, 'part')})"


def judge_f1(
    case: str, theirs: str, least: float, shipped: Shipped | None, *, aim: float | None = None
) -> Target:
    found = measured(shipped)
    return Target(
        case,
        theirs,
        f"macro-F1 {ask(least, aim)}",
        {
            name: f"{percent(each.macro_f1)}; accuracy {rate(count_right(each), each.n)}"
            for name, each in found.items()
        },
        {name: (each.macro_f1 or 0.0) >= least for name, each in found.items()},
        name_model(shipped),
    )


def judge_worst_class(case: str, theirs: str, shipped: Shipped | None) -> Target:
    found = measured(shipped)
    worst = {name: find_worst(each) for name, each in found.items()}
    return Target(
        case,
        theirs,
        "≥ 98 %, no class below 96 %",
        {
            name: f"{rate(count_right(each), each.n)}; worst class {worst[name].name} {percent(worst[name].recall)}"
            f"{say_more(shipped, name)}"
            for name, each in found.items()
        },
        {
            name: (each.accuracy or 0.0) >= 0.98 and (worst[name].recall or 0.0) >= 0.96
            for name, each in found.items()
        },
        name_model(shipped),
    )


def say_more(shipped: Shipped | None, precision: Precision) -> str:
    more = None if shipped is None else shipped.figures(precision, MORE_PARTS)
    if more is None:
        return ""
    worst = find_worst(more)
    return f"; of more parts made to judge by {rate(count_right(more), more.n)}; worst class there {worst.name} {percent(worst.recall)}"


def find_worst(figures: Figures) -> ClassFigures:
    return min(figures.per_class, key=lambda each: each.recall if each.recall is not None else 1.0)


def judge_boxes(
    case: str, theirs: str, least: float, shipped: Shipped | None, *, aim: float | None = None
) -> Target:
    found = {name: None if shipped is None else shipped.boxes(name) for name in MEASURED}
    told = {name: each for name, each in found.items() if each is not None}
    return Target(
        case,
        theirs,
        ask(least, aim, digits=0),
        {
            name: f"{bounded(each['map_50'], each.get('map_50_interval'))}, {each['boxes']:,} boxes in {each['pictures']:,} pictures"
            for name, each in told.items()
        },
        {name: (each["map_50"] or 0.0) >= least for name, each in told.items()},
        name_model(shipped),
    )


def judge_empty(case: str, theirs: str, most: float, shipped: Shipped | None) -> Target:
    found = {name: None if shipped is None else shipped.boxes(name) for name in MEASURED}
    told = {name: each for name, each in found.items() if each is not None and each["empty_pictures"]}
    return Target(
        case,
        theirs,
        f"≤ {percent(most, 1)}",
        {name: exact_rate(each["empty_called_part"], each["empty_pictures"]) for name, each in told.items()},
        {name: each["empty_called_part_rate"] <= most for name, each in told.items()},
        name_model(shipped),
    )


def judge_int8(results: Results) -> Target:
    """The worst of all classifiers that are served at INT8."""
    losses = [
        ((f32.accuracy or 0.0) - (int8.accuracy or 0.0), f"{each.title}, {line.line.name}", int8.n)
        for line in results.values()
        for each in line.classifiers
        if each.withheld is None
        and (f32 := each.figures("f32")) is not None
        and (int8 := each.figures("int8")) is not None
    ]
    lost, name, n = max(losses, default=(0.0, "", 0))
    ours: dict[Precision, str] = {"int8": f"{100 * lost:.2f} points (n = {n:,})"} if losses else {}
    return Target(
        "INT8 against f32, where it is not withheld, worst model",
        "0.3 to 0.9 points lost",
        "≤ 0.2 points",
        ours,
        {"int8": lost <= 0.002} if losses else {},
        name,
    )


def judge_escapes(casting: LineResults) -> Target:
    """Defective parts that only INT8 lets pass."""
    new: list[tuple[int, str, int]] = []
    for each in casting.classifiers:
        f32, int8 = (each.rows.get(("test", precision)) for precision in MEASURED)
        if f32 is None or int8 is None or each.card is None or each.withheld is not None:
            continue
        good = each.card.class_names.index(casting.line.good or "")
        defective = int8.labels != good
        escapes = defective & (int8.called == good) & (f32.called != good)
        new.append((int(escapes.sum()), each.title, int(defective.sum())))
    count, name, n = max(new, default=(0, "", 0))
    return Target(
        "casting, escapes that INT8 adds, where it is not withheld, worst model",
        NONE,
        "none",
        {"int8": exact_rate(count, n)} if new else {},
        {"int8": count == 0} if new else {},
        name,
    )


def judge_empty_belts(most: float, champion: Shipped | None) -> Target:
    """Judged where enough of them were made for a trial: fewer cannot show one in two hundred."""
    belts = {} if champion is None else {each.precision: each.made_empty for each in champion.trials}
    counted = {
        name: (sum(row.verdict is not VerdictKind.NO_PART for row in rows), len(rows))
        for name, rows in belts.items()
        if rows
    }
    return Target(
        "aluminium, empty belt called a part, belts made for it",
        NONE,
        f"≤ {100 * most:g} %",
        {name: exact_rate(*each) for name, each in counted.items()},
        {name: called <= most * n for name, (called, n) in counted.items()},
    )


def judge_calibration(results: Results) -> Target:
    """The champions: they are what runs, at INT8 where it is not withheld; by the most parts that judged them, as few show
    chance more than error."""
    worst: dict[Precision, tuple[float, str]] = {}
    for precision in MEASURED:
        errors = [
            (figures.calibration_error, f"{each.title}, {line.line.name}, n = {figures.n:,}{say_chance(each.chance(precision, split))}")
            for line in results.values()
            if (each := line.find(line.line.champion)) is not None
            and (precision != "int8" or each.withheld is None)
            and (split := MORE_PARTS if each.figures(precision, MORE_PARTS) else "test")
            and (figures := each.figures(precision, split)) is not None
            and figures.calibration_error is not None
        ]  # fmt: skip
        if errors:
            worst[precision] = max(errors)
    return Target(
        "calibration error of a champion after temperature, worst line; at INT8 where it is not withheld",
        "none",
        "≤ 1.5 %",
        {each: f"{percent(error)} ({name})" for each, (error, name) in worst.items()},
        {each: error <= 0.015 for each, (error, _) in worst.items()},
    )


def say_chance(chance: ChanceError | None) -> str:
    if chance is None:
        return ""
    return f"; without any, so few pictures show {percent(chance.mean)} on average and up to {percent(chance.p95)}"
