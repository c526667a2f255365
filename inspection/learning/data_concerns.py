"""What spoils a data set, each with its weight, its files and its remedy."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inspection.learning.data import Dataset
from inspection.learning.data_report import MOST_EXAMPLES, Concern
from inspection.learning.duplicates import Refusal, Sketch, find_byte_copies
from inspection.wording import say_number

FEW_ORIGINALS = 50  # of a class: below it, even a flawless test says little (0 errors of 50: up to 5.8 %)
LEAST_SIDE = 64  # pixels; smaller pictures are mostly interpolation at the input of a network
MOST_UNEVEN = 10  # times as many pictures in one class as in another


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One readable picture, where it stands and which original it shows."""

    file: str
    folder: str
    class_name: str
    original: int
    sketch: Sketch


def list_concerns(
    datasets: Sequence[Dataset], items: Sequence[Item], refusals: Sequence[Refusal], names: Sequence[str]
) -> Iterator[Concern]:
    yield from find_unreadable(refusals)
    yield from find_conflicts(items)
    yield from find_copies(items)
    yield from find_variants(items)
    yield from find_missing_classes(datasets, items, names)
    yield from find_thin_classes(items, names)
    yield from find_odd_sizes(items)
    yield from find_strangers(datasets)


def find_unreadable(refusals: Sequence[Refusal]) -> Iterator[Concern]:
    if refusals:
        yield Concern(
            kind="unreadable",
            severity="stop",
            count=len(refusals),
            title=f"Files that cannot be read as pictures: {len(refusals):,}",
            advice="Export them again or delete them; the line would refuse them too.",
            examples=tuple((str(each.path), each.reason) for each in refusals[:MOST_EXAMPLES]),
        )


def find_conflicts(items: Sequence[Item]) -> Iterator[Concern]:
    """Originals that stand under two classes."""
    cases = []
    for members in group_items(items).values():
        firsts: dict[str, str] = {}
        for item in members:
            firsts.setdefault(item.class_name, item.file)
        if len(firsts) > 1:
            cases.append(tuple(firsts.values()))
    if cases:
        yield Concern(
            kind="label conflict",
            severity="stop",
            count=len(cases),
            title=f"Originals under more than one class, as copies or near copies: {len(cases):,}",
            advice="Look at each, decide what it shows and delete the other label.",
            examples=tuple(cases[:MOST_EXAMPLES]),
        )


def find_copies(items: Sequence[Item]) -> Iterator[Concern]:
    cases = [
        tuple(items[i] for i in case) for case in find_byte_copies([item.sketch.sha256 for item in items])
    ]
    across = [case for case in cases if len({item.folder for item in case}) > 1]
    within = [case for case in cases if len({item.folder for item in case}) == 1]
    if across:
        yield Concern(
            kind="copies across folders",
            severity="stop",
            count=len(across),
            title=f"Pictures that stand in more than one folder, byte for byte: {len(across):,}",
            advice="Delete them from all but one: a test must not ask for what was taught.",
            examples=list_files(across),
        )
    if within:
        yield Concern(
            kind="copies",
            severity="warn",
            count=len(within),
            title=f"Pictures that stand more than once in one folder, byte for byte: {len(within):,}",
            advice="Keep one of each: a copy teaches nothing and counts twice.",
            examples=list_files(within),
        )


def find_variants(items: Sequence[Item]) -> Iterator[Concern]:
    """Originals of which there are different files: turned, mirrored, brightened, stretched or resized."""
    cases = [
        tuple({item.sketch.sha256: item for item in members}.values())
        for members in group_items(items).values()
        if len({item.sketch.sha256 for item in members}) > 1
    ]
    across = [case for case in cases if len({item.folder for item in case}) > 1]
    within = [case for case in cases if len({item.folder for item in case}) == 1]
    if across:
        yield Concern(
            kind="near copies across folders",
            severity="stop",
            count=len(across),
            title=f"Originals with variants in more than one folder: {len(across):,} "
            f"({sum(map(len, across)):,} pictures)",
            advice="Divide by original (a grouped split), not by picture; the present test measures memory.",
            examples=list_files([show_folders(case) for case in across]),
        )
    if within:
        yield Concern(
            kind="near copies",
            severity="warn",
            count=len(within),
            title=f"Originals with variants in one folder: {len(within):,} ({sum(map(len, within)):,} pictures)",
            advice="Divide by original (a grouped split) when you cut this folder into parts.",
            examples=list_files(within),
        )


