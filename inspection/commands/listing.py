"""lines, models: what is here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, notes, print_json, print_table
from inspection.config import load_settings
from inspection.errors import WeightsRefused
from inspection.lines import Line, check_lines, load_line

AsJson = Annotated[bool, typer.Option("--json", help="One object a row, one a line.")]
FindWeights = Callable[[str], Path]


def show_lines(as_json: AsJson = False) -> None:
    """The production lines and their models; the champion is what runs now. Exit status 1 where a line cannot be told
    of: its file is named."""
    rows = []
    found = check_lines()
    complaints = list(found.broken.values())
    for name in found.sound:
        try:
            line, find_weights = load_served(name)
        except WeightsRefused as error:
            # what was promoted was changed on the disk: the other lines are told all the same
            complaints.append(str(error))
            continue
        trained = [model for model in line.models if is_trained(find_weights, name, model)]
        row = {
            "line": name,
            "part": line.part,
            "classes": list(line.classes),
            "good": line.good,
            "champion": line.champion,
            "models": list(line.models),
            "trained": trained,
        }
        if as_json:
            print_json(row)
        rows.append(
            (name, line.part, ", ".join(line.classes), line.champion, f"{len(trained)}/{len(line.models)}")
        )
    if not as_json:
        print_table(("line", "part", "classes", "champion", "trained"), rows)
    for words in complaints:
        notes.print(words)
    if complaints:
        raise typer.Exit(Exit.FOUND_PROBLEMS)


def show_models(as_json: AsJson = False) -> None:
    """The zoo: every architecture, and the lines that have weights for it; where these judge at another size than the
    architecture's own, it is said. Exit status 1 where what was promoted on a line was changed on the disk, or a card cannot be
    read: it is named."""
    from models.card import CardInvalid, read_card
    from models.registry import REGISTRY

    rows = []
    served: dict[str, FindWeights] = {}
    complaints = []
    for name in check_lines().sound:
        try:
            served[name] = load_served(name)[1]
        except WeightsRefused as error:
            complaints.append(str(error))
    for spec in REGISTRY.values():
        lines = [line for line, find_weights in served.items() if is_trained(find_weights, line, spec.name)]
        sides: dict[str, int] = {}
        for line in lines:
            try:
                sides[line] = read_card(served[line](spec.name) / line / f"{spec.name}.json").input_size
            except CardInvalid as error:
                complaints.append(f"{line}: {error}")
        row = {
            "model": spec.name,
            "title": spec.title,
            "task": spec.task,
            "source": spec.source,
            "parameters": spec.parameters,
            "input": [spec.channels, spec.input_size, spec.input_size],
            "line_inputs": {line: [spec.channels, side, side] for line, side in sides.items()},
            "seed": spec.seed,
            "lines": lines,
        }
        if as_json:
            print_json(row)
        told = say_input(spec.input_size, sides)
        rows.append((spec.name, spec.title, spec.task, spec.parameters, told, ", ".join(lines) or "–"))
    if not as_json:
        print_table(("model", "title", "task", "parameters", "input", "trained for"), rows)
    for words in complaints:
        notes.print(words)
    if complaints:
        raise typer.Exit(Exit.FOUND_PROBLEMS)


def say_input(own_side: int, sides: Mapping[str, int]) -> str:
    """sides: of each line's weights. "224 (256 on aluminium)"."""
    others = [f"{side} on {line}" for line, side in sides.items() if side != own_side]
    return f"{own_side} ({', '.join(others)})" if others else str(own_side)


def load_served(name: str) -> tuple[Line, FindWeights]:
    """The line as it runs now, and where each of its models' weights lie: a promoted champion has its own place."""
    from inspection.records.champions import find_serving_champion, find_weights_dir, serve_champion

    settings = load_settings()
    line = load_line(name, settings)
    champion = find_serving_champion(line, settings)
    return serve_champion(line, champion), lambda model: find_weights_dir(model, champion, settings)


def is_trained(find_weights: FindWeights, line: str, model: str) -> bool:
    return (find_weights(model) / line / f"{model}.safetensors").is_file()
