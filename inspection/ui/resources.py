"""Every cache of the dashboard. What is shared between sessions is the line's own: models, samples, cards; never an upload.

`cache_resource` holds what is used by reference and never changed (an Inspector is safe to call from many threads; a
line, a card, a sample are frozen); `cache_data` would copy what it holds at every look, and a page looks dozens of
times. Each is bounded.
"""

import copy
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from inspection.config import load_settings
from inspection.errors import AssayError, LineInvalid, PrecisionUnavailable, WeightsRefused
from inspection.images import read_picture
from inspection.lines import FoundLines, Line, check_lines, load_line
from inspection.types import PRECISIONS, Precision
from inspection.ui.overlays import cut_square, encode_jpeg
from inspection.ui.titles import TITLES

if TYPE_CHECKING:
    from inspection.pipeline import Inspector
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
def _load_line(name: str) -> Line:
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

    line = _load_line(name)
    if not _reach_store():  # a line does not stop because its records cannot be reached
        return find_without_store(line, load_settings())
    return _read_champions().find(line, fresh=fresh)


class _Lines:
    """The definition is cached; who is champion of it is asked each time."""

    def __call__(self, name: str) -> Line:
        from inspection.records.champions import serve_champion

        line = _load_line(name)
        try:
            return serve_champion(line, get_champion(name))
        except WeightsRefused:  # told where the weights are needed; the other lines must still be found
            return line

    def clear(self) -> None:
        _load_line.clear()


get_line = _Lines()


def title_line(name: str) -> str:
    """Of the definition alone: who is champion costs a look into the chain."""
    return _load_line(name).title


@st.cache_resource(max_entries=8, ttl=600, show_spinner=False)
def get_samples(line_name: str) -> tuple[Sample, ...]:
    samples = []
    for path in load_line(line_name).samples():
        picture = read_picture(path)
        thumbnail = encode_jpeg(cut_square(picture.pixels, 192))
        mask = path.parent / "masks" / f"{path.stem}.png"
        known = mask.read_bytes() if mask.is_file() else None
        samples.append(Sample(path.stem, path.name, path.read_bytes(), thumbnail, known))
    return tuple(samples)


def find_weights_dir(line: str, model: str) -> Path:
    """Laid out like models/weights; a promoted champion has one of its own."""
    from inspection.records.champions import find_weights_dir

    return find_weights_dir(model, get_champion(line), load_settings())


Needs = tuple[object, ...]


def _shape(line: Line, model: str) -> Needs:
    """What of a line's file decides what is loaded; the rest are rules, which are read at each inspection."""
    return line.classes, line.good, line.deciders(model), line.defect_detector


def _list_needs(line: Line, model: str, champion: "Champion") -> Needs:
    """Where none of it changed, what was loaded is what would be loaded: the classifier and the detectors, by hash."""
    from inspection.records.surroundings import find_hashes

    names, release = (*line.deciders(model), line.defect_detector), champion.release
    hashes = tuple(find_hashes(line.name, name, load_settings()) for name in names if name is not None)
    return line.name, _shape(line, model), hashes, "" if release is None else release.sha256


class _Inspectors:
    """One for each set of weights, so that a promotion loads another one and a return finds the earlier one warm. It
    judges by the line's rules as they stand now."""

    def __call__(self, line: str, model: str, precision: Precision) -> "Inspector":
        from inspection.records.champions import serve_champion

        champion = get_champion(line)
        told = serve_champion(_load_line(line), champion)
        needs = _list_needs(told, model, champion)
        if precision == "int8" and (why := _refusals().get(needs)) is not None:
            raise PrecisionUnavailable(why)
        # as shipped it is found by name; a promoted one lies elsewhere
        promoted = None if champion.release is None else champion
        try:
            loaded = _load_inspector(line, model, precision, needs, promoted)
        except PrecisionUnavailable as error:
            if precision == "int8":
                _refusals()[needs] = str(error)
            raise
        if loaded.line == told or _shape(loaded.line, model) != _shape(told, model):
            return loaded  # the file was changed since the line was looked up: it is looked up again soon
        renewed = copy.copy(loaded)  # shares the engines; the rules are its own
        renewed.line = told
        return renewed

    def clear(self) -> None:
        _load_inspector.clear()
        _refusals.clear()


