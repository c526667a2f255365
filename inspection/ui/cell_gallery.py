"""The pictures behind a number: a cell of the matrix, a flip between two models. With their heat maps where asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from inspection.errors import AssayError
from inspection.lines import SYNTHETIC
from inspection.types import Precision
from inspection.ui.evaluations import find_picture, get_evidence, get_thumbnail
from inspection.ui.exhibits import PERCENT, in_percent, offer_csv
from inspection.ui.widgets import escape_markdown, show_error

A_PAGE = 12


@dataclass(frozen=True, slots=True)
class Shown:
    key: str  # the picture's path below the line's folder
    words: str  # what is said beneath it
    row: dict[str, object]  # what the CSV says of it


@dataclass(frozen=True, slots=True)
class Explainer:
    """Who draws the heat maps."""

    line: str
    model: str
    precision: Precision
    title: str


def show_pictures(
    shown: Sequence[Shown],
    folders: tuple[Path, ...],
    *,
    name: str,
    line: str,
    explainers: Sequence[Explainer] = (),
) -> None:
    """`folders`: where the line's pictures lie here; `name`: of the file that is taken away, also the widgets' key."""
    if not shown:
        st.caption("No picture.")
        return
    here = any(find_picture(each.key, folders) for each in shown)
    with st.container(horizontal=True, vertical_alignment="center"):
        explainer = choose_explainer(explainers, key=name) if here else None
        page = turn_page(len(shown), key=name)
        offer_csv(lambda: [each.row for each in shown], name=name, label=f"List of all {len(shown)} (CSV)")
    some = shown[(page - 1) * A_PAGE : page * A_PAGE]
    if not here:
        tell_absent(line, len(folders))
        st.dataframe(
            in_percent([each.row for each in some], ("confidence",)),
            hide_index=True,
            placeholder="–",
            column_config={
                "picture": "Picture",
                "true class": "True class",
                "called": "Called",
                "confidence": st.column_config.NumberColumn("Confidence", format=PERCENT),
                "to review": "To review",
                "who is right": "Who is right",
            },
            alt="The pictures, by name",
        )
        return
    with st.grid("auto", min_column_width=150, gap="small", key=f"{name}.grid"):
        for each in some:
            with st.container(gap="xxsmall"):
                show_one(each, find_picture(each.key, folders), explainer)


def turn_page(count: int, *, key: str) -> int:
    pages = -(-count // A_PAGE)
    return min(pages, st.pagination(pages, key=f"{key}.page")) if pages > 1 else 1


def choose_explainer(explainers: Sequence[Explainer], *, key: str) -> Explainer | None:
    if not explainers:
        return None
    titles = ["Pictures", *(f"Heat map: {each.title}" for each in explainers)]
    chosen = st.segmented_control(
        "Show",
        range(len(titles)),
        format_func=lambda place: titles[place],
        default=0,
        required=True,
        label_visibility="collapsed",
        key=f"{key}.explainer",
    )
    return explainers[chosen - 1] if chosen else None


def show_one(each: Shown, path: Path | None, explainer: Explainer | None) -> None:
    words = escape_markdown(each.words)
    encoded = None
    if path is not None and explainer is not None:
        encoded, said = look(path, explainer)
        words += f"  \n{escape_markdown(said)}" if said else ""
    elif path is not None:
        encoded = get_thumbnail(str(path))
    if encoded is None:
        st.caption(f":material/hide_image: {escape_markdown(each.key)} is not here.")
    else:
        st.image(encoded, alt=f"{each.key}: {each.words}", width="stretch")
    st.caption(f"{words}  \n{escape_markdown(Path(each.key).name)}")


def look(path: Path, explainer: Explainer) -> tuple[bytes | None, str]:
    """The whole chain on this picture, now: what it says may differ from the evaluation, which was given the part."""
    try:
        found = get_evidence(str(path), explainer.line, explainer.model, explainer.precision)
    except AssayError as error:
        show_error(error)
        return None, ""
    return (None, "") if found is None else (found[0], f"Inspected now: {found[1]}")


def tell_absent(line: str, folders: int) -> None:
    where = "do not hold these pictures" if folders else "are not there"
    way = (
        "Make them with `make data`, which is `python -m inspection make-data aluminium --out var/data/aluminium`; those of "
        "*more parts* are made by `python -m inspection judge-more aluminium`, those of *calibration parts* by "
        "`python -m inspection calibrate aluminium`."
        if line in SYNTHETIC
        else "Put the line's folder at one of them to see the pictures and their heat maps."
    )
    st.info(
        f"The pictures of this line are not on this machine, so only their names are listed: `var/data/{line}` and "
        f"`$ASSAY_DATA/{line}` {where}. {way}",
        title="Pictures absent",
        icon=":material/hide_image:",
    )
