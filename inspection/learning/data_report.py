"""What was found in a data set, as data, as JSON and as plain lines with what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from inspection.wording import say_number

Severity = Literal["stop", "warn", "note"]
ConcernKind = Literal[
    "unreadable",
    "label conflict",
    "copies across folders",
    "near copies across folders",
    "missing class",
    "copies",
    "near copies",
    "thin class",
    "odd sizes",
    "not a picture",
    "imbalance",
]
MOST_EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class Concern:
    kind: ConcernKind
    severity: Severity  # stop: figures would be wrong · warn: they would be weak · note: good to know
    count: int
    title: str
    advice: str
    examples: tuple[tuple[str, ...], ...] = ()  # each the files (or the file and the reason) of one case


@dataclass(frozen=True, slots=True)
class FolderCount:
    folder: str
    classes: Mapping[str, int]  # class → readable pictures

    @property
    def pictures(self) -> int:
        return sum(self.classes.values())


@dataclass(frozen=True, slots=True)
class DataReport:
    folders: tuple[FolderCount, ...]
    originals: Mapping[str, int]  # class → different originals, copies and near copies counted once
    compared_by: str  # "opening" or "picture": see duplicates.NearCopies
    concerns: tuple[Concern, ...]  # the gravest first
    groups: Mapping[str, str] = field(repr=False)  # file → original; what a grouped split needs

    @property
    def pictures(self) -> int:
        return sum(folder.pictures for folder in self.folders)

    @property
    def sound(self) -> bool:
        """Nothing was found that would make the figures wrong."""
        return all(concern.severity != "stop" for concern in self.concerns)

    def to_dict(self) -> dict[str, object]:
        return {
            "sound": self.sound,
            "pictures": self.pictures,
            "originals": dict(self.originals),
            "compared_by": self.compared_by,
            "folders": [
                {"folder": each.folder, "pictures": each.pictures, "classes": dict(each.classes)}
                for each in self.folders
            ],
            "concerns": [
                {
                    "kind": each.kind,
                    "severity": each.severity,
                    "count": each.count,
                    "title": each.title,
                    "advice": each.advice,
                    "examples": [list(example) for example in each.examples],
                }
                for each in self.concerns
            ],
        }


def render_report(report: DataReport) -> list[str]:
    lines = []
    for folder in report.folders:
        classes = ", ".join(f"{name} {count:,}" for name, count in folder.classes.items())
        lines.append(f"{folder.folder}: {say_number(folder.pictures, 'picture')} ({classes})")
    originals = ", ".join(f"{name} {count:,}" for name, count in report.originals.items())
    lines.append(f"Originals, with copies and near copies counted once: {originals}")
    for concern in report.concerns:
        lines += ["", f"[{concern.severity}] {concern.title}", f"  What to do: {concern.advice}"]
        lines += [f"    {' | '.join(example)}" for example in concern.examples]
        left = concern.count - len(concern.examples)
        if concern.examples and left > 0:
            lines.append(f"    … and {left:,} more")
    lines.append("")
    lines.append(summarise(report))
    return lines


def render_for_training(report: DataReport, folder: Path) -> list[str]:
    """For a training that begins at once: what was found, without the files, and what it means for this training."""
    originals = ", ".join(f"{name} {count:,}" for name, count in report.originals.items())
    lines = [
        f"{say_number(report.pictures, 'picture')}; with copies and near copies counted once: {originals}"
    ]
    lines += [f"  {concern.title}" for concern in report.concerns]
    conflicts = sum(concern.count for concern in report.concerns if concern.kind == "label conflict")
    if not report.concerns:
        lines.append("Nothing to object to in the pictures.")
    elif conflicts:
        lines.append(
            f"The training goes on, but {say_number(conflicts, 'part stands', 'parts stand')} under two classes: one label of each is wrong, teaches "
            "wrongly and counts against the model. Better settle them, then make the line again under another name."
        )
    else:
        lines.append("The pictures will do: copies and near copies stay on one side of the split.")
    if report.concerns:
        lines.append(f"The files behind it: python -m inspection check-data {folder}")
    return lines


def summarise(report: DataReport) -> str:
    if not report.concerns:
        return "Nothing to object to."
    if report.sound:
        return "Usable, with the reservations above."
    return (
        "Not usable as it is: figures measured on these folders would be wrong. Settle what is marked [stop]."
    )
