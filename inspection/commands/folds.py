"""folds: an architecture judged on every picture once, or on a split that the shipped weights were not made for."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.commands.doubts import find_doubts, find_share_doubts
from inspection.commands.output import Exit, notes, print_table, results, show_progress
from inspection.commands.stages import check_epochs, parse_sizes
from inspection.commands.train import plan_run
from inspection.commands.training_options import (
    Batch,
    Device,
    Epochs,
    Rate,
    Recipe,
    Seed,
    Share,
    Sizes,
    Threads,
)
from inspection.commands.training_runs import show_epoch
from inspection.config import load_settings
from inspection.errors import DataInvalid
from inspection.lines import load_line
from inspection.wording import say_number
from models.card import read_card

if TYPE_CHECKING:
    from inspection.learning.study import Study

EPOCHS, FOLDS = 40, 5


def run_folds(
    line: Annotated[str, typer.Argument(help="The production line.")],
    model: Annotated[str, typer.Option(help="A classifier of the zoo.")],
    data: Annotated[Path, typer.Option(help="The line's pictures.")],
    k: Annotated[int, typer.Option("--k", min=3, help="Folds.")] = FOLDS,
    split: Annotated[
        str | None, typer.Option(help="One split instead: grouped, official or stratified.")
    ] = None,
    epochs: Epochs = None,
    recipe: Recipe = None,
    sizes: Sizes = None,
    share: Share = None,
    batch: Batch = None,
    rate: Rate = None,
    warm_start: Annotated[Path | None, typer.Option(help="Weights to start from, of another line.")] = None,
    device: Device = "cpu",
    threads: Threads = 0,
    seed: Seed = 0,
) -> None:
    """Train a network a fold and judge it on that fold; pool the rows. Variants of a part stay in one fold where the
    line knows them. Started again, it goes on with the epoch where it stopped."""
    from inspection.learning.epochs import EpochRow
    from inspection.learning.line_splits import choose_split
    from inspection.learning.pace import settle_precision
    from inspection.learning.run_study import load_pictures, run_study
    from inspection.learning.study import write_study
    from models.registry import find_spec

    settings, definition = load_settings(), load_line(line)
    if warm_start is not None:
        check_start(warm_start, line)
    if split is not None and k != FOLDS:
        notes.print("--split names one split: --k changes nothing here.")
    stages = None if sizes is None else parse_sizes(sizes)
    check_epochs(epochs, stages)
    config = plan_run(
        definition,
        model,
        recipe=recipe,
        epochs=epochs or EPOCHS,
        changes={
            "device": device,
            "threads": threads,
            "seed": seed,
            "warm_start": None if warm_start is None else str(warm_start),
            **({} if stages is None else {"sizes": stages}),
            **({} if share is None else {"share": share}),
            **({} if batch is None else {"batch_size": batch}),
            **({} if rate is None else {"learning_rate": rate}),
        },
    )
    for doubt in find_doubts(definition, config, epochs=epochs):
        notes.print(doubt)
    pictures = load_pictures(
        definition, data, size=find_spec(model).input_size, cache_dir=settings.cache_dir / "arrays"
    )
    wanted = {f"fold-{number}": f"fold-{number}-of-{k}" for number in range(1, k + 1)}
    if split is not None:
        wanted = {split: split}
    splits = {
        part: choose_split(pictures.dataset, name, seed=definition.data.split_seed, groups=pictures.groups)
        for part, name in wanted.items()
    }
    fewest = min(len(each.train) for each in splits.values())
    for doubt in find_share_doubts(fewest, config):
        notes.print(doubt)
    # apart from the folder of `train`, which a person may move away
    runs = settings.var_dir / "runs" / line / "studies" / model
    config = settle_precision(config, runs / next(iter(splits)), tell=notes.print)
    with show_progress(f"{model}, {len(splits)} trainings") as tick:

        def show(part: str, row: EpochRow) -> None:
            notes.print(f"{part}: ", end="")
            show_epoch(row, None)
            tick(list(splits).index(part) * row.epochs + row.epoch, len(splits) * row.epochs)

        study = run_study(
            definition,
            split or f"{k}-fold",
            splits,
            config,
            pictures,
            runs,
            settings,
            on_epoch=show,
            tell=notes.print,
        )
    results.print(str(write_study(study, settings.weights_dir / line)))
    print_study(study, good=definition.good, groups=pictures.groups)
    raise typer.Exit(Exit.OK)


def check_start(weights: Path, line: str) -> None:
    """Weights that this line's pictures taught have seen what a fold is to be judged by."""
    if not weights.is_file():
        raise DataInvalid(
            f"Expected a file of weights to start the folds from, found none at {weights}. Name a .safetensors file of "
            "another line, or leave --warm-start out."
        )
    card = weights.with_suffix(".json")
    if not card.is_file():
        notes.print(
            f"what taught {weights} is not known, as no card lies beside it: if pictures of {line} did, these folds say too much"
        )
    elif read_card(card).line == line:
        raise DataInvalid(
            f"Expected weights of another line to start the folds from, got those of {line}: every fold would be judged by "
            f"pictures that taught its start. Name weights of another line, or leave --warm-start out."
        )


def print_study(study: "Study", *, good: str | None, groups: Mapping[str, str] | None) -> None:
    from inspection.learning.evaluate import MEASURED
    from inspection.learning.study import count_by_group

    rows = []
    for precision in MEASURED:
        for name, right, n, interval in study.accuracies(precision):
            assert interval is not None
            rows.append(
                (
                    name,
                    precision,
                    n,
                    n - right,
                    f"{right / n:.2%}",
                    f"{interval.low:.2%} to {interval.high:.2%}",
                )
            )
    print_table(("part", "precision", "pictures", "wrong", "accuracy", "95 %"), rows)
    for precision in MEASURED:
        figures = study.figures(precision, good=good)
        assert figures.accuracy is not None and figures.accuracy_interval is not None
        low, high = figures.accuracy_interval.as_list()
        results.print(
            f"{study.name} at {precision}: {figures.n} pictures, accuracy {figures.accuracy:.2%} ({low:.2%} to {high:.2%})"
        )
        if groups is not None:
            counted = count_by_group(study.pool(precision)[0], groups)
            results.print(
                f"  {say_number(counted.parts, 'part')}, {counted.parts_with_errors} of them with an error"
            )
            for part, wrong, of_it in counted.errors[:10]:
                results.print(f"    {part}: {wrong} of {say_number(of_it, 'picture')} wrong")
