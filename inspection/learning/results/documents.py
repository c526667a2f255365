"""A section a document: each of its tables as printed, and ours of the same row beside it."""

import statistics
from collections.abc import Mapping, Sequence

from inspection.learning.evaluate import MEASURED
from inspection.learning.metrics import average, weigh_f1
from inspection.learning.results.gather import LineResults, Shipped
from inspection.learning.results.line_sections import NOT_TRAINED
from inspection.learning.results.markdown import NONE, percent, printed, rate, table
from inspection.learning.results.targets import Results, count_right, find_locator
from inspection.learning.study import FOLDS
from inspection.learning.timed import find_timed, say_timed
from inspection.learning.trial import MADE, Trial
from inspection.published import (
    CLASSES,
    COMPARABLE,
    DOCUMENTS,
    MATRICES,
    RATIOS_002,
    ROWS,
    TIMINGS_002,
    PublishedRow,
)
from inspection.published_tables import (
    AUGMENTED_002,
    CHAIN_000,
    FIVE_FOLD_000,
    INT8_LOSS_000,
    LITERATURE_004,
    MEAN_OF_F1,
    NOT_ALIKE,
    Mean,
)
from inspection.types import Precision, VerdictKind
from models.registry import REGISTRY

OURS = tuple(f"ours, {precision.upper()}" for precision in MEASURED)
LINE_OF = {code: line for line, told in COMPARABLE.items() for code, _ in told}


def describe_documents(results: Results) -> str:
    return "\n".join(describe_document(code, results) for code in DOCUMENTS)


def describe_document(code: str, results: Results) -> str:
    document = DOCUMENTS[code]
    head = f"### {code}: {document.title}\n\n{document.part[0].upper()}{document.part[1:]}.\n"
    if code not in LINE_OF:
        return f"{head}\nIt has no table and no figure: there is nothing to set beside.\n"
    line = results[LINE_OF[code]]
    words = next(words for known, words in COMPARABLE[line.line.name] if known == code)
    sections = {"000": beside_000, "001": beside_001, "002": beside_002, "004": beside_004}[code](line)
    return "\n".join((head, f"**{words}**\n", *sections))


def tell_accuracy(shipped: Shipped | None, precision: Precision) -> str:
    if shipped is None or shipped.card is None:
        return NOT_TRAINED
    figures = shipped.figures(precision)
    if figures is not None:
        return rate(count_right(figures), figures.n)
    boxes = shipped.boxes(precision)
    return NONE if boxes is None else f"a detector here: mAP@0.5 {percent(boxes['map_50'])}"


def tell_f1(shipped: Shipped | None, precision: Precision, mean: Mean) -> str:
    figures = None if shipped is None else shipped.figures(precision)
    if figures is None:
        return NONE
    return percent(figures.macro_f1 if mean == "macro" else weigh_f1(figures))


def measure_ms(shipped: Shipped | None, precision: Precision) -> float | None:
    """The median of one picture at a time, as timed where the weights were released."""
    rows = None if shipped is None else shipped.rows.get(("test", precision))
    return None if rows is None else statistics.median(rows.classify_ms.tolist())


def tell_ms(shipped: Shipped | None, precision: Precision) -> str:
    taken = measure_ms(shipped, precision)
    return NONE if taken is None else f"{taken:.2f}"


def beside(rows: Sequence[PublishedRow], line: LineResults) -> str:
    """Of one document."""
    mean = MEAN_OF_F1[rows[0].document]
    columns = (
        "where", "model", "accuracy", "precision", "recall", "F1", *(f"{each}: accuracy (95 %, n)" for each in OURS),
        *(f"{each}: {mean}-F1" for each in OURS), "note",
    )  # fmt: skip
    told = []
    for row in rows:
        ours = None if row.model is None else line.find(row.model)
        told.append(
            (
                row.where,
                row.title,
                *(printed(each) for each in (row.accuracy, row.precision, row.recall, row.f1)),
                *(NONE if row.model is None else tell_accuracy(ours, each) for each in MEASURED),
                *(tell_f1(ours, each, mean) for each in MEASURED),
                row.note or NONE,
            )
        )
    return table(columns, told)


