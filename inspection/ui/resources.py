"""Every cache of the dashboard. What is shared between sessions is the line's own: models, samples, cards; never an upload.

`cache_resource` holds what is used by reference and never changed (an Inspector is safe to call from many threads; a
line, a card, a sample are frozen); `cache_data` would copy what it holds at every look, and a page looks dozens of
times. Each is bounded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from inspection.config import load_settings
from inspection.errors import LineInvalid, PictureRefused, WeightsRefused
from inspection.images import read_picture
from inspection.lines import FoundLines, Line, check_lines, load_line
from inspection.ui.overlays import cut_square, encode_jpeg
from inspection.ui.titles import TITLES

if TYPE_CHECKING:
    from inspection.records.champions import Champion, ChampionReader
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


@dataclass(frozen=True, slots=True)
class FoundSamples:
    """One picture that cannot be read is left out, and no other."""

    sound: tuple[Sample, ...]
    broken: tuple[str, ...]  # what is wrong with each of the others


@st.cache_resource(max_entries=1, ttl=60, show_spinner=False)
def find_lines() -> FoundLines:
    return check_lines()


def line_names() -> tuple[str, ...]:
    """The default line first; without those whose file cannot be read."""
    names = tuple(sorted(find_lines().sound, key=lambda name: (name != DEFAULT_LINE, name)))
    if not names:
        raise LineInvalid(
            f"Expected a line that can be read in {load_settings().lines_dir}, got none. "
            f"{' '.join(find_lines().broken.values())}".strip()
        )
    return names


def broken_lines() -> Mapping[str, str]:
    """Name → what is wrong with its file."""
    return find_lines().broken


@st.cache_resource(max_entries=32, ttl=60, show_spinner=False)
def read_line(name: str) -> Line:
    return load_line(name)


@st.cache_data(max_entries=1, ttl=5, show_spinner=False)
def _reach_store() -> bool:
    """Asked again after a while: a server that does not answer holds up every question."""
    from inspection.records.errors import StoreError
    from inspection.ui.keeping import get_store

    try:
        get_store()
    except StoreError:
        return False
    return True


@st.cache_resource(max_entries=1, show_spinner=False)
def _read_champions() -> "ChampionReader":
    from inspection.records.champions import ChampionReader
    from inspection.ui.keeping import get_store

    return ChampionReader(get_store())


def get_champion(name: str, *, fresh: bool = False) -> "Champion":
    """What runs the line now, as the chain says: a promotion takes effect without a restart, in every process."""
    from inspection.records.champions import find_without_store

    line = read_line(name)
    if not _reach_store():  # a line does not stop because its records cannot be reached
        return find_without_store(line, load_settings())
    return _read_champions().find(line, fresh=fresh)


class _Lines:
    """The definition is cached; who is champion of it is asked each time."""

    def __call__(self, name: str) -> Line:
        from inspection.records.champions import serve_champion

        line = read_line(name)
        try:
            return serve_champion(line, get_champion(name))
        except WeightsRefused:  # told where the weights are needed; the other lines must still be found
            return line

    def clear(self) -> None:
        read_line.clear()


get_line = _Lines()


def title_line(name: str) -> str:
    """Of the definition alone: who is champion costs a look into the chain."""
    return read_line(name).title


@st.cache_resource(max_entries=8, ttl=600, show_spinner=False)
def find_samples(line_name: str) -> FoundSamples:
    sound, broken = [], []
    for path in load_line(line_name).samples():
        try:
            sound.append(_read_sample(path))
        except PictureRefused as error:
            broken.append(str(error).removeprefix(f"{path.parent}/"))  # who sees it need not know the disk
    return FoundSamples(tuple(sound), tuple(broken))


def get_samples(line_name: str) -> tuple[Sample, ...]:
    return find_samples(line_name).sound


def _read_sample(path: Path) -> Sample:
    picture = read_picture(path)
    thumbnail = encode_jpeg(cut_square(picture.pixels, 192))
    mask = path.parent / "masks" / f"{path.stem}.png"
    known = mask.read_bytes() if mask.is_file() else None
    return Sample(path.stem, path.name, path.read_bytes(), thumbnail, known)


def find_weights_dir(line: str, model: str) -> Path:
    """Laid out like models/weights; a promoted champion has one of its own."""
    from inspection.records.champions import find_weights_dir

    return find_weights_dir(model, get_champion(line), load_settings())


class _Cards:
    """Files are looked at each time and read again when they changed."""

    def __call__(self, line: str, model: str) -> "Card | None":
        """None where the line's model has no weights yet; refused where somebody damaged the card."""
        path = find_weights_dir(line, model) / line / f"{model}.json"
        try:
            return _read_card(path, path.stat().st_mtime_ns)
        except FileNotFoundError:
            return None

    def clear(self) -> None:
        _read_card.clear()


@st.cache_resource(max_entries=64, show_spinner=False)
def _read_card(path: Path, changed_ns: int) -> "Card":
    from models.card import CardInvalid, read_card

    try:
        return read_card(path)
    except CardInvalid as error:
        raise WeightsRefused(str(error)) from error


get_card = _Cards()


def get_sound_card(line: str, model: str) -> "Card | None":
    """None also where it cannot be believed: for whoever can do without it."""
    try:
        return get_card(line, model)
    except WeightsRefused:
        return None


def list_released(line: str) -> tuple[str, ...]:
    """Models whose weights lie with the line's, whether its file names them or not."""
    return tuple(path.stem for path in sorted((load_settings().weights_dir / line).glob("*.json")))


def get_registry() -> "dict[str, ModelSpec]":
    # torch loads with it: not when the page is read
    from models.registry import REGISTRY

    return REGISTRY


def model_titles() -> dict[str, str]:
    return TITLES


def title_model(name: str) -> str:
    return TITLES.get(name, name)
