"""The curves of a run while it learns, as ECharts options: updated in place they do not flicker. No Streamlit here."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inspection.learning.checkpoint import EPOCHS
from inspection.wording import round_percent, say_number

Row = Mapping[str, Any]
# The first colours of the theme's palette are the same in both themes in their order: blue, orange, teal.
_SERIES = {
    "train_loss": ("training loss, left", "solid", 0),
    "val_loss": ("validation loss, left", "dashed", 0),
    "val_accuracy": ("validation accuracy, %", "solid", 1),
    "val_map50": ("validation mAP 50, %", "solid", 1),
    "val_map75": ("validation mAP 75, %", "dashed", 1),
}


def read_epochs(run: Path | None) -> list[dict[str, Any]]:
    """A row an epoch. A last line that is still being written is left for the next look."""
    if run is None or not (run / EPOCHS).is_file():
        return []
    rows = []
    for line in (run / EPOCHS).read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def build_live_curves(rows: Sequence[Row], *, epochs: int) -> dict[str, Any]:
    """Losses on the left axis, shares of the validation pictures on the right; the whole run's width from the start,
    so that the lines grow and nothing moves."""
    names = [name for name in _SERIES if any(name in row for row in rows)]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 8, "top": 36, "bottom": 28, "containLabel": True},
        "legend": {"top": 0, "left": 0, "type": "scroll"},
        "tooltip": {"trigger": "axis"},
        "xAxis": {
            "type": "value",
            "min": 1,
            "max": max(epochs, 2),
            "minInterval": 1,
            "name": "epoch",
            "nameLocation": "middle",
            "nameGap": 24,
            "splitLine": {"show": False},
        },
        "yAxis": [
            {"type": "value", "min": 0},
            {
                "type": "value",
                "min": 0,
                "max": 100,
                "axisLabel": {"formatter": "{value} %"},
                "splitLine": {"show": False},
            },
        ],
        "series": [draw_series(rows, name) for name in names],
    }


def draw_series(rows: Sequence[Row], name: str) -> dict[str, Any]:
    """An epoch that was not validated has no point; the line goes on to the next that was."""
    title, dash, axis = _SERIES[name]
    factor = 100 if axis else 1
    return {
        "type": "line",
        "name": title,
        "yAxisIndex": axis,
        "data": [[row["epoch"], factor * row[name]] for row in rows if name in row],
        "tooltip": {"valueFormatter": "%.1f" if axis else "%.3f"},
        "showSymbol": True,
        "symbolSize": 5,
        "lineStyle": {"type": dash, "width": 2},
    }


def say_curves(rows: Sequence[Row]) -> str:
    """The chart in words, for those who do not see it."""
    if not rows:
        return "No epoch has ended yet"
    last = rows[-1]
    best = find_best(rows)
    best_words = f", best validation score {round_percent(best, 1)}%" if best is not None else ""
    first, now = (f"{row['train_loss']:.2f}" for row in (rows[0], last))
    went = f"Training loss {now}" if len(rows) == 1 else f"Training loss went from {first} to {now}"
    return f"{went} in {say_number(len(rows), 'epoch')}{best_words}"


def find_best(rows: Sequence[Row]) -> float | None:
    """Of what decides: accuracy for a classifier, mAP 50 for a detector."""
    scored = [row[name] for row in rows for name in ("val_accuracy", "val_map50") if name in row]
    return max(scored, default=None)
