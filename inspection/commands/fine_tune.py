"""fine-tune: what people corrected becomes a challenger, and the gate says what it found."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, notes, print_json, print_table, results, show_progress
from inspection.commands.training_options import Device, Seed, Threads
from inspection.commands.training_runs import show_epoch
from inspection.config import load_settings
from inspection.errors import DataInvalid
from inspection.learning.challenge import Challenge, judge_challenge
from inspection.learning.gate import Gate
from inspection.lines import load_line


def fine_tune_line(
    line: Annotated[str, typer.Argument(help="The production line.")],
    model: Annotated[str | None, typer.Option(help="A model of the line; its champion by default.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="The original training pictures: some are replayed, and their test side judges."),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Rounds over what teaches.")] = 6,
    device: Device = "cpu",
    threads: Threads = 0,
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
) -> None:
    """Teach a challenger what people corrected, beside the champion. Started again, it goes on where it stopped.

    It does not replace the champion: that takes a signed yes on the Improve page. Exit status 1 where the gate is not
    passed.
    """
    from inspection.learning.corrected_data import build_corrected_data
    from inspection.learning.fine_tune import Wish, fine_tune
    from inspection.records.champions import find_champion, serve_champion
    from inspection.records.store import open_store

    settings, definition = load_settings(), load_line(line)
    if data is not None and not data.is_dir():
        raise DataInvalid(f"Expected the folder of the original pictures, found none at {data}.")
    store = open_store(settings=settings)
    try:
        champion = find_champion(store, definition, settings)
        corrected = build_corrected_data(store, definition, settings)
    finally:
        store.close()
    serving = serve_champion(definition, champion)
    wish = Wish(model or champion.model, data, epochs=epochs, seed=seed, device=device, threads=threads)
    if wish.model not in serving.models:
        raise DataInvalid(
            f"Expected a model of line {line} ({', '.join(serving.models)}), got {wish.model!r}."
        )
    notes.print(f"{len(corrected.parts)} corrected parts, SHA-256 {corrected.sha256[:16]}")
    for each in corrected.left_out:
        notes.print(f"left out: picture {each.picture_sha256[:12]}, {each.reason}")
    with show_progress(f"fine-tuning {wish.model}") as tick:
        challenge = fine_tune(
            definition,
            corrected,
            champion,
            wish,
            settings=settings,
            on_epoch=lambda row: show_epoch(row, tick),
            tell=notes.print,
        )
    gate = judge_challenge(challenge, definition)
    if as_json:
        print_json({"challenger": str(challenge.folder), **gate.to_dict()})
    else:
        print_gate(challenge, gate)
    raise typer.Exit(Exit.OK if gate.passed else Exit.FOUND_PROBLEMS)


def print_gate(challenge: Challenge, gate: Gate) -> None:
    results.print(f"{challenge.folder}")
    results.print(
        f"{challenge.model} beside {challenge.champion_model} on {gate.n} pictures ({challenge.test_kind}) at "
        f"{gate.precision}: the gate is {gate.outcome.value}"
    )
    print_table(
        ("rule", "outcome", "found"),
        [(rule.name, rule.outcome.value, rule.sentence) for rule in gate.rules],
    )
