"""novelty: how unlike its training parts a part is, fitted to one trained model of a line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from inspection.commands.output import Exit, notes, print_json, print_table, results
from inspection.commands.shipped import choose_shipped
from inspection.config import load_settings
from inspection.lines import load_line

if TYPE_CHECKING:
    from inspection.learning.novelty_release import Released


def fit_novelty(
    line: Annotated[str, typer.Argument(help="The production line.")],
    model: Annotated[str, typer.Option(help="A trained classifier of the line.")],
    data: Annotated[Path, typer.Option(help="The pictures that it was trained on.")],
    foreign: Annotated[
        Path | None,
        typer.Option(help="Pictures of other things: half help to choose, the other half reports."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
) -> None:
    """Fit it several ways, try each by leaving a defect type out; keep the best beside the weights and on the card.

    Weights that were promoted are refused: what the gate judged stays as it was.
    """
    from inspection.learning.novelty_release import release_novelty

    settings, definition = load_settings(), load_line(line)
    choose_shipped(
        definition,
        model,
        settings,
        instead=f"Teach a challenger: python -m inspection fine-tune {line} --data {data}. It carries a novelty check, and passes "
        "the gate like any other.",
    )
    released = release_novelty(definition, model, data, settings, foreign=foreign, tell=notes.print)
    if as_json:
        print_json(released.told)
    else:
        print_report(released)
    raise typer.Exit(Exit.OK)


def print_report(released: "Released") -> None:
    from inspection.learning.novelty_fit import Rate

    told = released.told
    rows = []
    for trial in released.trials:
        worst = min(trial.aurocs, key=lambda name: trial.aurocs[name], default=None)
        found = Rate(
            *map(sum, zip(*((each.found.count, each.found.n) for each in trial.left_out), strict=True))
        )
        shares = [each.false_alarms.share for each in trial.left_out if each.false_alarms.n]
        kept = " *" if trial.method == told["method"] else ""
        foreign = "–" if trial.foreign is None else f"{trial.foreign.count} of {trial.foreign.n}"
        rows.append(
            (
                trial.method + kept,
                "–" if trial.mean_auroc is None else f"{trial.mean_auroc:.4f}",
                "–" if worst is None else f"{trial.aurocs[worst]:.4f} {worst}",
                f"{found.count} of {found.n}",
                f"{np.mean(shares):.1%}" if shares else "–",
                foreign,
            )
        )
    print_table(
        (
            "method",
            "AUROC, mean",
            "worst type",
            f"found at p < {told['threshold']:.2%}",
            "false alarms",
            "foreign found",
        ),
        rows,
        title="each defect type left out in turn, on test parts; * is kept",
    )
    for precision, rates in told["false_alarms"].items():
        words = Rate(rates["all"]["count"], rates["all"]["n"]).words
        results.print(f"{precision}: of the test parts, all of known types, {words} go to a person")
    if "foreign" in told:
        halves = told["foreign"]
        results.print(
            f"foreign pictures: {halves['chose']} helped to choose the method, {halves['reports']} others report"
        )
    for caveat in told["caveats"]:
        results.print(caveat)
    results.print(f"{released.path} ({told['bytes'] / 1e6:.2f} MB), {told['rate_ms']:.3f} ms a part")
