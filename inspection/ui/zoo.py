"""The tables of the Models page: what the registry knows, what the cards say. No Streamlit here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspection.errors import WeightsRefused
from inspection.lines import Line
from inspection.wording import say_looks

if TYPE_CHECKING:
    from models.card import Card
    from models.spec import ModelSpec


# pixels; the registry's, said again here as titles.py says its names: no page needs torch to be drawn
OWN_SIDES: dict[str, int] = {
    "resnet50": 224,
    "resnet50v2": 224,
    "mobilenetv2": 224,
    "mobilenetv3_large": 224,
    "efficientnet_b0": 224,
    "densenet121": 224,
    "nasnet_mobile": 224,
    "mlp_mixer": 224,
    "convnext_tiny": 224,
    "mobilevit_xxs": 256,
    "vit_small": 224,
    "resnet18_cbam": 224,
    "plain_cnn": 224,
    "compact_cnn": 256,
    "yolov5n": 320,
    "ssdlite320": 320,
    "nanodet_plus_m": 320,
}


@dataclass(frozen=True, slots=True)
class Trained:
    """A model of a line; without a card it has not been trained yet."""

    line: Line
    model: str
    role: str  # "champion", "rival", "locates the part", "boxes the defects", "in stock"
    card: "Card | None"
    fault: str = ""  # why its card cannot be believed


def list_roles(line: Line, released: Sequence[str] = ()) -> dict[str, str]:
    """Every model that a line names, and what for; then those whose weights lie there beside."""
    roles = {line.champion: "champion"} | {model: "rival" for model in line.rivals}
    if line.locate.model is not None:
        roles[line.locate.model] = "locates the part"
    if line.defect_detector is not None:
        roles[line.defect_detector] = "boxes the defects"
    return roles | {model: "in stock" for model in released if model not in roles}


def list_trained(
    lines: Iterable[Line],
    released: Callable[[str], Sequence[str]],
    find_card: "Callable[[str, str], Card | None]",
) -> list[Trained]:
    """Of each line as its file lists them; what nobody has trained yet comes after all that is there."""
    rows = [
        read_trained(line, model, role, find_card)
        for line in lines
        for model, role in list_roles(line, released(line.name)).items()
    ]
    return sorted(rows, key=lambda row: row.card is None)


def read_trained(
    line: Line, model: str, role: str, find_card: "Callable[[str, str], Card | None]"
) -> Trained:
    """One file that somebody damaged does not take the others off the page."""
    from models.card import CardInvalid

    try:
        return Trained(line, model, role, find_card(line.name, model))
    except (CardInvalid, WeightsRefused) as error:
        return Trained(line, model, role, None, str(error))


def tabulate_trained(rows: Iterable[Trained], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    table = []
    for row in rows:
        card = row.card
        table.append(
            {
                "Model": titles.get(row.model, row.model),
                "On the test pictures": say_headline(card.served_test)
                if card
                else ("card unreadable" if row.fault else "not trained yet"),
                "Line": row.line.title,
                "Role": row.role,
                "Input": f"{card.input_size} × {card.input_size}" if card else "",
                "Parameters": card.parameters if card else None,
                "MB": card.weights_bytes / 1e6 if card else None,
                "Precisions": " ".join(sorted(card.precisions)).upper() if card else "",
                "Data licence": card.licence if card else row.line.licence,
            }
        )
    return table


def tabulate_registry(
    specs: Iterable["ModelSpec"], used_by: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    return [
        {
            "Model": spec.title,
            "Task": "classifies" if spec.task == "classify" else "detects",
            "Parameters": spec.parameters,
            # a line's weights may judge at another size: theirs is in the other table
            "Usual input": f"{spec.input_size} × {spec.input_size} × {spec.channels}",
            "Source": spec.source,
            "Lines": list(used_by.get(spec.name, ())),
            "Named in": spec.seed,
        }
        for spec in specs
    ]


def find_own_side(card: "Card") -> int:
    """The architecture's own; of one that the registry does not have, that of these weights."""
    return OWN_SIDES.get(card.model, card.input_size)


def say_card_looks(card: "Card") -> str:
    return say_looks(card.turns, side=card.input_size, own_side=find_own_side(card))


def tabulate_figures(figures: Mapping[str, Any], precisions: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row a split and precision. What a model was not measured for has no column."""
    return [
        {
            "Split": split,
            "Precision": precision.upper(),
            **tell_figures(values),
            **tell_difference(precisions.get(precision, {}).get("against_f32", {}).get(split)),
        }
        for split, measured in figures.items()
        if isinstance(measured, Mapping)  # robustness is a list of rows
        for precision, values in measured.items()
    ]


def tell_difference(against_f32: Mapping[str, Any] | None) -> dict[str, str]:
    return (
        {} if against_f32 is None else {"Differs from F32": f"{against_f32['flipped']} of {against_f32['n']}"}
    )


def tell_figures(values: Mapping[str, Any]) -> dict[str, str]:
    """Classifiers have accuracy, detectors have average precision; rates come with their counts or their interval."""
    told = {"Pictures": f"{values.get('n', values.get('pictures', 0)):,}"}
    for name, key in _SHARES.items():
        if isinstance(values.get(key), int | float):
            told[name] = say_share(values[key])
        interval = values.get(f"{key}_interval")
        if isinstance(interval, Mapping) and name in told:
            told[name] += f" ({round_share(interval['low'])} to {round_share(interval['high'])} %)"
    decision = values.get("decision")
    if isinstance(decision, Mapping):
        told["Escapes"] = f"{decision['escapes']} of {decision['defective']}"
        told["False rejects"] = f"{decision['false_rejects']} of {decision['good']}"
    if "empty_called_part" in values:
        told["Belt taken for a part"] = f"{values['empty_called_part']} of {values['empty_pictures']}"
    return told


_SHARES = {
    "Accuracy (95 % interval)": "accuracy",
    "Macro F1": "macro_f1",
    "Calibration error": "calibration_error",
    "mAP 50": "map_50",
    "mAP 50–95": "map_50_95",
    "Recall (95 % interval)": "recall",
}


def say_headline(values: Mapping[str, Any]) -> str:
    """The one figure for the list. values: of the test pictures, at the precision that runs the line."""
    if "accuracy" in values:
        return f"accuracy {say_share(values['accuracy'])}"
    return f"mAP 50 {say_share(values['map_50'])}" if "map_50" in values else ""


def say_share(share_0_1: float) -> str:
    return f"{round_share(share_0_1)} %"


def round_share(share_0_1: float) -> str:
    """In percent. All is said only of all: 0.9996 is not 100.0 %, nor is 0.99999 100.00 %."""
    told = [f"{100 * share_0_1:.{digits}f}" for digits in (1, 2, 3, 4)]
    return told[0] if share_0_1 >= 1 else next((each for each in told if float(each) < 100), told[-1])


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """ "split": {"test": 2} → "split test": "2"; long lists by their length, names without underscores."""
    flat: dict[str, str] = {}
    for raw_name, value in values.items():
        name = raw_name.replace("_", " ")
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name} ")
        elif isinstance(value, list | tuple) and len(value) > 8:
            flat[f"{prefix}{name}"] = f"{len(value)} values"
        else:
            listed = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
            flat[f"{prefix}{name}"] = "–" if listed in (None, "") else str(listed)
    return flat
