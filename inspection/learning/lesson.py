"""What a fine-tuning is taught by, chosen by and judged by. Nobody who judges teaches.

A network that is taught new parts only forgets the old ones (McCloskey and Cohen 1989); replaying some of what it was
trained on is the plain remedy. Where the original pictures are not at hand that is said, on the challenger and in the
chain.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from inspection.config import Settings
from inspection.errors import DataInvalid
from inspection.learning.arrays import ArraySet
from inspection.learning.challenge import CORRECTED, HELD_OUT, LINE_TEST, TEST
from inspection.learning.copies import find_copies_of
from inspection.learning.corrected_data import CorrectedData, CorrectedPart, check_crops
from inspection.learning.line_data import LineData, load_line_data
from inspection.lines import Line
from inspection.types import U8

LEAST_TAUGHT = 4
REPLAYED_A_PART, LEAST_REPLAYED, MOST_REPLAYED = 4, 200, 2000
TAUGHT_SHARE = 0.2  # of what an epoch shows: fewer corrected parts are shown more than once
Tell = Callable[[str], None]
Parts = tuple[CorrectedPart, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    teach: ArraySet  # at the input size of the network that learns, like `validation`
    validation: ArraySet
    judging: Callable[[int], Mapping[str, ArraySet]]  # input size → the frozen test sets by split
    test_kind: str
    test_sha256: str
    taught: Parts
    corrected: ArraySet  # the same parts once each, without what is replayed
    replayed: int
    left_out: Mapping[str, int]  # reason → parts
    facts: Mapping[str, Any]  # for the card
    notes: tuple[str, ...]


def prepare_lesson(
    line: Line,
    corrected: CorrectedData,
    folder: Path | None,
    *,
    size: int,
    seed: int,
    settings: Settings,
    tell: Tell,
) -> Lesson:
    """folder: of the original pictures, where it is at hand."""
    check_crops(corrected)
    if corrected.class_names != line.classes:
        raise DataInvalid(
            f"Expected corrected parts of the classes {', '.join(line.classes)}, got "
            f"{', '.join(corrected.class_names)}. Build them again from the records."
        )
    if folder is None:
        return prepare_without_originals(corrected, size=size, tell=tell)

    def load(input_size: int) -> LineData:
        return load_line_data(line, folder, size=input_size, cache_dir=settings.cache_dir / "arrays")

    return prepare_with_originals(corrected, load, folder, size=size, seed=seed, tell=tell)


def prepare_with_originals(
    corrected: CorrectedData,
    load: Callable[[int], LineData],
    folder: Path,
    *,
    size: int,
    seed: int,
    tell: Tell,
) -> Lesson:
    """The line's own test pictures judge; the corrected parts that are held out judge beside them."""
    data = load(size)
    train, validation, test = (
        hash_pictures(side.keys, folder) for side in (data.train, data.validation, data.test)
    )
    judging = {*test, *validation}
    teachers, left_out = drop_known(corrected.side("teach") + corrected.side("validate"), judging)
    held_out, _ = drop_known(corrected.side("held out"), judging | set(train))
    tell("looking for copies of test pictures among the corrected parts")
    frozen = [*data.test.pixels, *data.validation.pixels, *corrected.load(held_out, size=size).pixels]
    teachers, copies = drop_copies(corrected, teachers, frozen, size=size)
    left_out += copies
    taught = corrected.load(require_taught(teachers), size=size)
    replay = choose_replay(data.train, len(taught), seed=seed)

    def load_judging(input_size: int) -> Mapping[str, ArraySet]:
        sets = {TEST: load(input_size).test}
        return {**sets, CORRECTED: corrected.load(held_out, size=input_size)} if held_out else sets

    said = f"{len(taught)} corrected parts teach, mixed with {len(replay)} of {len(data.train)} original pictures."
    return Lesson(
        teach=mix(taught, replay),
        validation=data.validation,
        judging=load_judging,
        test_kind=LINE_TEST,
        test_sha256=hash_test(data.test, test),
        taught=teachers,
        corrected=taught,
        replayed=len(replay),
        left_out=dict(left_out),
        facts={**data.facts, **describe_corrected(corrected, teachers, len(replay))},
        notes=(said, *say_left_out(left_out)),
    )