def find_missing_classes(
    datasets: Sequence[Dataset], items: Sequence[Item], names: Sequence[str]
) -> Iterator[Concern]:
    counts = Counter((item.folder, item.class_name) for item in items)
    missing = [(str(d.root), name) for d in datasets for name in names if counts[str(d.root), name] == 0]
    if missing:
        yield Concern(
            kind="missing class",
            severity="stop",
            count=len(missing),
            title=f"Classes without a readable picture in a folder: {len(missing):,}",
            advice="Add pictures, or give the folders the same class names.",
            examples=tuple(missing[:MOST_EXAMPLES]),
        )


def find_thin_classes(items: Sequence[Item], names: Sequence[str]) -> Iterator[Concern]:
    pictures = Counter(item.class_name for item in items)
    originals = count_originals(items, names)
    for name in names:
        if 0 < originals[name] < FEW_ORIGINALS:
            yield Concern(
                kind="thin class",
                severity="warn",
                count=originals[name],
                title=f"Class “{name}” rests on few originals: {originals[name]:,} behind {say_number(pictures[name], 'picture')}",
                advice=f"Collect at least {FEW_ORIGINALS}: variants of one part do not replace other parts, and "
                "intervals that count pictures are too narrow.",
            )
    most, least = max(pictures.values()), min(pictures.values())
    if most > MOST_UNEVEN * least:
        yield Concern(
            kind="imbalance",
            severity="note",
            count=len(pictures),
            title=f"Pictures of the largest class for one of the smallest: {most / least:.0f}",
            advice="Weigh the classes in training and judge by macro-F1 rather than accuracy.",
        )


def find_odd_sizes(items: Sequence[Item]) -> Iterator[Concern]:
    """Smaller than a network needs, or shaped unlike the rest."""
    (width, height), _ = Counter((item.sketch.width, item.sketch.height) for item in items).most_common(1)[0]
    shape = width / height
    odd = [
        (item.file, f"{item.sketch.width} × {item.sketch.height}")
        for item in items
        if min(item.sketch.width, item.sketch.height) < LEAST_SIDE
        or not 0.8 < item.sketch.width / item.sketch.height / shape < 1.25
        or not 0.5 <= item.sketch.width / width <= 2.0
    ]
    if odd:
        yield Concern(
            kind="odd sizes",
            severity="warn",
            count=len(odd),
            title=f"Pictures that are small or unlike the usual {width} × {height}: {len(odd):,}",
            advice="Check that they come from the same camera and show the part whole.",
            examples=tuple(odd[:MOST_EXAMPLES]),
        )


def find_strangers(datasets: Sequence[Dataset]) -> Iterator[Concern]:
    files = [str(path) for dataset in datasets for path in dataset.ignored]
    if files:
        yield Concern(
            kind="not a picture",
            severity="note",
            count=len(files),
            title=f"Files passed over, by their endings no pictures: {len(files):,}",
            advice="Nothing, unless a picture is among them; then rename it.",
            examples=tuple((file,) for file in files[:MOST_EXAMPLES]),
        )


def group_items(items: Sequence[Item]) -> dict[int, list[Item]]:
    groups: dict[int, list[Item]] = {}
    for item in items:
        groups.setdefault(item.original, []).append(item)
    return groups


def count_originals(items: Sequence[Item], names: Sequence[str]) -> dict[str, int]:
    seen = Counter(name for name, _ in {(item.class_name, item.original) for item in items})
    return {name: seen[name] for name in names}


def show_folders(case: Sequence[Item]) -> tuple[Item, ...]:
    """One file of each folder: the example then shows what the case is about."""
    return tuple({item.folder: item for item in reversed(case)}.values())


def list_files(cases: Sequence[Sequence[Item]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(item.file for item in case[:4]) for case in cases[:MOST_EXAMPLES])
