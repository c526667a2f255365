"""Pictures that came to a line's folder since its groups were recovered: whose variants they are, and where they go.

The line's groups then name a side for every picture, so that none changes it: a copy of what taught never judges.
"""

import csv
import io
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from inspection.config import Settings
from inspection.errors import DataInvalid
from inspection.hashing import hash_readable
from inspection.learning.data import BOXES, Dataset, Sample, read_text
from inspection.learning.duplicates import Progress, recover_groups
from inspection.learning.kept_sides import (
    LEFT_OUT,
    SIDES,
    Former,
    find_former,
    name_added,
    place_added,
    trace_moved,
)
from inspection.learning.line_sides import (
    ADDED,
    SHA256,
    SIDE,
    read_line_column,
    read_line_groups,
    read_pictures,
)
from inspection.learning.split_store import load_stored_split, split_path
from inspection.learning.splits import Split, grouped_split
from inspection.learning.starts import read_document
from inspection.lines import Line, is_shipped
from inspection.wording import say_number
from inspection.writing import write_atomically

# unsure: it may have been moved from either of two sides
Kind = Literal["known", "moved", "unsure", "variant", "new"]


@dataclass(frozen=True, slots=True)
class Place:
    group: str
    side: str
    kind: Kind
    former: str | None = None  # what a picture was called that was moved


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
    former = match_former(line, dataset, known)
    sides = find_sides(line, dataset, known, former, settings)
    waiting = [key for key in dataset.keys if key not in known or key not in sides]
    found = recover_groups(dataset, progress=progress)
    moved, unsure = trace_moved(former, known, sides, found, dataset.keys)
    places = place_waiting(
        line, dataset, waiting, known=known, sides=sides, found=found, moved=moved, unsure=unsure
    )
    write_places(Path(line.data.groups), dataset, sides, places)
    return say_added(line, places)


def match_former(line: Line, dataset: Dataset, known: Mapping[str, str]) -> dict[str, Former]:
    """Which pictures that are not known may be known ones under another name."""
    there = set(dataset.keys)
    fresh = {key: s for key, s in zip(dataset.keys, dataset.samples, strict=True) if key not in known}
    contents = {key: hash_readable(sample.path) for key, sample in fresh.items()}
    gone = [key for key in known if key not in there]
    return find_former(tuple(fresh), gone, contents, read_line_column(line, SHA256) or {})


def place_waiting(
    line: Line,
    dataset: Dataset,
    waiting: Sequence[str],
    *,
    known: Mapping[str, str],
    sides: Mapping[str, str],
    found: Mapping[str, str],
    moved: Mapping[str, str],
    unsure: Collection[str],
) -> dict[str, Place]:
    """What was moved stays where it was, and what may be of two sides is on none; the others are placed beside them."""
    familiar = {**known, **{key: known[old] for key, old in moved.items()}, **{key: key for key in unsure}}
    settled = {**sides, **{key: sides[old] for key, old in moved.items() if old in sides}}
    settled |= dict.fromkeys(unsure, LEFT_OUT)
    groups = name_added(waiting, familiar, found)
    free = {key: own for key, own in groups.items() if key not in settled}
    settled |= place_added(dataset, free, familiar, settled, seed=line.data.split_seed)
    names = set(familiar.values())

    def tell(key: str) -> Kind:
        if key in known:
            return "known"
        if key in moved or key in unsure:
            return "moved" if key in moved else "unsure"
        return "variant" if groups[key][0] in names else "new"

    return {key: Place(groups[key][0], settled[key], tell(key), moved.get(key)) for key in waiting}


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
    line: Line,
    dataset: Dataset,
    known: Mapping[str, str],
    former: Mapping[str, Former],
    settings: Settings,
) -> Mapping[str, str]:
    """Of the known pictures: as the groups name them, or else as the last release had them, or else by the line's rule."""
    named = read_line_column(line, SIDE)
    if named is not None:
        return {key: side for key, side in named.items() if side}
    sides: dict[str, str] = {}
    for split in list_released(line, settings):
        sides = {key: side for key, side in list_sides(split).items() if key in known} | sides
    if not sides:
        before = show_before(line, dataset, known, former)
        sides = list_sides(grouped_split(before, known, seed=line.data.split_seed))
    return sides


def show_before(
    line: Line, dataset: Dataset, known: Mapping[str, str], former: Mapping[str, Former]
) -> Dataset:
    """The known pictures, those that were moved where they lay: of them the rule makes the sides that it made."""
    samples = {key: s for key, s in zip(dataset.keys, dataset.samples, strict=True)}
    there = [sample for key, sample in samples.items() if key in known]
    gone = {old: samples[key].class_name for key, each in former.items() for old in each.keys}
    for old, name in gone.items():
        folder = old.partition("/")[0]
        own = line.data.rename.get(folder, folder)
        there.append(Sample(dataset.root / old, own if own in dataset.class_names else name))
    return replace(dataset, samples=tuple(sorted(there, key=lambda sample: sample.path.as_posix())))


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


def write_places(path: Path, dataset: Dataset, sides: Mapping[str, str], places: Mapping[str, Place]) -> None:
    """The rows that were there stay, in their order and with their columns; that of a moved picture goes with it."""
    rows = [{**row, SIDE: sides.get(row["key"], "")} for row in csv.DictReader(read_text(path).splitlines())]
    columns = tuple(dict.fromkeys((*(name for name in rows[0] if name), SIDE, ADDED, SHA256)))
    written = {row["key"]: row for row in rows}
    for key, place in places.items():
        row = written.pop(place.former or "", None) or written.get(key) or {"group": place.group, ADDED: "1"}
        written[key] = row | {"key": key, SIDE: place.side}
    for key, sample in zip(dataset.keys, dataset.samples, strict=True):
        written[key][SHA256] = hash_readable(sample.path)
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
    kinds = Counter(place.kind for place in places.values())
    added = kinds["variant"] + kinds["new"]
    parts = len({place.group for place in places.values() if place.kind == "new"})
    said = []
    if added:
        said.append(
            f"{say_number(added, 'picture was', 'pictures were')} added since the groups of {line.name} were recovered: "
            f"{say_number(kinds['variant'], 'variant')} of known pictures and {say_number(parts, 'new part')}"
        )
    if kinds["moved"]:
        said.append(
            f"{say_number(kinds['moved'], 'picture was moved and keeps its', 'pictures were moved and keep their')} side"
        )
    if kinds["known"]:
        said.append(f"{say_number(kinds['known'], 'known picture')} had no side and got one")
    unsure = say_number(kinds["unsure"], "is left out, which", "are left out, which")
    out = sides[LEFT_OUT] - kinds["unsure"]
    said.append(
        f"{sides['train']} teach, {sides['validation']} choose, {sides['test']} judge"
        f"{'; ' + say_number(out, 'is left out, a variant', 'are left out, variants') + ' of parts on two sides' if out else ''}"
        f"{f'; {unsure} may have been moved from either of two sides' if kinds['unsure'] else ''}"
    )
    said.append(f"All others stay where they were ({Path(line.data.groups or '').name})")
    return ". ".join(said)
