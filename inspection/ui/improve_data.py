"""What the Improve page reads: labels, challengers and their gates, each cached until something new is said."""

import streamlit as st

from inspection.config import load_settings
from inspection.learning.challenge import MANIFEST, Challenge, judge_challenge, list_challenges
from inspection.learning.comparison import Pairing, compare_pair
from inspection.learning.gate import Gate
from inspection.lines import Line
from inspection.records.labels import Labels, find_last_answer, read_labels
from inspection.ui.keeping import get_store


def get_labels(line: Line) -> Labels:
    return _read_labels(line.name, line.classes, find_last_answer(get_store(), line.name), line)


@st.cache_data(max_entries=8, show_spinner=False)
def _read_labels(name: str, classes: tuple[str, ...], last_answer: int, _line: Line) -> Labels:
    return read_labels(get_store(), _line)


def get_challenges(line: Line) -> list[Challenge]:
    return list_challenges(line.name, load_settings())


def get_gate(challenge: Challenge, line: Line) -> Gate:
    return _judge(str(challenge.folder), _stamp(challenge), challenge, line)


def get_flips(challenge: Challenge, split: str) -> Pairing | None:
    """The challenger first; None where that set was not judged."""
    return _compare(str(challenge.folder), _stamp(challenge), challenge, split)


def _stamp(challenge: Challenge) -> int:
    return (challenge.folder / MANIFEST).stat().st_mtime_ns


@st.cache_data(max_entries=32, show_spinner=False)
def _judge(folder: str, changed_ns: int, _challenge: Challenge, _line: Line) -> Gate:
    return judge_challenge(_challenge, _line)


@st.cache_data(max_entries=32, show_spinner=False)
def _compare(folder: str, changed_ns: int, _challenge: Challenge, split: str) -> Pairing | None:
    champion, challenger = _challenge.evaluations()
    rows = (split, _challenge.precision)
    if rows not in champion or rows not in challenger:
        return None
    return compare_pair(challenger[rows], champion[rows])
