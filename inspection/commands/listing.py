"""lines, models: what is here."""

from typing import Annotated

import typer

from inspection.commands.output import print_json, print_table
from inspection.config import load_settings
from inspection.lines import list_lines, load_line

AsJson = Annotated[bool, typer.Option("--json", help="One object a row, one a line.")]


def show_lines(as_json: AsJson = False) -> None:
    """The production lines and their models."""
    rows = []
    for name in list_lines():
        line = load_line(name)
        trained = [model for model in line.models if is_trained(name, model)]
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


def show_models(as_json: AsJson = False) -> None:
    """The zoo: every architecture, and the lines that have weights for it."""
    from models.registry import REGISTRY

    rows = []
    for spec in REGISTRY.values():
        lines = [line for line in list_lines() if is_trained(line, spec.name)]
        row = {
            "model": spec.name,
            "title": spec.title,
            "task": spec.task,
            "source": spec.source,
            "parameters": spec.parameters,
            "input": [spec.channels, spec.input_size, spec.input_size],
            "seed": spec.seed,
            "lines": lines,
        }
        if as_json:
            print_json(row)
        rows.append(
            (spec.name, spec.title, spec.task, spec.parameters, spec.input_size, ", ".join(lines) or "–")
        )
    if not as_json:
        print_table(("model", "title", "task", "parameters", "input", "trained for"), rows)


def is_trained(line: str, model: str) -> bool:
    return (load_settings().weights_dir / line / f"{model}.safetensors").is_file()
