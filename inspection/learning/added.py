"""Pictures that came to a line's folder since its groups were recovered: whose variants they are, and where they go.

The line's groups then name a side for every picture, so that none changes it: a copy of what taught never judges.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inspection.config import Settings
from inspection.errors import DataInvalid
from inspection.learning.checkpoint import write_atomically
from inspection.learning.data import BOXES, Dataset, read_text
from inspection.learning.duplicates import Progress, recover_groups
from inspection.learning.kept_sides import LEFT_OUT, SIDES, name_added, place_added
from inspection.learning.line_sides import ADDED, SIDE, read_line_column, read_line_groups, read_pictures
from inspection.learning.split_store import load_stored_split, split_path
from inspection.learning.splits import Split, grouped_split
from inspection.learning.starts import read_document
from inspection.lines import Line, is_shipped
from inspection.wording import say_number


@dataclass(frozen=True, slots=True)
class Place:
    group: str
    side: str
    variant: bool  # of a picture that was known


def take_in(line: Line, folder: Path, settings: Settings, *, progress: Progress | None = None) -> str | None:
    """What was added and where it went, in words; None where every picture has its group. Afterwards `split_line` knows them."""
    if line.data.groups is None or (folder / "train" / BOXES).is_file():
        return None
    dataset, parts = read_pictures(line, folder)
    known = read_line_groups(line) or {}
    waiting = list_waiting(line, dataset, known, parts)
    if not waiting:
        return None
    refuse_others(line, dataset, known, waiting, parts, settings)
    sides = find_sides(line, dataset, known, settings)
    groups = name_added(waiting, known, recover_groups(dataset, progress=progress))
    placed = place_added(dataset, groups, known, sides, seed=line.data.split_seed)
    familiar = set(known.values())
    places = {key: Place(groups[key][0], placed[key], groups[key][0] in familiar) for key in waiting}
    write_places(Path(line.data.groups), sides, places)
    return say_added(line, places)


def list_waiting(line: Line, dataset: Dataset, known: Mapping[str, str], parts: Sequence[str]) -> list[str]:
    """What cannot be divided yet. Of sides that a publisher made, only what teaches is divided, where nothing chooses."""
    if parts:
        divided = [key for key in dataset.keys if key.startswith("train/") and len(parts) == 2]
        return [key for key in divided if key not in known]
    named = read_line_column(line, SIDE)
    return [key for key in dataset.keys if key not in known or (named is not None and not named[key])]


def refuse_others(
    line: Line,
    dataset: Dataset,
    known: Mapping[str, str],
    waiting: Sequence[str],
    parts: Sequence[str],
    settings: Settings,
) -> None:
    """Where the groups are not this command's to change, or speak of another folder."""
    file = Path(line.data.groups or "").name
    if not set(known) & set(dataset.keys):
        raise DataInvalid(
            f"Expected in {dataset.root} the pictures of line {line.name} and perhaps more, got none of those that {file} names. "
            "Name the folder that the line was made from, with what was added; a set of its own makes a line of its own: new-line."
        )
    if is_shipped(line.name, settings):
        raise DataInvalid(
            f"Expected the pictures that {file} groups, got {len(waiting)} others, such as {waiting[0]}: line {line.name} comes with "
            "Assay, and its groups stay. Leave them out, or make a line of your own of all: new-line NAME --data FOLDER."
        )
    if parts:
        raise DataInvalid(
            f"Expected a group for every picture of {' and '.join(parts)}, got none for {waiting[0]}, and {len(waiting)} lack one. "
            f"Add their keys to {file}, with the group of the pictures that show the same part: check-data {dataset.root} "
            "names copies and variants."
        )


def find_sides(
    line: Line, dataset: Dataset, known: Mapping[str, str], settings: Settings
) -> Mapping[str, str]:
    """Of the known pictures: as the groups name them, or else as the last release had them, or else by the line's rule."""
    named = read_line_column(line, SIDE)
    if named is not None:
        return {key: side for key, side in named.items() if side}
    sides: dict[str, str] = {}
    for split in list_released(line, settings):
        sides = {key: side for key, side in list_sides(split).items() if key in known} | sides
    if not sides:
        there = dataset.select(key for key in dataset.keys if key in known)
        sides = list_sides(grouped_split(replace(dataset, samples=there), known, seed=line.data.split_seed))
    return sides


def list_released(line: Line, settings: Settings) -> list[Split]:
    """The grouped splits of the line's cards, the newest first."""
    home = settings.weights_dir / line.name
    cards = sorted(map(read_document, home.glob("*.json")), key=lambda card: str(card.get("created")))
    digests = dict.fromkeys(map(read_digest, reversed(cards)))
    stored = [load_stored_split(home, each) for each in digests if split_path(home, each).is_file()]
    return [split for split in stored if split.kind == "grouped"]


def read_digest(card: Mapping[str, Any]) -> str:
    """Of the split that the card states; a model that was fine-tuned without the pictures states that of its start."""
    data = card.get("data", {})
    told = data if "split" in data else data.get("corrected", {}).get("before", {})
    return str(told.get("split", {}).get("sha256"))


def list_sides(split: Split) -> dict[str, str]:
    return {key: side for side in SIDES for key in getattr(split, side)}


def write_places(path: Path, sides: Mapping[str, str], places: Mapping[str, Place]) -> None:
    """The rows that were there stay, in their order and with their columns."""
    rows = [{**row, SIDE: sides.get(row["key"], "")} for row in csv.DictReader(read_text(path).splitlines())]
    columns = tuple(dict.fromkeys((*(name for name in rows[0] if name), SIDE, ADDED)))
    written = {row["key"]: row for row in rows}
    for key, place in places.items():
        row = written.setdefault(key, {"key": key, "group": place.group, ADDED: "1"})
        row[SIDE] = place.side
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(written.values())
    try:
        write_atomically(path, text.getvalue().encode())
    except OSError as error:
        raise DataInvalid(
            f"Expected to write the groups of {len(places)} added pictures into {path}: {error}. Mend its rights, or leave the "
            "pictures out."
        ) from error


def say_added(line: Line, places: Mapping[str, Place]) -> str:
    sides = Counter(place.side for place in places.values())
    variants = sum(place.variant for place in places.values())
    fresh = len({place.group for place in places.values() if not place.variant})
    out = say_number(sides[LEFT_OUT], "is left out, a variant", "are left out, variants")
    return (
        f"{say_number(len(places), 'picture was', 'pictures were')} added since the groups of {line.name} were recovered: "
        f"{say_number(variants, 'variant')} of known pictures and {say_number(fresh, 'new part')}. "
        f"{sides['train']} teach, {sides['validation']} choose, {sides['test']} judge"
        f"{f'; {out} of parts on two sides' if sides[LEFT_OUT] else ''}. All others stay where they were "
        f"({Path(line.data.groups or '').name})"
    )
