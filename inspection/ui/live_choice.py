"""What runs on the live line: where its parts come from, and how fast."""

import math
from dataclasses import dataclass

import streamlit as st

from inspection.config import ROOT
from inspection.conveyor.pace import FASTEST_M_PER_S, SLOWEST_M_PER_S, Pace
from inspection.conveyor.parts import Source
from inspection.conveyor.stock import CAPACITY, StockSource, can_synthesise, default_stock
from inspection.conveyor.watched import ROOT_ITSELF, FolderSource, list_folders, watch_root
from inspection.lines import Line

MADE, WATCHED = "Synthesised parts", "Watched folder"
_UNITS = ("parts a minute", "m/s")
_PARTS_RANGE = (10, 300)
_DEFECTIVE, _PARTS, _METRES = "live.defective", "live.parts", "live.metres"


@dataclass(frozen=True, slots=True)
class SourceChoice:
    kind: str
    folder: str = ""

    def build(self) -> Source:
        if self.kind == MADE:
            return StockSource(default_stock(), defective_0_1=read_defective())
        return FolderSource(watch_root(), self.folder)


def choose_source(line: Line) -> SourceChoice | None:
    """None while there is nothing to take parts from."""
    offered = (MADE, WATCHED) if can_synthesise(line) else (WATCHED,)
    kind = st.segmented_control(
        "Parts",
        offered,
        required=True,
        key=_seed(f"live.source.{len(offered)}", offered[0]),
        help=None if len(offered) == 2 else "Parts can be synthesised for the aluminium line's classes only.",
    )
    if kind == MADE:
        st.slider(
            "Defective parts, %",
            0,
            100,
            step=5,
            key=_seed(_DEFECTIVE, 20),
            width=220,
            help="How many of the parts are made with a defect. What they were made as is compared with the verdicts. "
            f"{CAPACITY} different parts come by again and again.",
        )
        return SourceChoice(MADE)
    return _choose_folder()


def read_defective() -> float:
    return float(st.session_state.get(_DEFECTIVE, 20)) / 100


def turn_to_defective(share_0_1: float) -> None:
    st.session_state[_DEFECTIVE] = round(100 * share_0_1)


def turn_to_source(source: SourceChoice, pace: Pace, *, keeping: bool) -> None:
    """Before the widgets are drawn, whether they were drawn here before or not."""
    st.session_state["live.source.2"] = source.kind  # where one kind alone is offered, it is chosen
    if source.kind == WATCHED and source.folder in list_folders(watch_root()):
        st.session_state["live.folder"] = source.folder
    _turn_to_pace(pace)
    st.session_state[f"live.keep.{source.kind == MADE}"] = keeping


def _turn_to_pace(pace: Pace) -> None:
    """In the unit in which it is a round number: the slider is to show it as it is, and to turn nothing."""
    whole = math.isclose(pace.parts_per_min, round(pace.parts_per_min), abs_tol=1e-6)
    st.session_state["live.unit"] = _UNITS[0] if whole else _UNITS[1]
    st.session_state["kept.parts_per_min"] = pace.parts_per_min
    for drawn_before in (_PARTS, _METRES):
        st.session_state.pop(drawn_before, None)


def _seed(key: str, fallback: object) -> str:
    """The widget's key, with its first value put where no other is. Streamlit takes a default or a value set, not both."""
    st.session_state.setdefault(key, fallback)
    return key


def _choose_folder() -> SourceChoice | None:
    root = watch_root()
    folders = list_folders(root)
    if not folders:
        st.info(
            f"Pictures are taken from `{say_root()}`, which does not exist yet. Make it, put pictures into it or into "
            "folders below it, and reload the page. `ASSAY_WATCH` names another place when the server is started.",
            title="No folder to watch",
            icon=":material/folder_off:",
        )
        return None
    folder = st.selectbox(
        "Folder",
        folders,
        format_func=lambda name: f"{say_root()} itself" if name == ROOT_ITSELF else name,
        key="live.folder",
        width=220,
        help="Pictures that are in it come first, oldest first; then those that arrive. Each is judged once; a line that "
        "is started anew takes those that lie there again. A folder whose name is no UTF-8 is not offered.",
    )
    return SourceChoice(WATCHED, folder)


def say_root() -> str:
    root = watch_root()
    return str(root.relative_to(ROOT)) if root.is_relative_to(ROOT) else root.name


def choose_pace() -> Pace:
    """One speed in two units; it may be turned while the line runs."""
    unit = st.segmented_control("Speed in", _UNITS, required=True, key=_seed("live.unit", _UNITS[0]))
    kept = Pace.of_parts(st.session_state.get("kept.parts_per_min", 45))
    if unit == "m/s":
        pace = Pace(
            st.slider(
                "Speed of the belt, m/s",
                SLOWEST_M_PER_S,
                FASTEST_M_PER_S,
                step=0.05,
                key=_seed(_METRES, min(max(round(kept.metres_per_s, 2), SLOWEST_M_PER_S), FASTEST_M_PER_S)),
                width=260,
            )
        )
    else:
        pace = Pace.of_parts(
            st.slider(
                "Speed of the belt, parts a minute",
                *_PARTS_RANGE,
                key=_seed(_PARTS, min(max(round(kept.parts_per_min), _PARTS_RANGE[0]), _PARTS_RANGE[1])),
                width=260,
            )
        )
    st.session_state["kept.parts_per_min"] = pace.parts_per_min
    return pace


def choose_keeping(source: SourceChoice) -> bool:
    """Turned while the line runs. Off at first for parts that are made: nobody produced them."""
    made = source.kind == MADE
    return st.toggle(
        "Keep these parts",
        key=_seed(f"live.keep.{made}", not made),
        help="Each judged part becomes a record, like those of the Inspect page, with “"
        f"{source.kind.lower()}” as its source. "
        + (
            "Synthesised parts in the records would count in Watch and come up in Review like real ones, so leave this "
            "off unless you try those pages out."
            if made
            else "They are found on the Records page, count in Watch, and come up in Review."
        ),
    )


def say_pace(pace: Pace) -> str:
    return (
        f"{pace.parts_per_min:.0f} parts a minute, {pace.metres_per_s:.2f} m/s: a part every "
        f"{pace.budget_ms:,.0f} ms, so that is how long a verdict may take."
    )