def beside_costs(rows: Sequence[PublishedRow], line: LineResults) -> str:
    """Parameters, size and time where the document prints them."""
    columns = (
        "where",
        "model",
        "parameters that learn",
        "ours",
        "MB",
        "ours",
        "ms a picture",
        *(f"{each}: ms" for each in OURS),
    )
    told = []
    for row in rows:
        if row.model is None or (row.size_mb is None and row.latency_ms is None):
            continue
        ours = line.find(row.model)
        card = None if ours is None else ours.card
        told.append(
            (
                row.where,
                row.title,
                NONE if row.parameters is None else f"{row.parameters:,}",
                f"{REGISTRY[row.model].parameters:,}" if card is None else f"{card.parameters:,}",
                NONE if row.size_mb is None else f"{row.size_mb:g}",
                NOT_TRAINED if card is None else f"{card.weights_bytes / 1e6:.3g}",
                NONE if row.latency_ms is None else f"{row.latency_ms:g}",
                *(tell_ms(ours, each) for each in MEASURED),
            )
        )
    timed = {each.title: find_timed(each.card) for each in line.classifiers if each.card is not None}
    return (
        f"Time is the classifier's alone, one picture at a time, median over the test pictures, {say_timed(timed)}; theirs is "
        "other machines'. `make bench` measures here and now.\n\n" + table(columns, told)
    )


def rows_of(code: str) -> tuple[PublishedRow, ...]:
    return tuple(row for row in ROWS if row.document == code)


def beside_000(line: LineResults) -> tuple[str, ...]:
    locator, rows = find_locator(line), rows_of("000")
    split: Mapping[str, int] = next(
        (each.card.data["split"] for each in line.models if each.card is not None), {}
    )
    counts = [f"{split[side]:,} {words}" for side, words in SIDES if side in split]
    chain = [
        (
            each.title,
            *(
                printed(value)
                for value in (each.precision, each.recall, each.f1, each.false_positive_rate, each.map_50)
            ),
            *(tell_chain(each.title, locator, line, precision) for precision in MEASURED),
        )
        for each in CHAIN_000
    ]
    classes = [
        (each.class_name, REGISTRY[model].title, printed(value), *(tell_class(line, model, each.class_name, p) for p in MEASURED))
        for each in CLASSES
        for model, value in each.accuracy.items()
    ]  # fmt: skip
    mean, spread = FIVE_FOLD_000
    return (
        f"Tables 1 and 2 count their pictures: 200 photographs, 2,055 after augmentation. Ours: {', '.join(counts) or NONE}, "
        "none of them an augmented copy; the test side shows two designs of part that never teach.\n",
        "Table 3, the chain (false positives: theirs as printed, their definition is not given):\n",
        table(("part", "precision", "recall", "F1", "false positives", "mAP@0.5", *OURS), chain),
        "Tables 3 and 5 and section 3, the classifiers:\n",
        beside(rows, line),
        beside_costs(rows, line),
        "Table 4, accuracy within a class:\n",
        table(("class", "model", "theirs", *OURS), classes),
        f"Five-fold check of ResNet50: theirs {mean} ± {spread} %. Ours: {say_folds(line, 'resnet50')}. "
        f"INT8 loses less than {INT8_LOSS_000} points there; ours stands in the line's table.\n",
    )


SIDES = (("train", "teach"), ("validation", "choose"), ("test", "judge"))


def tell_chain(title: str, locator: Shipped | None, line: LineResults, precision: Precision) -> str:
    if title == "YOLOv5":
        boxes = None if locator is None else locator.boxes(precision)
        if boxes is None:
            return NOT_TRAINED
        return f"precision {percent(boxes['precision'])}, recall {percent(boxes['recall'])}, mAP@0.5 {percent(boxes['map_50'])}"
    if title == "ResNet50":
        return tell_accuracy(line.find("resnet50"), precision)
    champion = line.find(line.line.champion)
    trials = () if champion is None else champion.trials
    trial = next((each for each in trials if each.precision == precision), None)
    if champion is None or trial is None:
        return f"not measured: `python -m inspection trial {line.line.name} --data FOLDER --precision {precision}`"
    found = trial.figures()
    own = [each for each in found.per_class if each.support]
    precision_0_1, recall, f1 = (
        average([getattr(each, name) for each in own]) for name in ("precision", "recall", "f1")
    )
    return (
        f"{champion.title}: precision {percent(precision_0_1)}, recall {percent(recall)}, F1 {percent(f1)} (n = {found.n:,}"
        f"{say_phantoms(trial)})"
    )


def say_phantoms(trial: Trial) -> str:
    """These figures are of parts; what was made of pictures without one does not lower their precision."""
    empty = [row for row in trial.empty if not row.key.startswith(MADE)]
    if not empty:
        return ""
    called = sum(row.verdict is not VerdictKind.NO_PART for row in empty)
    return f" parts; pictures without one do not count here: {called} of {len(empty):,} called one"


def tell_class(line: LineResults, model: str, class_name: str, precision: Precision) -> str:
    shipped = line.find(model)
    if shipped is None or shipped.card is None:
        return NOT_TRAINED
    figures = shipped.figures(precision)
    if figures is None:
        return NONE
    place = figures.class_names.index(class_name)
    return rate(figures.confusion[place][place], sum(figures.confusion[place]))


