"""A trained model is asked for by name, and a line answers to the names in its file only."""

from inspection.commands.output import notes, results
from inspection.config import Settings
from inspection.errors import LineInvalid
from inspection.lines import Line, is_shipped
from models.card import Card


def tell_released(line: Line, card: Card, settings: Settings) -> None:
    weights = settings.weights_dir / line.name / f"{card.model}.safetensors"
    results.print(f"{card.model}: {weights}, {card.weights_bytes / 1e6:.1f} MB")
    named = name_rival(line, card.model, settings)
    if named is not None:
        notes.print(named)


def name_rival(line: Line, model: str, settings: Settings) -> str | None:
    """What became of it, in words; None where the line named the model before it was trained."""
    from inspection.learning.install import add_rival
    from models.registry import find_spec

    if model in (*line.models, line.locate.model, line.defect_detector):
        return None
    unnamed = f"line {line.name} does not name {model}, and does not use it"
    if find_spec(model).task == "detect":
        return f"{unnamed}: write it into {line.name}.toml, under [locate] or as defect_detector"
    if is_shipped(line.name, settings):
        return f"{unnamed}: add it to rivals in {line.name}.toml"
    try:
        add_rival(line.name, model, settings)
    except (LineInvalid, OSError) as error:  # the weights are there, whatever becomes of their name
        return f"{unnamed}: add it to rivals in {line.name}.toml ({error})"
    return f"{model} is a rival of line {line.name} now"
