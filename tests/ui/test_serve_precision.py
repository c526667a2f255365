"""INT8 that the release withholds is not what a page judges with."""

from dataclasses import replace

import pytest

from inspection.config import load_settings
from inspection.lines import load_line
from inspection.ui import resources
from models.card import Card, read_card

WHY = "INT8 changes 14 of 630 validation pictures"


def withhold(card: Card, why: str | None) -> Card:
    return replace(card, precisions={**card.precisions, "int8": {"withheld": why}})


@pytest.mark.parametrize(
    ("withheld", "wanted", "served"),
    [
        ({"resnet18_cbam"}, "int8", ("f32", WHY)),
        ({"yolov5n"}, "int8", ("f32", WHY)),
        ({"resnet18_cbam"}, "bf16", ("bf16", None)),
        (set(), "int8", ("int8", None)),
    ],
)
def test_withheld_int8_gives_way_to_f32(
    monkeypatch: pytest.MonkeyPatch, withheld: set[str], wanted: str, served: tuple[str, str | None]
) -> None:
    line = load_line("aluminium")
    home = load_settings().weights_dir / "aluminium"

    def get_card(_: str, model: str) -> Card:
        return withhold(read_card(home / f"{model}.json"), WHY if model in withheld else None)

    monkeypatch.setattr(resources, "get_card", get_card)
    assert resources.serve_precision(line, "resnet18_cbam", wanted) == served  # type: ignore[arg-type]