def say_folds(line: LineResults, model: str) -> str:
    found = next((each for each in line.find_studies(FOLDS) if each.model == model), None)
    if found is None:
        return NOT_TRAINED
    figures = found.figures("f32", good=line.line.good)
    return rate(count_right(figures), figures.n)


def beside_001(line: LineResults) -> tuple[str, ...]:
    matrices = []
    for each in MATRICES:
        shipped = line.find(each.model)
        ours = [tell_matrix(shipped, precision) for precision in MEASURED]
        theirs = (
            f"{each.defective_found} / {each.defective_passed} / {each.good_rejected} / {each.good_passed}"
        )
        matrices.append((each.where, REGISTRY[each.model].title, theirs, f"{each.accuracy:.2f} %", *ours))
    return (
        "Table 1:\n",
        beside(rows_of("001"), line),
        "Figures 11 to 14: defective found / defective passed / good rejected / good passed. Theirs of 1,523 pictures, "
        "ours of the official 715.\n",
        table(("figure", "model", "theirs", "accuracy by it", *OURS), matrices),
    )


def tell_matrix(shipped: Shipped | None, precision: Precision) -> str:
    if shipped is None or shipped.card is None:
        return NOT_TRAINED
    figures = shipped.figures(precision)
    if figures is None or figures.decision is None:
        return NONE
    told = figures.decision
    return f"{told.defective - told.escapes} / {told.escapes} / {told.false_rejects} / {told.good - told.false_rejects}"


def beside_002(line: LineResults) -> tuple[str, ...]:
    rows = rows_of("002")
    ratios = [
        (
            REGISTRY[model].title,
            *(f"{value:.2f}" for value in times.values()),
            tell_ratio(line, model),
        )
        for model, times in RATIOS_002.items()
    ]
    batches = [
        (
            REGISTRY[model].title,
            *(f"{value:g}" for value in times.values()),
            tell_ms(line.find(model), "int8"),
        )
        for model, times in TIMINGS_002.items()
    ]
    counts = tuple(str(count) for count in TIMINGS_002["compact_cnn"])
    return (
        "Tables 1 and 2:\n",
        beside(tuple(row for row in rows if (row.document, row.where) not in NOT_ALIKE), line),
        "Tables 1 and 3, and the first column of Table 4:\n",
        beside_costs(rows, line),
        "Table 4, pictures → time as printed (no unit; seconds fit its text). Batches are not part of an evaluation: "
        "`python -m inspection bench --line casting` times 1, 10, 50 and 100.\n",
        table(("model", *counts, "ours at INT8, one picture, ms"), batches),
        "Table 5, the same as multiples of their own network's time:\n",
        table(("model", *counts, "ours at INT8, one picture"), ratios),
        "Table 6, their own network with and without augmentation. Ours is taught with augmentation and judged on "
        "pictures as they are; how it stands worse ones is in the line's table of worse pictures.\n",
        table(
            ("row", "accuracy", "recall", "F1", "precision", *OURS),
            [
                (title, *map(printed, values), *(tell_table_6(title, line, each) for each in MEASURED))
                for title, *values in AUGMENTED_002
            ],
        ),
    )


def tell_table_6(title: str, line: LineResults, precision: Precision) -> str:
    same = title == "Custom model (augmented), normal test"
    return tell_accuracy(line.find("compact_cnn"), precision) if same else "not the same measurement"


def tell_ratio(line: LineResults, model: str) -> str:
    """Of the times themselves: half a millisecond with two digits would not give a ratio with four."""
    taken, own = (measure_ms(line.find(name), "int8") for name in (model, "compact_cnn"))
    return NONE if taken is None or not own else f"{taken / own:.2f}"


def beside_004(line: LineResults) -> tuple[str, ...]:
    literature = [(each.title, each.data, each.words) for each in LITERATURE_004]
    boxes = line.find("yolov5n")
    ours = [NONE if boxes is None else tell_accuracy(boxes, precision) for precision in MEASURED]
    return (
        "Tables 1 to 3 describe data and training, without a figure. What the text says:\n",
        beside(rows_of("004"), line),
        "Table 4 reports others. Boxes on NEU-DET are the mAP rows; ours of YOLOv5n on the defects: "
        f"f32 {ours[0]}, INT8 {ours[1]}. Best of ours by validation, six classes: {say_best(line)}.\n",
        table(("model", "data", "what it reports"), literature),
    )


def say_best(line: LineResults) -> str:
    best = line.choose_best()
    if best is None:
        return NOT_TRAINED
    return f"{best.title}, {tell_accuracy(best, 'f32')} at f32"