@st.cache_resource(max_entries=1, show_spinner=False)
def _refusals() -> dict[Needs, str]:
    """Why INT8 does not run on this machine, as loading it said: asking again would quantise it again."""
    return {}


@st.cache_resource(max_entries=8, show_spinner=False)
def _load_inspector(
    line: str,
    model: str,
    precision: Precision,
    needs: Needs,
    _champion: "Champion | None",
) -> "Inspector":
    # torch and openvino load here, not when the page is read
    from inspection.pipeline import load_inspector

    if _champion is None:
        return load_inspector(line, model=model, precision=precision)
    return load_inspector(line, model=model, precision=precision, champion=_champion)


get_inspector = _Inspectors()


class _Cards:
    """Files are looked at each time and read again when they changed."""

    def __call__(self, line: str, model: str) -> "Card | None":
        """None where the line's model has no weights yet."""
        path = find_weights_dir(line, model) / line / f"{model}.json"
        try:
            return _read_card(path, path.stat().st_mtime_ns)
        except FileNotFoundError:
            return None

    def clear(self) -> None:
        _read_card.clear()


@st.cache_resource(max_entries=64, show_spinner=False)
def _read_card(path: Path, changed_ns: int) -> "Card":
    from models.card import read_card

    return read_card(path)


get_card = _Cards()


def list_released(line: str) -> tuple[str, ...]:
    """Models whose weights lie with the line's, whether its file names them or not."""
    return tuple(path.stem for path in sorted((load_settings().weights_dir / line).glob("*.json")))


def serve_precision(line: Line, model: str, wanted: Precision) -> tuple[Precision, str | None]:
    """F32 and the reason, where INT8 was asked for and the release withholds it, or this machine was found to refuse it."""
    if wanted != "int8":
        return wanted, None
    cards = (get_card(line.name, name) for name in line.deciders(model))
    why = next((card.withheld for card in cards if card is not None and card.withheld), None)
    if why is None and _refusals():  # mostly there are none, and nothing is looked up
        refused = _refusals().get(_list_needs(line, model, get_champion(line.name)))
        why = None if refused is None else f"this machine refuses it. {refused}".rstrip(".")
    return ("int8", None) if why is None else ("f32", why)


def learn_precision(line: Line, model: str, wanted: Precision) -> tuple[Precision, str | None]:
    """The same for a model that is about to judge: whether its INT8 runs here is found out by loading it."""
    served, why = serve_precision(line, model, wanted)
    if served != "int8":
        return served, why
    with suppress(AssayError):  # whatever else is amiss is told where the weights are needed
        get_inspector(line.name, model, served)
    return serve_precision(line, model, wanted)


@lru_cache(maxsize=1)
def doubts_int8() -> bool:
    """Without VNNI most INT8 models are refused; with it they run, and no page need wait to be told so."""
    from inspection.engines.machine import list_instructions

    exact = {"AMX-INT8", "AVX512-VNNI", "AVX-VNNI"}
    return "ONEDNN_MAX_CPU_ISA" in os.environ or exact.isdisjoint(list_instructions())


def get_serving_inspector(line: Line) -> "Inspector":
    """What runs the line: its champion, at INT8 unless that is withheld or refused here."""
    served, _ = serve_precision(line, line.champion, PRECISIONS[0])
    try:
        return get_inspector(line.name, line.champion, served)
    except PrecisionUnavailable:
        after, _ = serve_precision(line, line.champion, served)
        if after == served:
            raise
        return get_inspector(line.name, line.champion, after)


def name_judge(inspector: "Inspector") -> tuple[object, ...]:
    """All that a verdict rests on beside the picture: other weights or other rules are another judge."""
    detectors = tuple(sorted(inspector.detector_sha256.items()))
    return inspector.classifying.weights_sha256, detectors, repr(inspector.line)


def get_registry() -> "dict[str, ModelSpec]":
    # torch loads with it: not when the page is read
    from models.registry import REGISTRY

    return REGISTRY


def model_titles() -> dict[str, str]:
    return TITLES


def title_model(name: str) -> str:
    return TITLES.get(name, name)
