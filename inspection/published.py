"""What the documents behind this project report, as data, with the slips that each of them contains.

The numbers are theirs, as printed. They are targets to reproduce, not truths: where a table contradicts itself or its
text, a slip says so, and what it rests on is arithmetic that anyone can repeat (tests/test_published.py does).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    code: str  # as the registry's rows name it
    title: str
    part: str  # what was inspected, on how many pictures


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One model in one table. None: the table does not say."""

    document: str
    where: str
    title: str  # the model, as it is called there
    model: str | None  # the row of our registry
    accuracy: float | None = None  # percent, like all that follow
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    parameters: int | None = None  # those that learn, as ours are counted
    size_mb: float | None = None
    latency_ms: float | None = None  # one picture
    note: str = ""


@dataclass(frozen=True, slots=True)
class PublishedClass:
    """Accuracy within one class, percent."""

    document: str
    where: str
    class_name: str  # as our line calls it
    accuracy: dict[str, float]  # model of our registry → percent


@dataclass(frozen=True, slots=True)
class PublishedMatrix:
    """A binary confusion matrix."""

    document: str
    where: str
    model: str
    defective_found: int
    defective_passed: int
    good_rejected: int
    good_passed: int

    @property
    def accuracy(self) -> float:
        """Percent."""
        right = self.defective_found + self.good_passed
        return 100.0 * right / (right + self.defective_passed + self.good_rejected)


@dataclass(frozen=True, slots=True)
class Slip:
    document: str
    where: str
    words: str


DOCUMENTS: dict[str, Document] = {
    "000": Document(
        "000",
        "Automated Surface Quality Control via Deep Visual Inspection in Manufacturing (JESA 2025)",
        "machined parts, 200 photographs grown to 2,055 by augmentation, five classes",
    ),
    "001": Document(
        "001",
        "Modeling Product Quality with Deep Learning: A Comparative Exploration",
        "casting impellers, 8,964 pictures of 512 × 512, 1,523 of them for the test",
    ),
    "002": Document(
        "002",
        "Custom architectures against mobile ones for casting defects",
        "casting impellers, the official split with 715 test pictures",
    ),
    "003": Document("003", "Seven deep-learning defect methods", "an article of advice; it measures nothing"),
    "004": Document(
        "004",
        "Defect Inspection on Metal Production Using Image Processing",
        "hot-rolled steel strip (NEU), 1,800 pictures, six defects",
    ),
}

