"""A race as an ECharts option, and its figures as rows: from a result, without Streamlit."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from inspection.racing.keeping import tabulate_laps
from inspection.racing.plan import Entrant
from inspection.racing.results import Compared, Result, Standing
from inspection.spreadsheet import guard_cell
from inspection.types import Precision

SHOWN_LAPS = 240  # a line; more cannot be told apart on a screen
_WIDE = 8.0  # medians further apart than this share no straight axis
# Readable on both grounds, one a model; the precision is the dash, so that neither speaks by colour alone.
COLOURS = ("#2F7FBF", "#D9822B", "#0F8F83", "#C2410C", "#8C6BC8", "#7A8793", "#B39500", "#A3487F")
DASHES: dict[Precision, str] = {"int8": "solid", "bf16": "dashed", "f32": "dotted"}
PRECISION_WORDS: dict[Precision, str] = {"int8": "INT8", "bf16": "BF16", "f32": "F32"}


def say_precision(entrant: Entrant, withheld: Collection[Entrant]) -> str:
    """ "INT8", or "INT8 (withheld now)" where the line would not judge with it today: a kept race may be of other weights."""
    words = PRECISION_WORDS[entrant.precision]
    return f"{words} (withheld now)" if entrant in withheld else words


def build_laps(
    result: Result, *, batch: int, titles: Mapping[str, str], withheld: Collection[Entrant] = ()
) -> dict[str, Any]:
    """A line an entrant: the last laps at one batch size, milliseconds for the whole batch."""
    models = list(dict.fromkeys(entrant.model for entrant in result.plan.entrants))
    series: list[dict[str, Any]] = []
    medians: list[float] = []
    longest = 1
    for (entrant, size), laps in result.laps.items():
        if size != batch or not len(laps.ms):
            continue
        first = max(0, len(laps.ms) - SHOWN_LAPS)
        longest = max(longest, len(laps.ms))
        medians.append(sorted(laps.ms)[len(laps.ms) // 2])
        colour = COLOURS[models.index(entrant.model) % len(COLOURS)]
        series.append(
            {
                "name": f"{titles.get(entrant.model, entrant.model)} {say_precision(entrant, withheld)}",
                "type": "line",
                "showSymbol": False,
                "lineStyle": {"width": 1.6, "type": DASHES[entrant.precision]},
                "itemStyle": {"color": colour},
                "data": [
                    [number, round(float(ms), 3)]
                    for number, ms in enumerate(laps.ms[first:], start=first + 1)
                ],
            }
        )
    wide = bool(medians) and max(medians) / min(medians) > _WIDE
    return {
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 60, "bottom": 28, "containLabel": True},
        "legend": {"type": "scroll", "top": 0, "left": 0},
        "tooltip": {"trigger": "axis", "valueFormatter": "%.2f ms"},
        "xAxis": {
            "type": "value",
            "name": "lap: all run once, in turn",
            "nameLocation": "middle",
            "nameGap": 28,
            "minInterval": 1,
            "min": max(1, longest - SHOWN_LAPS + 1),
            "max": max(2, longest),
        },
        "yAxis": {
            "type": "log" if wide else "value",
            "name": "ms, logarithmic" if wide else "ms",
            "nameTextStyle": {"align": "left"},
        },
        "series": series,
    }


def tabulate_standings(
    compared: Sequence[Compared], titles: Mapping[str, str], *, withheld: Collection[Entrant] = ()
) -> list[dict[str, Any]]:
    """A row a lane; the columns of a kept race only where there is one."""
    with_kept = any(row.kept_p50_ms is not None for row in compared)
    return [_row(row, titles, withheld, with_kept=with_kept) for row in compared]


def _row(
    row: Compared, titles: Mapping[str, str], withheld: Collection[Entrant], *, with_kept: bool
) -> dict[str, Any]:
    standing: Standing = row.standing
    told = {
        "Model": titles.get(standing.entrant.model, standing.entrant.model),
        "Precision": say_precision(standing.entrant, withheld),
        "Batch": standing.batch,
        "p50, ms": round(standing.p50_ms, 2),
        "p95, ms": None if standing.p95_ms is None else round(standing.p95_ms, 2),
        "p99, ms": None if standing.p99_ms is None else round(standing.p99_ms, 2),
        "Pictures/s": round(standing.pictures_per_s, 1),
        "Laps": standing.laps,
        "Load, s": round(standing.load_ms / 1e3, 2),
        "First run, ms": None if standing.first_ms is None else round(standing.first_ms, 1),
    }
    if not with_kept:
        return told
    kept = {
        "Kept p50, ms": None if row.kept_p50_ms is None else round(row.kept_p50_ms, 2),
        "Against kept": None if row.ratio is None else f"{row.ratio - 1:+.0%}",
    }
    return {**told, **kept}


def write_laps(result: Result) -> bytes:
    """Every lap, in the order in which they were run."""
    columns = tabulate_laps(result)
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(columns)
    for row in zip(
        *columns.values(), strict=True
    ):  # a kept race is a file, and its names are what stands in it
        writer.writerow([guard_cell(value) for value in row])
    return stream.getvalue().encode("utf-8-sig")
