"""A chart or a table that can be taken away: the chart as PNG from its own toolbar, the numbers as CSV."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from inspection.spreadsheet import guard_cell

Rows = Sequence[Mapping[str, Any]]
UNDEFINED = "–"  # never a zero
PERCENT = "%.1f %%"  # of `in_percent`: Streamlit's own leaves the zeros off, and the digits do not stand below each other


def write_rows(rows: Rows) -> bytes:
    """UTF-8 with a byte-order mark, so that a spreadsheet reads names in any script. What is undefined stays empty."""
    stream = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(stream, fieldnames=columns, restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _plain(value) for name, value in row.items()})
    return stream.getvalue().encode("utf-8-sig")


def _plain(value: object) -> object:
    return "" if value is None else guard_cell(value)


def in_percent(rows: Rows, names: Iterable[str]) -> list[dict[str, Any]]:
    """For the screen; what is taken away keeps the shares."""
    wanted = set(names)
    return [
        {name: value * 100 if name in wanted and value is not None else value for name, value in row.items()}
        for row in rows
    ]


def toolbar(name: str) -> dict[str, Any]:
    """Plotly's own, with nothing but the picture to take away."""
    return {
        "displayModeBar": True,
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "png", "filename": name, "scale": 2},
        "scrollZoom": False,
    }


def show_chart(
    figure: object, *, name: str, alt: str, rows: Callable[[], Rows] | None = None, key: str = ""
) -> None:
    """`name`: of the files, without an ending."""
    st.plotly_chart(figure, config=toolbar(name), alt=alt, key=f"chart.{key or name}")
    if rows is not None:
        offer_csv(rows, name=name, key=key)


def offer_csv(rows: Callable[[], Rows], *, name: str, key: str = "", label: str = "Numbers (CSV)") -> None:
    st.download_button(
        label,
        data=lambda: write_rows(rows()),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv.{key or name}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )
