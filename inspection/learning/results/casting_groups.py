"""What the figures of casting are worth: how its pictures hang together, counted from the groups that ship."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from inspection.learning.data import Dataset, Sample
from inspection.learning.parts import read_groups
from inspection.learning.splits import grouped_split
from inspection.lines import Line

# From looking at every picture, not from the groups file: LOG.md, "What the casting set holds".
BYTE_COPIES = 64


def describe_groups(line: Line) -> str:
    if line.data.groups is None:
        return ""
    path = Path(line.data.groups)
    parts, photographs = read_groups(path), read_groups(path, column="photograph")
    tests = [key for key in parts if key.startswith("test/")]
    taught = {photographs[key] for key in parts if key.startswith("train/")}
    flattered = [key for key in tests if photographs[key] in taught]
    good = [key for key in tests if class_of(key, line) == line.good]
    good_flattered = [key for key in flattered if class_of(key, line) == line.good]
    good_parts = {part for key, part in parts.items() if class_of(key, line) == line.good}
    judged = split_by_part(line, parts)
    judged_good = [key for key in judged if class_of(key, line) == line.good]
    return f"""### What these figures are worth

The official split has {len(tests)} test pictures, {len(tests) - len(good)} defective and {len(good)} ok. {BYTE_COPIES} of \
the ok ones are byte copies of training pictures.
The publisher multiplied photographs before splitting them: behind the {len(parts):,} pictures stand \
{len(set(photographs.values()))} photographs, and {len(flattered)} of the {len(tests)} official test pictures
have a variant of the same photograph in train, {len(good_flattered)} of the {len(good)} ok ones among them. So every figure on \
the official split, ours and the published ones,
is about pictures and not about parts.

How good the recovery of the photographs is: all {BYTE_COPIES} byte copies fall into one group each; of 8.8 million pairs \
compared exhaustively, those of one
photograph score 0.70 to 1.0 and 99.9 % of the others below 0.7; on made variants recall and precision are 1.0. Linking \
photographs of one part ({len(set(parts.values()))} groups) is
partial: some parts are still split. The groups are in `models/lines/{path.name}`, the checks in LOG.md.

Only {len(good_parts)} groups are ok ones. The test side of the grouped split holds {len({parts[key] for key in judged_good})} \
of them, so that its {len(judged_good)} ok pictures are that many parts; five folds
judge them all. An interval over pictures is too narrow on such splits: *counted by part* resamples whole groups.
{say_contradictions(judged, len(parts), photographs, line)}"""


def say_contradictions(
    judged: Sequence[str], pictures: int, photographs: Mapping[str, str], line: Line
) -> str:
    """What no model can get right that calls the variants of one photograph alike."""
    both = {
        photograph: counts
        for photograph, counts in count_labels(photographs, photographs, line).items()
        if len(counts) > 1
    }
    if not both:
        return ""
    outvoted = count_outvoted(both)
    here = count_outvoted(count_labels(judged, photographs, line))
    return f"""
Photographs with both labels: {len(both)} ({"; ".join(say_counts(both[each]) for each in sorted(both))}). A model that \
calls all variants of a photograph alike errs on at least {outvoted} of the {pictures:,} pictures,
and on {here} of the {len(judged):,} of the grouped test side: {100 - 100 * here / len(judged):.2f} % is the most that it can reach there.
"""


def count_labels(keys: Iterable[str], photographs: Mapping[str, str], line: Line) -> dict[str, Counter[str]]:
    """photograph → how often these pictures of it are called what."""
    labels: dict[str, Counter[str]] = {}
    for key in keys:
        labels.setdefault(photographs[key], Counter())[class_of(key, line)] += 1
    return labels


def count_outvoted(labels: Mapping[str, Counter[str]]) -> int:
    """Pictures whose label most pictures of the same photograph contradict."""
    return sum(counts.total() - max(counts.values()) for counts in labels.values())


def say_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


def class_of(key: str, line: Line) -> str:
    folder = Path(key).parent.name
    return line.data.rename.get(folder, folder)


def split_by_part(line: Line, parts: Mapping[str, str]) -> tuple[str, ...]:
    """The test side of the grouped split: keys are all that it depends on."""
    samples = tuple(Sample(Path(key), class_of(key, line)) for key in sorted(parts))
    dataset = Dataset(line.name, line.classes, samples)
    return grouped_split(dataset, parts, seed=line.data.split_seed).test
