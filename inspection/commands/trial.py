"""trial: a line's test pictures through the whole line, and what it decided; kept beside the model's card."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.commands.make_data import require_synthetic
from inspection.commands.output import Exit, notes, print_table, results, show_path, show_progress
from inspection.commands.rates import say_errors
from inspection.commands.robustness import find_card, find_judged
from inspection.errors import DataInvalid
from inspection.types import Precision, VerdictKind
from inspection.wording import say_number

FIRST_SEED = 990_000_000  # above all that `--made-seed` takes, and what the live belt and races show

if TYPE_CHECKING:
    from inspection.learning.data import Sample
    from inspection.learning.trial import Trial
    from inspection.lines import Line
    from inspection.pipeline import Inspector
    from models.card import Card


def try_line(
    line: Annotated[str, typer.Argument(help="The production line.")],
    data: Annotated[Path, typer.Option(help="The line's pictures; those of the test split are used.")],
    model: Annotated[str | None, typer.Option(help="A model of the line; its champion by default.")] = None,
    precision: Annotated[Precision | None, typer.Option(help="As served by default.")] = None,
    empty_belts: Annotated[
        int, typer.Option(min=0, help="So many freshly made empty belts as well; a synthetic line only.")
    ] = 0,
    dry: Annotated[bool, typer.Option("--dry", help="Measure and print; keep nothing.")] = False,
) -> None:
    """Find, judge and decide on every test picture: verdicts, escapes, what goes to a person, milliseconds."""
    from inspection.config import load_settings
    from inspection.engines.prepare import find_weights
    from inspection.learning.trial import MADE, run_trial, say_policy, write_trial
    from inspection.loading import load_inspector

    inspector = load_inspector(line, model, precision)
    settings = load_settings()
    card_path = find_card(inspector, settings, dry=dry)
    card = read_tried(inspector, card_path)
    samples, keys = find_test(inspector.line, data, card_path.with_suffix(".parquet"))
    if empty_belts:
        made = make_empty_belts(line, empty_belts, settings.cache_dir / "empty-belts")
        samples, keys = samples + made, keys + tuple(f"{MADE}{sample.path.stem}" for sample in made)
    found_by, detector = inspector.line.locate.model, None
    if found_by is not None:
        _, detector = find_weights(line, found_by, settings)
    policy = say_policy(inspector.line, card, detector)
    notes.print(
        f"{inspector.model} at {inspector.classifier_label.precision}, {say_number(len(samples), 'picture')}"
    )
    with show_progress("inspecting") as tick:
        trial = run_trial(inspector, samples, keys, policy=policy, tick=tick)
    print_trial(trial)
    if not dry:
        results.print(show_path(write_trial(trial, card_path.parent)))
    raise typer.Exit(Exit.OK)


def read_tried(inspector: "Inspector", path: Path) -> "Card":
    """The card of the weights that are tried: between loading them and looking for it, others may have been promoted."""
    from models.card import read_card

    card, tried = read_card(path), inspector.classifying.weights_sha256
    if card.weights_sha256 != tried:
        raise DataInvalid(
            f"Expected {path.name} to be of the weights {tried[:12]}… that were loaded, got "
            f"{card.weights_sha256[:12]}…: the model was promoted, taken back or trained anew meanwhile. Try it again."
        )
    return card


def find_test(line: "Line", data: Path, evaluations: Path) -> "tuple[tuple[Sample, ...], tuple[str, ...]]":
    """The parts that the model's evaluation names, and the test pictures without a part, which it has no rows of."""
    from inspection.learning.data import EMPTY_CLASS
    from inspection.learning.line_sides import split_line

    found = split_line(line, data)
    empty = [sample for sample in found.side("test") if sample.class_name == EMPTY_CLASS]
    samples = (*find_judged(line, data, evaluations), *empty)
    return samples, tuple(found.dataset.key_of(sample) for sample in samples)


def make_empty_belts(line: str, count: int, folder: Path) -> "tuple[Sample, ...]":
    """Seeds that no side of the data has; those that an earlier trial rendered are there already."""
    from inspection.learning.data import EMPTY_CLASS, Sample
    from inspection.learning.synthesis.dataset import PlannedScene, write_scene

    require_synthetic(line)
    plan = [PlannedScene(FIRST_SEED + number, None, None, "empty") for number in range(count)]
    paths = [folder / planned.folder / planned.name for planned in plan]
    missing = [number for number, path in enumerate(paths) if not path.is_file()]
    with show_progress("rendering empty belts") as tick:
        for done, number in enumerate(missing, start=1):
            write_scene(folder, plan[number], number)
            tick(done, len(missing))
    return tuple(Sample(path, EMPTY_CLASS) for path in paths)


def print_trial(trial: "Trial") -> None:
    from inspection.learning.trial import tabulate

    results.print(
        f"{trial.line}, {trial.model} at {trial.precision}: {len(trial.rows)} pictures, {trial.policy}"
    )
    print_table(
        ("pictures", *(kind.value for kind in VerdictKind)),
        [(truth, *(counts[kind] for kind in VerdictKind)) for truth, counts in tabulate(trial)],
    )
    if trial.good is not None:
        shown = {truth: sum(counts.values()) for truth, counts in tabulate(trial)}
        defective = sum(shown[name] for name in trial.defects)
        escapes = say_errors(trial.escapes, defective)
        results.print(
            f"escapes {escapes}, false rejects {say_errors(trial.false_rejects, shown[trial.good])}"
        )
    results.print(f"a part took {trial.median_ms:.1f} ms (median), {trial.p95_ms:.1f} ms (p95)")
