"""Every cache of the dashboard. What is shared between sessions is the line's own: models, samples, cards; never an upload.

`cache_resource` holds what is used by reference and never changed (an Inspector is safe to call from many threads);
`cache_data` holds values. Each is bounded.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from inspection.config import load_settings
from inspection.images import read_picture
from inspection.lines import Line, list_lines, load_line
from inspection.types import Precision
from inspection.ui.overlays import cut_square, encode_jpeg
from inspection.ui.titles import TITLES

if TYPE_CHECKING:
    from inspection.pipeline import Inspector
    from models.card import Card
    from models.spec import ModelSpec

DEFAULT_LINE = "aluminium"


@dataclass(frozen=True, slots=True)
class Sample:
    stem: str  # in links: ?sample=<stem>
    name: str
    data: bytes
    thumbnail: bytes  # JPEG
    mask: bytes | None = None  # PNG: where the defect is, as far as that is known

    @property
    def label(self) -> str:
        """ "05-cracked-l-bracket" → "Cracked L-bracket"."""
        words = re.sub(r"^\d+[-_ ]+", "", self.stem).replace("_", " ").replace("-", " ").capitalize()
        return re.sub(r"\b([a-z]) ", lambda shape: f"{shape[1].upper()}-", words)


@st.cache_data(max_entries=1, ttl=60, show_spinner=False)
def line_names() -> tuple[str, ...]:
    """The default line first."""
    return tuple(sorted(list_lines(), key=lambda name: (name != DEFAULT_LINE, name)))


@st.cache_data(max_entries=32, ttl=60, show_spinner=False)
def get_line(name: str) -> Line:
    return load_line(name)


@st.cache_data(max_entries=8, ttl=600, show_spinner=False)
def get_samples(line_name: str) -> tuple[Sample, ...]:
    samples = []
    for path in load_line(line_name).samples():
        picture = read_picture(path)
        thumbnail = encode_jpeg(cut_square(picture.pixels, 192))
        mask = path.parent / "masks" / f"{path.stem}.png"
        known = mask.read_bytes() if mask.is_file() else None
        samples.append(Sample(path.stem, path.name, path.read_bytes(), thumbnail, known))
    return tuple(samples)


@st.cache_resource(max_entries=8, show_spinner=False)
def get_inspector(line: str, model: str, precision: Precision) -> "Inspector":
    # torch and openvino load here, not when the page is read
    from inspection.pipeline import load_inspector

    return load_inspector(line, model=model, precision=precision)


@st.cache_data(max_entries=64, ttl=60, show_spinner=False)
def get_card(line: str, model: str) -> "Card | None":
    """None where the line's model has no weights yet."""
    from models.card import read_card

    path = load_settings().weights_dir / line / f"{model}.json"
    return read_card(path) if path.is_file() else None


def get_registry() -> "dict[str, ModelSpec]":
    # torch loads with it: not when the page is read
    from models.registry import REGISTRY

    return REGISTRY


def model_titles() -> dict[str, str]:
    return TITLES
