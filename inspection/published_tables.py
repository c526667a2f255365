"""More of what the documents print: tables that no row of `published.ROWS` holds. Theirs, as printed, percent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Mean = Literal["macro", "weighted"]
# How each document makes one F1 of its classes', so that ours is made alike: by class, or by picture.
MEAN_OF_F1: Mapping[str, Mean] = {"000": "macro", "001": "weighted", "002": "weighted", "004": "macro"}
# (document, table) that measures on other pictures than those as they are: ours of the same network is not its like.
NOT_ALIKE = (("002", "Table 6"),)


@dataclass(frozen=True, slots=True)
class ChainRow:
    """000, Table 3."""

    title: str
    precision: float
    recall: float
    f1: float
    false_positive_rate: float
    latency_ms: float
    map_50: float


@dataclass(frozen=True, slots=True)
class LiteratureRow:
    """004, Table 4: what it reports of others."""

    title: str
    data: str
    words: str


CHAIN_000: tuple[ChainRow, ...] = (
    ChainRow("YOLOv5", 92.3, 88.5, 90.4, 6.2, 45, 94.1),
    ChainRow("ResNet50", 90.7, 91.2, 90.4, 8.5, 28, 96.5),
    ChainRow("Integrated system", 90.1, 87.8, 88.9, 9.7, 70, 91.3),
)
FIVE_FOLD_000 = (93.9, 1.5)  # section 3, ResNet50: mean and spread of the test accuracy
INT8_LOSS_000 = 0.9  # points, "less than"; section 4

# 002, Table 6: (row, accuracy, recall, F1, precision)
AUGMENTED_002: tuple[tuple[str, float, float, float, float], ...] = (
    ("Custom model, normal", 99.44, 99.44, 99.44, 99.45),
    ("Custom model, augmented", 98.04, 98.04, 98.04, 98.05),
    ("Custom model (augmented), normal test", 99.16, 99.16, 99.16, 99.17),
    ("Custom model (augmented), augmented test", 98.18, 98.18, 98.17, 98.2),
)

LITERATURE_004: tuple[LiteratureRow, ...] = (
    LiteratureRow("ResNet50", "flat surfaces, three classes", "accuracy 96.91 %"),
    LiteratureRow("YOLOv10n-SFDC", "NEU-DET", "mAP 85.5 %"),
    LiteratureRow("SSD with negative mining", "GC10-DET", "no figure"),
    LiteratureRow("YOLOv5, Inception-ResNetV2 and CBAM", "Enriched-NEU-DET", "mAP 83.3 %"),
    LiteratureRow("NGD-YOLO", "steel surface defects", "79.2 %, called accuracy"),
    LiteratureRow("EA-YOLO", "NEU-DET, PCB-DET", "mAP 81.1 %"),
    LiteratureRow("VGG16 and a CNN", "NEU", "accuracy 99.44 %"),
    LiteratureRow("U-Net, FCN-8, FPN and YOLOv4", "steel sheets", "Dice 72 %"),
)