ROWS: tuple[PublishedRow, ...] = (
    PublishedRow("000", "Table 5", "ResNet50", "resnet50", accuracy=94.3, size_mb=98, latency_ms=45),
    PublishedRow(
        "000", "Table 5", "EfficientNet-B0", "efficientnet_b0", accuracy=93.1, size_mb=29, latency_ms=18
    ),
    PublishedRow(
        "000", "Table 5", "MobileNetV3", "mobilenetv3_large", accuracy=89.7, size_mb=12, latency_ms=12
    ),
    PublishedRow("000", "Table 5", "NanoDet-Plus", "nanodet_plus_m", accuracy=91.2, size_mb=8, latency_ms=8),
    PublishedRow("000", "section 3", "ResNet50", "resnet50", accuracy=93.95),
    PublishedRow("000", "section 3", "EfficientNet-B0", "efficientnet_b0", accuracy=82.72),
    PublishedRow("000", "section 3", "MobileNetV3", "mobilenetv3_large", accuracy=81.93),
    PublishedRow(
        "000", "Table 3", "ResNet50", "resnet50", precision=90.7, recall=91.2, f1=90.4, latency_ms=28
    ),
    PublishedRow(
        "000",
        "Table 3",
        "YOLOv5 and ResNet50",
        None,
        precision=90.1,
        recall=87.8,
        f1=88.9,
        latency_ms=70,
        note="the whole chain",
    ),
    PublishedRow(
        "001", "Table 1", "MLP-Mixer", "mlp_mixer", accuracy=77.08, precision=77.35, recall=77.08, f1=76.41
    ),
    PublishedRow(
        "001", "Table 1", "CNN", "plain_cnn", accuracy=94.68, precision=34.84, recall=59.03, f1=43.82
    ),
    PublishedRow(
        "001",
        "Table 1",
        "MobileNetV2",
        "mobilenetv2",
        accuracy=98.36,
        precision=98.41,
        recall=98.36,
        f1=98.36,
    ),
    PublishedRow(
        "001",
        "Table 1",
        "EfficientNetB0",
        "efficientnet_b0",
        accuracy=98.75,
        precision=98.78,
        recall=98.75,
        f1=98.75,
    ),
    PublishedRow(
        "002",
        "Tables 2 and 4",
        "Custom model",
        "compact_cnn",
        accuracy=99.44,
        precision=99.45,
        recall=99.44,
        f1=99.44,
        parameters=5_801,
        size_mb=0.08,
        latency_ms=17.6,
    ),
    PublishedRow(
        "002",
        "Tables 2 and 4",
        "MobileNetV2",
        "mobilenetv2",
        accuracy=98.04,
        precision=98.14,
        recall=98.04,
        f1=98.05,
        parameters=2_226_434,
        size_mb=9.52,
        latency_ms=45.6,
    ),
    PublishedRow(
        "002",
        "Tables 2 and 4",
        "NASNet",
        "nasnet_mobile",
        accuracy=99.3,
        precision=99.31,
        recall=99.05,
        f1=99.3,
        parameters=4_235_092,
        size_mb=18.35,
        latency_ms=57.2,
    ),
    PublishedRow(
        "002",
        "Tables 2 and 4",
        "ResNet50",
        "resnet50",
        accuracy=99.16,
        precision=99.16,
        recall=99.16,
        f1=99.16,
        parameters=23_538_690,
        size_mb=94.89,
        latency_ms=159.6,
    ),
    PublishedRow(
        "002",
        "Table 6",
        "Custom model (augmented), augmented test",
        "compact_cnn",
        accuracy=98.18,
        precision=98.2,
        recall=98.18,
        f1=98.17,
        note="trained and tested on augmented pictures",
    ),
    PublishedRow(
        "004", "abstract", "ResNet50V2", "resnet50v2", accuracy=95.0, note="“for classifying each defect”"
    ),
    PublishedRow("004", "section 3.10", "ResNet50V2", "resnet50v2", f1=95.0),
    PublishedRow("004", "section 3.10", "MobileNetV2", "mobilenetv2", f1=95.0),
)

CLASSES: tuple[PublishedClass, ...] = tuple(
    PublishedClass(
        "000",
        "Table 4",
        name,
        {"efficientnet_b0": efficientnet, "mobilenetv3_large": mobilenet, "resnet50": resnet},
    )
    for name, efficientnet, mobilenet, resnet in (
        ("dented", 100.0, 100.0, 100.0),
        ("stained", 88.98, 93.22, 99.15),
        ("flawless", 47.17, 46.23, 78.30),
        ("excess", 96.64, 94.63, 95.97),
        ("cracked", 83.51, 77.32, 80.41),
    )
)

MATRICES: tuple[PublishedMatrix, ...] = (
    PublishedMatrix("001", "Fig. 11", "mlp_mixer", 799, 100, 249, 375),
    PublishedMatrix("001", "Fig. 12", "plain_cnn", 899, 0, 624, 0),
    PublishedMatrix("001", "Fig. 13", "efficientnet_b0", 882, 17, 2, 622),
    PublishedMatrix("001", "Fig. 14", "mobilenetv2", 875, 24, 1, 623),
)

# 002, Table 5, as printed: multiples of their own network's time
RATIOS_002: dict[str, dict[int, float]] = {
    "compact_cnn": {1: 1.0, 10: 1.0, 50: 1.0, 100: 1.0, 700: 1.0},
    "mobilenetv2": {1: 2.58, 10: 2.34, 50: 3.30, 100: 2.27, 700: 1.72},
    "nasnet_mobile": {1: 3.23, 10: 8.81, 50: 9.07, 100: 2.97, 700: 2.11},
    "resnet50": {1: 9.02, 10: 9.90, 50: 9.09, 100: 8.08, 700: 6.08},
}

