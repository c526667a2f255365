"""A section a line: every model that it should have, on every split, at both precisions."""

from collections.abc import Mapping
from typing import Any

from inspection.learning.evaluate import MEASURED, MORE_PARTS
from inspection.learning.metrics import Figures
from inspection.learning.results.gather import LineResults, Shipped
from inspection.learning.results.markdown import NONE, bounded, exact_rate, percent, rate, table
from inspection.learning.results.targets import count_right
from inspection.learning.study import Study, count_by_group
from inspection.learning.trial import SEVERITIES, Trial, tabulate, tabulate_severities
from inspection.types import Precision, VerdictKind
from inspection.wording import say_looks
from models.card import Card
from models.registry import REGISTRY

NOT_TRAINED = "not trained"
MOST_PARTS = 5  # named where a study counts the parts with errors
CLASSIFIER_COLUMNS = (
    "model", "split", "precision", "accuracy (95 %, n)", "macro-F1", "escapes (95 %)", "false rejects (95 %)",
    "calibration error (of a perfect model, on average)", "changed by INT8",
)  # fmt: skip
DETECTOR_COLUMNS = (
    "model", "split", "precision", "pictures", "mAP@0.5 (95 %)", "mAP@0.5:0.95 (95 %)", "recall (95 %, each box for itself)",
    "empty called a part (95 %)", "changed by INT8",
)  # fmt: skip


def describe_line(results: LineResults) -> str:
    line = results.line
    parts = [
        f"## {line.title} (`{line.name}`)\n",
        f"Champion: {title_of(results, line.champion)}. Pictures: {line.licence}.\n",
        tabulate_classifiers(results),
        tabulate_detectors(results),
        describe_trials(results),
        describe_studies(results),
        describe_withheld(results),
        describe_looks(results),
        tabulate_robustness(results),
    ]
    return "\n".join(part for part in parts if part)


def title_of(results: LineResults, model: str) -> str:
    found = results.find(model)
    return model if found is None else found.title


def say_split(shipped: Shipped) -> str:
    split = {} if shipped.card is None else shipped.card.data["split"]
    kind = str(split.get("kind", NONE))
    if kind == "official" and split.get("seed") is None:
        kind = "made apart"  # sides that never were one set
    return (
        f"{kind}: {split['train']:,} / {split['validation']:,} / {split['test']:,}"
        if "train" in split
        else kind
    )


def tabulate_classifiers(results: LineResults) -> str:
    rows: list[tuple[object, ...]] = []
    for each in results.models:
        if each.detects:
            continue
        if not each.measured:
            rows.append((each.title, NOT_TRAINED, *(NONE,) * (len(CLASSIFIER_COLUMNS) - 2)))
            continue
        for split in ("test", MORE_PARTS, "validation"):
            for precision in MEASURED:
                figures = each.figures(precision, split)
                if figures is not None:
                    rows.append(describe_classifier(each, figures, split, precision))
    return table(CLASSIFIER_COLUMNS, rows)


def describe_classifier(
    shipped: Shipped, figures: Figures, split: str, precision: Precision
) -> tuple[object, ...]:
    decision = figures.decision
    return (
        shipped.title,
        describe_split(shipped, split),
        precision.upper(),
        rate(count_right(figures), figures.n),
        percent(figures.macro_f1),
        NONE if decision is None else exact_rate(decision.escapes, decision.defective),
        NONE if decision is None else exact_rate(decision.false_rejects, decision.good),
        say_calibration(shipped, figures, split, precision),
        say_changed(shipped, split) if precision == "int8" else NONE,
    )


def describe_split(shipped: Shipped, split: str) -> str:
    if split == MORE_PARTS:
        return "more parts of the test side's designs, made to judge by (`judge-more`)"
    return f"{split} ({say_split(shipped)})" if split == "test" else split


def say_calibration(shipped: Shipped, figures: Figures, split: str, precision: Precision) -> str:
    chance = shipped.chance(precision, split)
    beside = "" if chance is None else f" ({percent(chance.mean)})"
    return f"{percent(figures.calibration_error)}{beside}"


