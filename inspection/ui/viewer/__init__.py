"""The evidence viewer: the picture with its boxes and its heat map, turned in the browser without a round trip."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from inspection.types import Box, HeatMap, Inspection, VerdictKind
from inspection.ui.overlays import heat_layers, to_data_url
from inspection.ui.palette import BOX_COLOUR, VERDICT_STYLES, heat_gradient_css
from inspection.wording import round_percent

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "assay_evidence_viewer",
    html=(_HERE / "viewer.html").read_text(encoding="utf-8"),
    css=(_HERE / "viewer.css").read_text(encoding="utf-8"),
    js=(_HERE / "viewer.js").read_text(encoding="utf-8"),
)
FAINT_0_1 = (
    0.25  # of the fixed scale: on a part that was rejected a map below it looks as if there were no reason
)
_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")


@dataclass(frozen=True, slots=True)
class View:
    """What the viewer shows: the picture as JPEG, and the size that the boxes are measured in."""

    photo: bytes
    size: tuple[int, int]
    inspection: Inspection


def show_evidence(view: View, *, key: str) -> None:
    # in a list: a dictionary Streamlit would search for tables, for which it loads pandas before the first picture
    _COMPONENT(key=key, data=[recall_view(view, key=key)])


def recall_view(view: View, *, key: str) -> dict[str, Any]:
    """Described once for as long as the same picture is looked at: its layers need not be painted and encoded at every
    run. Held in this session, one picture a viewer."""
    held = st.session_state.get(f"viewer.{key}")
    if held is not None and held[0].photo is view.photo and held[0].inspection is view.inspection:
        described: dict[str, Any] = held[1]
        return described
    described = describe_view(view)
    st.session_state[f"viewer.{key}"] = (view, described)
    return described


def describe_view(view: View) -> dict[str, Any]:
    """The component's data; every length is a fraction of the picture."""
    inspection, (width, height) = view.inspection, view.size
    focus = inspection.box or (inspection.heat_map.crop if inspection.heat_map else None)
    return {
        "photo": to_data_url(view.photo),
        "width": width,
        "height": height,
        "alt": describe_picture(inspection),
        "boxes": _list_boxes(inspection, width, height),
        "focus": _fractions(focus, width, height) if inspection.box and focus else None,
        "heat": _describe_heat(inspection, width, height),
        "note": _explain_absence(inspection),
    }


def _list_boxes(inspection: Inspection, width: int, height: int) -> list[dict[str, Any]]:
    boxes = []
    if inspection.box is not None:
        sure = "" if inspection.box_score_0_1 is None else f" {round_percent(inspection.box_score_0_1, 0)}%"
        label = {"label": f"part{sure}", "colour": BOX_COLOUR}
        boxes.append(_fractions(inspection.box, width, height) | label)
    colour = VERDICT_STYLES[VerdictKind.REJECT].fill
    for found in inspection.findings:
        label = {"label": f"{found.class_name} {round_percent(found.score_0_1, 0)}%", "colour": colour}
        boxes.append(_fractions(found.box, width, height) | label)
    return boxes


def _fractions(box: Box, width: int, height: int) -> dict[str, Any]:
    return {
        "x": box.x1 / width,
        "y": box.y1 / height,
        "w": (box.x2 - box.x1) / width,
        "h": (box.y2 - box.y1) / height,
    }


def _describe_heat(inspection: Inspection, width: int, height: int) -> dict[str, Any] | None:
    heat_map = inspection.heat_map
    if heat_map is None:
        return None
    native, smooth = heat_layers(heat_map)
    peak = float(heat_map.grid.max())
    rows, columns = heat_map.grid.shape
    return _fractions(heat_map.crop, width, height) | {
        "native": to_data_url(native),
        "smooth": to_data_url(smooth),
        "gradient": _gradient(),
        "peak": min(1.0, peak / heat_map.scale),
        "high": f"≥ {heat_map.scale:.3g}",
        "cells": f"Native {columns}×{rows}",
        "note": f"Heat for “{heat_map.class_name}”. One scale for every picture of this model; warmest here: {peak:.3g}."
        + say_faint(inspection),
    }


def say_faint(inspection: Inspection) -> str:
    """Why a part is surely rejected and hardly anything is warm; "" where there is nothing to wonder at."""
    heat_map, verdict = inspection.heat_map, inspection.verdict
    if (
        heat_map is None
        or verdict.kind is not VerdictKind.REJECT
        or verdict.class_name != heat_map.class_name
    ):
        return ""
    share = float(heat_map.grid.max()) / heat_map.scale
    if share >= FAINT_0_1:
        return ""
    return (
        f" This map is faint, at most {round_percent(share, 0)} % of the scale: no place raised “{heat_map.class_name}” as much as in other "
        f"pictures, which takes nothing from the {round_percent(verdict.score_0_1, 0)} %. To see where the little heat lies, open the Explain "
        "page: Ablation-CAM and Score-CAM are drawn on their own maximum."
    )


@lru_cache(maxsize=1)
def _gradient() -> str:
    return heat_gradient_css()


def _explain_absence(inspection: Inspection) -> str | None:
    if inspection.heat_map is not None:
        return None
    if inspection.verdict.kind is VerdictKind.NO_PART:
        return "No part was found, so nothing was classified and there is no heat map."
    return "This model draws no heat map. The Explain page can probe it from outside."


def describe_picture(inspection: Inspection) -> str:
    """What a person who cannot see the picture is told."""
    parts = [f"Picture {inspection.picture}. {inspection.verdict.words}."]
    if inspection.box is not None:
        parts.append("The part is boxed.")
    if inspection.heat_map is not None and float(inspection.heat_map.grid.max()) > 0:
        parts.append(f"The heat map is warmest at the {find_hottest(inspection.heat_map)} of the part.")
    return " ".join(parts)


def find_hottest(heat_map: HeatMap) -> str:
    """ "upper left", "centre", … of the crop."""
    rows, columns = heat_map.grid.shape
    row, column = np.unravel_index(int(heat_map.grid.argmax()), heat_map.grid.shape)
    down, across = _ROWS[int((row + 0.5) * 3 / rows)], _COLUMNS[int((column + 0.5) * 3 / columns)]
    if down == "middle":
        return "centre" if across == "centre" else f"middle {across}"
    return f"{down} {across}"
