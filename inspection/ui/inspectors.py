"""What judges: one inspector for each set of weights, shared by every session, and the precision that it runs at."""

import copy
import os
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

import streamlit as st

from inspection.config import load_settings
from inspection.errors import AssayError, PrecisionUnavailable
from inspection.lines import Line
from inspection.types import PRECISIONS, Precision
from inspection.ui import resources

if TYPE_CHECKING:
    from inspection.pipeline import Inspector
    from inspection.records.champions import Champion

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

        champion = resources.get_champion(line)
        told = serve_champion(resources.read_line(line), champion)
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
        if loaded.line == told:
            return loaded
        if _shape(loaded.line, model) != _shape(told, model):
            # the file was changed since the line was looked up: it is looked up again soon, and this is not kept for it
            _load_inspector.clear(line, model, precision, needs, promoted)
            return loaded
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
    from inspection.loading import load_inspector

    if _champion is None:
        return load_inspector(line, model=model, precision=precision)
    return load_inspector(line, model=model, precision=precision, champion=_champion)


get_inspector = _Inspectors()


def serve_precision(line: Line, model: str, wanted: Precision) -> tuple[Precision, str | None]:
    """F32 and the reason, where INT8 was asked for and the release withholds it, or this machine was found to refuse it."""
    if wanted != "int8":
        return wanted, None
    cards = (resources.get_card(line.name, name) for name in line.deciders(model))
    why = next((card.withheld for card in cards if card is not None and card.withheld), None)
    if why is None and _refusals():  # mostly there are none, and nothing is looked up
        refused = _refusals().get(_list_needs(line, model, resources.get_champion(line.name)))
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
    return get_able_inspector(line, line.champion, served)


def get_able_inspector(line: Line, model: str, wanted: Precision) -> "Inspector":
    """At F32 where this machine turns out to refuse INT8."""
    try:
        return get_inspector(line.name, model, wanted)
    except PrecisionUnavailable:
        served, _ = serve_precision(line, model, wanted)
        if served == wanted:
            raise
        return get_inspector(line.name, model, served)


def name_judge(inspector: "Inspector") -> tuple[object, ...]:
    """All that a verdict rests on beside the picture: other weights or other rules are another judge. A line's title or its
    rivals are none of it."""
    from inspection.records.shift_challenge import read_deciders

    detectors = tuple(sorted(inspector.detector_sha256.items()))
    served = inspector.model, inspector.classifier_label.precision, inspector.classifying.weights_sha256
    return *served, _shape(inspector.line, inspector.model), detectors, repr(read_deciders(inspector))