def say_changed(shipped: Shipped, split: str) -> str:
    told = {} if shipped.card is None else shipped.card.precisions.get("int8", {})
    against = told.get("against_f32", {}).get(split)
    if against is None:
        return "not measured"
    return f"{against['flipped']} of {against['n']:,}"


def tabulate_detectors(results: LineResults) -> str:
    rows: list[tuple[object, ...]] = []
    for each in results.models:
        if not each.detects:
            continue
        found = [
            describe_detector(each, boxes, split, precision)
            for split in ("test", "validation")
            for precision in MEASURED
            if (boxes := each.boxes(precision, split)) is not None
        ]
        rows += found or [(each.title, NOT_TRAINED, *(NONE,) * (len(DETECTOR_COLUMNS) - 2))]
    return table(DETECTOR_COLUMNS, rows) if rows else ""


def describe_detector(
    shipped: Shipped, boxes: Mapping[str, Any], split: str, precision: Precision
) -> tuple[object, ...]:
    found = round((boxes["recall"] or 0.0) * boxes["boxes"])
    return (
        shipped.title,
        f"{split} ({say_split(shipped)})" if split == "test" else split,
        precision.upper(),
        f"{boxes['pictures']:,}",
        bounded(boxes["map_50"], boxes.get("map_50_interval")),
        bounded(boxes["map_50_95"], boxes.get("map_50_95_interval")),
        f"at {boxes['threshold']:g}: {rate(found, boxes['boxes'])}",
        exact_rate(boxes["empty_called_part"], boxes["empty_pictures"]) if boxes["empty_pictures"] else NONE,
        say_changed(shipped, split) if precision == "int8" else NONE,
    )


def describe_trials(results: LineResults) -> str:
    """What the line decided, and not only what its classifier would have called."""
    rows: list[tuple[object, ...]] = []
    for shipped in results.models:
        for trial in shipped.trials:
            for truth, counts in tabulate(trial):
                n = sum(counts.values())
                shares = [
                    f"{counts[kind]} ({percent(counts[kind] / n, 1)})" if n else NONE for kind in VerdictKind
                ]
                rows.append((shipped.title, trial.precision.upper(), truth, n, *shares))
    if not rows:
        return ""
    told = [
        f"- {shipped.title} at {trial.precision.upper()}, {trial.policy}: {say_errors(trial)}a part takes "
        f"{trial.median_ms:.1f} ms (median), {trial.p95_ms:.1f} ms (p95), on the machine that tried it, under whatever "
        "else it did."
        for shipped in results.models
        for trial in shipped.trials
    ]
    head = "### The whole line: find, judge, decide\n\nTest pictures as they come; what the line does not decide goes to a person.\n"
    columns = ("model", "precision", "pictures of", "n", *(kind.value for kind in VerdictKind))
    severe = [
        (shipped.title, trial.precision.upper(), name, *(rate(*each) if each[1] else NONE for each in bins))
        for shipped in results.models
        for trial in shipped.trials
        for name, bins in tabulate_severities(trial)
    ]
    parts = [head, table(columns, rows), "\n".join(told) + "\n"]
    if severe:
        spans = (f"severity {low:g} to {min(high, 1):g}" for low, high in SEVERITIES)
        parts += ["How gross a defect must be to be named (the synthesis knows):\n"]
        parts += [table(("model", "precision", "defect", *spans), severe)]
    return "\n".join(parts)


def say_errors(trial: Trial) -> str:
    if trial.good is None:
        return ""
    n = {truth: sum(counts.values()) for truth, counts in tabulate(trial)}
    defective = sum(n[name] for name in trial.defects)
    return (
        f"escapes {exact_rate(trial.escapes, defective)}, "
        f"false rejects {exact_rate(trial.false_rejects, n[trial.good])}; "
    )


def describe_studies(results: LineResults) -> str:
    """Networks that were trained to be judged only."""
    if results.groups is None and not results.studies:
        return ""
    told = ["### On other splits: trained to be judged, not shipped\n"]
    if not results.studies:
        told.append(
            f"{NOT_TRAINED.capitalize()}: neither the grouped split nor folds. "
            f"`python -m inspection folds {results.line.name} --model M --data FOLDER [--split grouped]` measures them.\n"
        )
        return "\n".join(told)
    rows = [row for study in results.studies for row in describe_study(study, results)]
    columns = (
        "model",
        "split",
        "precision",
        "accuracy (95 %, n)",
        "each fold: mean ± SD",
        "escapes (95 %)",
        "counted by part",
    )
    return "\n".join((*told, table(columns, rows)))