# 002, Table 4, as printed: pictures → time. The table names no unit; seconds fit its text.
TIMINGS_002: dict[str, dict[int, float]] = {
    "compact_cnn": {1: 0.0176, 10: 0.1344, 50: 0.3936, 100: 1.1853, 700: 12.6198},
    "mobilenetv2": {1: 0.0456, 10: 0.3151, 50: 1.2970, 100: 2.6959, 700: 21.7204},
    "nasnet_mobile": {1: 0.0572, 10: 1.1835, 50: 3.5687, 100: 3.5167, 700: 26.6517},
    "resnet50": {1: 0.1596, 10: 1.3304, 50: 3.5780, 100: 9.5807, 700: 76.7329},
}

SLIPS: tuple[Slip, ...] = (
    Slip("000", "Table 2", "The rows add up to 1,880 pictures; the total is printed as 2,055."),
    Slip("000", "Table 1", "Five classes of 351 are 1,755 pictures, not 2,055."),
    Slip("000", "Table 5", "ResNet50's accuracy is 94.3 % here and 93.95 % in section 3."),
    Slip(
        "000",
        "Table 5",
        "EfficientNet-B0 and MobileNetV3 have 93.1 % and 89.7 % here, but 82.72 % and 81.93 % in section 3.",
    ),
    Slip(
        "000",
        "Table 5",
        "The text puts ResNet50's 45 ms on a V100, and, with 21 ms after a gain of 2.1 times, on a Jetson as well.",
    ),
    Slip(
        "000",
        "Table 3",
        "ResNet50's precision of 90.7 % and recall of 91.2 % give an F1 of 90.9 %; the 90.4 % printed is YOLOv5's.",
    ),
    Slip(
        "000",
        "Table 4",
        "ResNet50's mean over the classes is 90.8 %: only an uneven test set could give it 93.95 %.",
    ),
    Slip(
        "001",
        "Table 1",
        "The plain CNN has 94.68 % accuracy with 34.84 % precision; its confusion matrix (Fig. 12) calls every part "
        "defective, which is 59.03 %.",
    ),
    Slip(
        "002",
        "Table 2",
        "A weighted recall equals the accuracy, as in the other rows; NASNet's 99.05 % does not equal 99.3 %.",
    ),
    Slip("002", "Table 4", "NASNet takes less time for 100 pictures than for 50; no unit is named."),
    Slip(
        "002",
        "Table 5",
        "For one picture it prints 2.58, 3.23 and 9.02; the times of Table 4 give 2.59, 3.25 and 9.07.",
    ),
    Slip(
        "002",
        "abstract",
        "“6 to 9 times faster than lightweight models” is Table 5's ratio to ResNet50; against MobileNetV2 it is 1.7 "
        "to 3.3.",
    ),
    Slip("004", "Fig. 8", "The test set has 360 pictures here and 270 in section 3.2."),
    Slip("004", "equation 5", "The AUC is defined as a mean of recalls, five of them divided by six."),
    Slip(
        "004",
        "conclusion",
        "Of real cases 99 to 100 % are named right in one sentence, and 89 to 99 % in the next.",
    ),
    Slip("004", "section 3", "No table gives figures a model or a class; TensorFlow is 2.11.0 and 2.12.0."),
)

# A line of ours → the documents whose part it inspects, and why their numbers and ours are not the same measurement.
COMPARABLE: dict[str, tuple[tuple[str, str], ...]] = {
    "aluminium": (
        (
            "000",
            "Not comparable as numbers: our pictures are synthesised, theirs are photographs that were never published, "
            "augmented before they were split. The device of Table 5 is not settled.",
        ),
    ),
    "casting": (
        (
            "001",
            "Partly comparable: the same impellers, but 1,523 test pictures from another split of other sizes.",
        ),
        (
            "002",
            "Comparable in accuracy where ours is measured on the official 715 test pictures; variants of one part "
            "stand on both sides of that split, which flatters them and us alike. Their timings are another machine's.",
        ),
    ),
    "steel": (
        (
            "004",
            "Partly comparable: the same six defects, but 1,800 pictures against our 1,620, and another split.",
        ),
    ),
}


def list_rows(line: str) -> tuple[PublishedRow, ...]:
    codes = [code for code, _ in COMPARABLE.get(line, ())]
    return tuple(row for row in ROWS if row.document in codes)


def list_slips(line: str) -> tuple[Slip, ...]:
    codes = [code for code, _ in COMPARABLE.get(line, ())]
    return tuple(slip for slip in SLIPS if slip.document in codes)
