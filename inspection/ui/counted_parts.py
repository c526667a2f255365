"""Of how many parts the pictures of an evaluation are: variants of one part are no trials of their own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from inspection.errors import DataInvalid
from inspection.learning.parts import read_groups, say_variants
from inspection.lines import Line


def say_parts(line: Line, keys: Sequence[str]) -> str | None:
    return say_variants(keys, find_groups(line))


def find_groups(line: Line) -> Mapping[str, str]:
    """key → part; empty where the line names none. A damaged file is named where it is needed, at the next training."""
    if line.data.groups is None:
        return {}
    path = Path(line.data.groups)
    try:
        return _read_groups(path, path.stat().st_mtime_ns)
    except (DataInvalid, FileNotFoundError):
        return {}


@st.cache_resource(max_entries=8, show_spinner=False)
def _read_groups(path: Path, changed_ns: int) -> dict[str, str]:
    return read_groups(path)