def describe_study(study: Study, results: LineResults) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for precision in MEASURED:
        figures = study.figures(precision, good=results.line.good)
        shares = [right / n for _, right, n, _ in study.accuracies(precision)]
        mean = sum(shares) / len(shares)
        spread = (sum((share - mean) ** 2 for share in shares) / max(len(shares) - 1, 1)) ** 0.5
        each = f"{percent(mean)} ± {100 * spread:.2f} ({', '.join(percent(share) for share in shares)})"
        rows.append(
            (
                title_of(results, study.model),
                f"{study.name}, {'grouped by part' if study.grouped else 'each picture for itself'}",
                precision.upper(),
                rate(count_right(figures), figures.n),
                each if len(shares) > 1 else NONE,
                NONE
                if figures.decision is None
                else exact_rate(figures.decision.escapes, figures.decision.defective),
                say_parts(study, precision, results.groups) if study.grouped else NONE,
            )
        )
    return rows


def say_parts(study: Study, precision: Precision, groups: Mapping[str, str] | None) -> str:
    if groups is None:
        return NONE
    counted = count_by_group(study.pool(precision)[0], groups)
    told = f"{counted.parts_with_errors} of {counted.parts} parts with an error"
    if counted.errors:
        named = [f"{part} {wrong} of {pictures}" for part, wrong, pictures in counted.errors[:MOST_PARTS]]
        told += f" ({', '.join(named)}{', …' if len(counted.errors) > MOST_PARTS else ''})"
    interval = counted.accuracy_interval
    return (
        told if interval is None else f"{told}; accuracy {percent(interval.low)} to {percent(interval.high)}"
    )


def describe_withheld(results: LineResults) -> str:
    told = [
        f"- INT8 is withheld for {each.title}: {each.withheld}." for each in results.models if each.withheld
    ]
    return "\n".join(told) + "\n" if told else ""


def describe_looks(results: LineResults) -> str:
    studied = {study.model for study in results.studies}
    told = [
        f"- {each.title} {say_own_looks(each.card, studied=each.model in studied)}"
        for each in results.models
        if each.card is not None and is_unusual(each.card)
    ]
    return "\n".join(told) + "\n" if told else ""


def is_unusual(card: Card) -> bool:
    return (card.turns, card.input_size) != (1, REGISTRY[card.model].input_size)


def say_own_looks(card: Card, *, studied: bool) -> str:
    """studied: networks of it were trained to be judged only; they look once, at the registry's size."""
    own = REGISTRY[card.model].input_size
    looks = say_looks(card.turns, side=card.input_size, own_side=own)
    told = f"{looks}, and answers with the mean" if card.turns > 1 else looks
    told += f": its figures and its times are of {'all looks' if card.turns > 1 else 'that size'}."
    if not studied:
        return told
    return (
        f"{told} Its networks on other splits look once{'' if card.input_size == own else f', at {own} px'}."
    )


def tabulate_robustness(results: LineResults) -> str:
    rows: list[tuple[object, ...]] = []
    for each in results.classifiers:
        found = [] if each.card is None else each.card.figures.get("robustness", [])
        for name in dict.fromkeys(row["condition"] for row in found):
            own = {row["severity"]: row for row in found if row["condition"] == name}
            first = own[min(own)]
            cells = (f"{percent(own[level]['accuracy'], 1)}" if level in own else NONE for level in range(6))
            rows.append(
                (each.title, first["precision"].upper(), first["n"], name, *cells, own[max(own)]["strength"])
            )
    if not rows:
        return ""
    columns = ("model", "precision", "n", "disturbance", "as taken", "1", "2", "3", "4", "5", "5 is")
    return (
        "### On worse pictures: the class that the whole line finds likeliest, whatever it then decides\n\n"
        "The part of n test pictures, as many of each class, that is named right after the second look.\n\n"
    ) + table(columns, rows)
