"""The pieces that several pages draw: the verdict, the path to it, the errors."""

import html
import re
from pathlib import Path
from urllib.parse import quote

import streamlit as st

from inspection.errors import AssayError
from inspection.types import Inspection, Step, VerdictKind
from inspection.ui.palette import VERDICT_STYLES, VerdictStyle

STYLE = Path(__file__).parent / "app.css"
LOGO = str(Path(__file__).parent / "logo.svg")
MARK = str(
    Path(__file__).parent / "mark.svg"
)  # not a Material symbol: those are fetched from the network as favicons
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$])")
_BANNER = """
<div role="status" style="display:flex;align-items:center;gap:1rem;padding:0.9rem 1.25rem;border-radius:8px;
background:{fill};color:{text}">
<img src="{icon}" alt="" width="44" height="44" style="flex:none">
<div style="min-width:0"><div style="font-size:clamp(1.35rem,4.6vw,2.1rem);font-weight:700;line-height:1.15;
overflow-wrap:anywhere">{words}</div>
<div style="font-size:0.95rem;margin-top:0.2rem;overflow-wrap:anywhere">{meaning}</div></div></div>
"""


def escape_markdown(text: str) -> str:
    """Names come from outside: a file may be called like a link, an icon or a formula."""
    return _MARKDOWN.sub(r"\\\1", text)


def show_verdict(inspection: Inspection, *, cost: str) -> None:
    """Large and in words; the colour only repeats them."""
    style = VERDICT_STYLES[inspection.verdict.kind]
    st.html(
        _BANNER.format(
            fill=style.fill,
            text=style.text,
            icon=_draw_icon(style),
            words=html.escape(inspection.verdict.words),
            meaning=html.escape(f"{style.meaning} {cost}"),
        )
    )


def _draw_icon(style: VerdictStyle) -> str:
    """As an address: the page strips SVG out of HTML."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="{style.path}" fill="none" '
        f'stroke="{style.text}" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
    return f"data:image/svg+xml,{quote(svg)}"


def show_path(steps: tuple[Step, ...]) -> None:
    """The decision tree as it was walked, top to bottom."""
    for step in steps:
        icon = ":blue[:material/check_circle:]" if step.passed else ":orange[:material/error:]"
        st.markdown(f"{icon} **{escape_markdown(step.question)}**  \n{escape_markdown(step.answer)}")


def verdict_badge(kind: VerdictKind) -> str:
    """Markdown: the icon and the word."""
    return f"{VERDICT_STYLES[kind].icon} **{kind.value}**"


def show_error(error: AssayError) -> None:
    """The one place where an error that a person can act on becomes a box on the page."""
    st.error(escape_markdown(str(error)), icon=":material/error:", title=say_kind(error.kind))


def say_kind(kind: str) -> str:
    """ "PictureTooLarge" → "Picture too large"."""
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower()
    return words.capitalize()


def show_figure(figure: object, *, alt: str, key: str) -> None:
    from inspection.ui.charts import QUIET

    st.plotly_chart(figure, config=QUIET, alt=alt, key=key)
