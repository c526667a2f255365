"""novelty: how unlike its training parts a part is, fitted to one trained model of a line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from inspection.commands.output import Exit, notes, print_json, print_table, results
from inspection.commands.record_keeping import name_user
from inspection.config import Settings, load_settings
from inspection.lines import Line, load_line

if TYPE_CHECKING:
    from inspection.learning.novelty_release import Released
    from inspection.records.champions import Champion


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

    Weights that were promoted get it as a new release of the same weights, promoted by a record of its own.
    """
    from inspection.learning.novelty_release import release_novelty
    from inspection.records.champions import find_serving_champion

    settings, definition = load_settings(), load_line(line)
    champion = find_serving_champion(definition, settings)
    if champion.release is not None and champion.model == model:
        released, record_id = fit_promoted(definition, champion, data, settings, foreign=foreign)
        told = {**released.told, "record": record_id}
    else:
        released = release_novelty(definition, model, data, settings, foreign=foreign, tell=notes.print)
        told = released.told
    if as_json:
        print_json(told)
    else:
        print_report(released)
        if "record" in told:
            results.print(f"In force at once on line {line}, by record {told['record']}")
    raise typer.Exit(Exit.OK)


def fit_promoted(
    line: Line, champion: "Champion", data: Path, settings: Settings, *, foreign: Path | None
) -> "tuple[Released, int]":
    """What fits, and the number of the record. Whoever may run this command here signs as the engineer they are."""
    from inspection.learning.novelty_release import release_novelty
    from inspection.records.novelty_promotion import copy_champion, promote_with_novelty
    from inspection.records.promotion import Signature
    from inspection.records.store import open_store

    store, person = open_store(settings=settings), name_user()
    try:
        with copy_champion(line, champion, settings) as own:
            released = release_novelty(line, champion.model, data, own, foreign=foreign, tell=notes.print)
            method = str(released.told["method"])
            reason = f"Novelty ({method}) fitted to the promoted weights, from the command line"
            record = promote_with_novelty(
                store,
                line,
                champion,
                Signature(person, "engineer", person, reason),
                method=method,
                own=own,
                settings=settings,
            )
    finally:
        store.close()
    return released, record.id


def print_report(released: "Released") -> None:
    from inspection.learning.novelty_fit import Rate

    told = released.told
    rows = []
    for trial in released.trials:
        worst, name = min((each.auroc, each.class_name) for each in trial.left_out)
        found = Rate(
            *map(sum, zip(*((each.found.count, each.found.n) for each in trial.left_out), strict=True))
        )
        alarms = float(np.mean([each.false_alarms.count / each.false_alarms.n for each in trial.left_out]))
        kept = " *" if trial.method == told["method"] else ""
        foreign = "–" if trial.foreign is None else f"{trial.foreign.count} of {trial.foreign.n}"
        rows.append(
            (
                trial.method + kept,
                f"{trial.mean_auroc:.4f}",
                f"{worst:.4f} {name}",
                f"{found.count} of {found.n}",
                f"{alarms:.1%}",
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
    results.print(f"{released.path.name} ({told['bytes'] / 1e6:.2f} MB), {told['rate_ms']:.3f} ms a part")