def prepare_without_originals(corrected: CorrectedData, *, size: int, tell: Tell) -> Lesson:
    """A fixed share of the corrected parts judges, another chooses the epoch."""
    held_out = corrected.side("held out")
    tell("looking for copies among the corrected parts")
    judged = corrected.load(held_out, size=size)
    choosing, left_out = drop_copies(corrected, corrected.side("validate"), list(judged.pixels), size=size)
    if not held_out or not choosing:
        raise DataInvalid(
            f"Expected corrected parts to judge and to choose by, got {len(held_out)} and {len(choosing)} of "
            f"{len(corrected.parts)}. Name the folder of the original pictures (--data), or answer more in the queue."
        )
    chosen = corrected.load(choosing, size=size)
    frozen = [*judged.pixels, *chosen.pixels]
    teachers, copies = drop_copies(corrected, corrected.side("teach"), frozen, size=size)
    left_out += copies
    taught = corrected.load(require_taught(teachers), size=size)
    notes = (
        f"{len(taught)} corrected parts teach. The original pictures are not at hand, so none are replayed: the "
        "challenger may forget what it knew. Name their folder (--data) to prevent that.",
        f"The line's own test pictures are not at hand either: {len(judged)} corrected parts were held out to judge.",
        *say_left_out(left_out),
    )
    return Lesson(
        teach=taught,
        validation=chosen,
        judging=lambda input_size: {TEST: corrected.load(held_out, size=input_size)},
        test_kind=HELD_OUT,
        test_sha256=hash_test(judged, [part.picture_sha256 for part in held_out]),
        taught=teachers,
        corrected=taught,
        replayed=0,
        left_out=dict(left_out),
        facts=describe_corrected(corrected, teachers, 0),
        notes=notes,
    )


def drop_known(parts: Sequence[CorrectedPart], known: set[str]) -> tuple[Parts, Counter[str]]:
    kept = tuple(part for part in parts if part.picture_sha256 not in known)
    count = len(parts) - len(kept)
    return kept, Counter({"the same picture as one that judges": count} if count else {})


def drop_copies(
    corrected: CorrectedData, parts: Parts, frozen: Sequence[U8], *, size: int
) -> tuple[Parts, Counter[str]]:
    copies = find_copies_of(frozen, list(corrected.load(parts, size=size).pixels))
    kept = tuple(part for place, part in enumerate(parts) if place not in copies)
    return kept, Counter({"nearly the same as a part that judges": len(copies)} if copies else {})


def require_taught(parts: Parts) -> Parts:
    if len(parts) < LEAST_TAUGHT:
        raise DataInvalid(
            f"Expected at least {LEAST_TAUGHT} corrected parts to teach, got {len(parts)}. "
            "Answer more in the review queue."
        )
    return parts


def choose_replay(train: ArraySet, taught: int, *, seed: int) -> ArraySet:
    """A seeded draw in which each class has its share."""
    count = min(len(train), int(np.clip(REPLAYED_A_PART * taught, LEAST_REPLAYED, MOST_REPLAYED)))
    order = np.random.default_rng(seed).permutation(len(train))
    ranks = np.empty(len(train))
    for label in np.unique(train.labels):
        mine = order[train.labels[order] == label]
        ranks[mine] = (np.arange(len(mine)) + 0.5) / len(mine)
    rows = np.sort(np.argsort(ranks, kind="stable")[:count])
    return ArraySet(
        np.asarray(train.pixels[rows]), train.labels[rows], tuple(train.keys[row] for row in rows)
    )


def mix(taught: ArraySet, replay: ArraySet) -> ArraySet:
    """A handful of corrected parts would drown: they are repeated until they are a fifth of what is shown."""
    wanted = TAUGHT_SHARE / (1 - TAUGHT_SHARE) * len(replay)
    times = max(1, round(wanted / len(taught)))
    return ArraySet(
        np.concatenate([*[taught.pixels] * times, replay.pixels]),
        np.concatenate([*[taught.labels] * times, replay.labels]),
        (*(f"{key}#{number}" for number in range(times) for key in taught.keys), *replay.keys),
    )


def hash_pictures(keys: Sequence[str], folder: Path) -> list[str]:
    """Of the files. Keys lie below the folder, or below `images` where annotations lie beside it."""
    home = folder / "images" if (folder / "annotations").is_dir() else folder
    return [hashlib.sha256((home / key).read_bytes()).hexdigest() for key in keys]


def hash_test(pictures: ArraySet, hashes: Sequence[str]) -> str:
    """Of the frozen set: which pictures under which labels."""
    rows = sorted(zip(pictures.keys, pictures.labels.tolist(), hashes, strict=True))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def describe_start(lesson: Lesson, stated: Mapping[str, Any]) -> Lesson:
    """stated: the pictures and the split of the weights that it starts from, which its own pictures do not tell."""
    told = {**lesson.facts["corrected"], **({"before": dict(stated)} if stated else {})}
    return replace(lesson, facts={**lesson.facts, "corrected": told})


def say_left_out(left_out: Counter[str]) -> list[str]:
    return [f"{count} corrected parts do not teach: {reason}." for reason, count in sorted(left_out.items())]


def describe_corrected(
    corrected: CorrectedData, teachers: Sequence[CorrectedPart], replayed: int
) -> dict[str, Any]:
    return {"corrected": {"sha256": corrected.sha256, "taught": len(teachers), "replayed": replayed}}
