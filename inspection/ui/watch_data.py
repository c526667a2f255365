"""What the Watch page reads, kept for half a minute: the counts of a line, and the overview of all lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from inspection.lines import Line
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.watching import PERIODS, Subject, Watched, list_starts, watch
from inspection.types import VerdictKind
from inspection.ui import resources
from inspection.ui.keeping import get_store
from inspection.ui.line_choice import title_line

ALL = "all models"
FRESH_S = 30


@dataclass(frozen=True, slots=True)
class WatchChoice:
    line: Line
    model: str | None
    period: str

    @property
    def span_hours(self) -> int:
        return PERIODS[self.period].span_hours


@st.cache_data(ttl=FRESH_S, max_entries=16, show_spinner=False)
def get_watched(line: str, model: str | None, period: str, *, novelty_0_1: float) -> Watched:
    return watch(
        get_store(), Subject(line, model), PERIODS[period], now=datetime.now(UTC), novelty_0_1=novelty_0_1
    )


@st.cache_data(ttl=FRESH_S, max_entries=8, show_spinner=False)
def get_overview(period: str) -> list[dict[str, Any]]:
    """A row a line and model, over the shown spans."""
    chosen = PERIODS[period]
    since = list_starts(chosen, datetime.now(UTC))[chosen.reference]
    rows: dict[tuple[str, str], dict[str, float]] = {}
    search = Search(since=since, kinds=(Kind.INSPECTION,))
    for count in get_store().count_by(search, hours=chosen.span_hours, words=("line", "model", "verdict")):
        row = rows.setdefault((count.words["line"], count.words["model"]), {})
        verdict = count.words["verdict"]
        row[verdict] = row.get(verdict, 0) + count.n
        if verdict != VerdictKind.NO_PART.value:
            row["parts"] = row.get("parts", 0) + count.n
            row["ms"] = row.get("ms", 0.0) + count.n * count.mean_latency_ms
    titles = resources.model_titles()
    return [
        {
            "Line": title_line(line),
            "Model": titles.get(model, model),
            "Parts": int(row.get("parts", 0)),
            "Rejected": divide(row.get("REJECT", 0), row.get("parts", 0)),
            "To review": divide(row.get("REVIEW", 0), row.get("parts", 0)),
            "Mean latency, ms": divide(row.get("ms", 0), row.get("parts", 0)),
        }
        for (line, model), row in sorted(rows.items(), key=lambda item: -item[1].get("parts", 0))
    ]


def divide(value: float, by: float) -> float | None:
    return value / by if by else None


def list_models(line: Line) -> list[str]:
    """Those that have inspected something, the line's own first."""
    seen = set(get_store().words().get("model", ()))
    return [name for name in line.models if name in seen] or [line.champion]


def turn_to_model(line: Line, asked: Mapping[str, str], unknown: dict[str, str]) -> None:
    """?model=… of a link, where the line shown has it."""
    if "model" in asked:
        if asked["model"] in list_models(line):
            st.session_state[f"watch.model.{line.name}"] = asked["model"]
        else:
            unknown["model"] = asked["model"]


def turn_to_period(asked: Mapping[str, str], unknown: dict[str, str]) -> None:
    """?period=week"""
    if "period" in asked:
        if asked["period"] in PERIODS:
            st.session_state["watch.period"] = asked["period"]
        else:
            unknown["period"] = asked["period"]
