"""What the Explain page computes and keeps for its session: cases, and the maps made of them. Both bounded."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import streamlit as st

from inspection.explain_methods import explain_with
from inspection.explain_subject import Explanation, Subject, Watch, make_subject
from inspection.explain_trust import mask_of_boxes, read_mask
from inspection.images import decode
from inspection.lines import Line
from inspection.types import U8, Box, Inspection
from inspection.ui import inspectors, resources
from inspection.ui.choosing import name_samples
from inspection.ui.overlays import blend_heat, cut_box, draw_outline, encode_jpeg, fit
from inspection.ui.state import Batch, Choice, held_batch

if TYPE_CHECKING:
    from inspection.pipeline import Inspector

SHOWN_SIDE = 512
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Given:
    """A picture that can be explained."""

    label: str
    name: str
    data: bytes
    mask: bytes | None = None  # where its defect is, as far as that is known


@dataclass(frozen=True, slots=True)
class Case:
    """A picture as one model judged it."""

    choice: Choice
    inspection: Inspection
    subject: Subject
    shown: U8  # the crop, large enough for the screen
    size: tuple[int, int]  # width and height of the picture
    mask: U8 | None  # of the picture, above zero where its defect is known to be


@dataclass(frozen=True, slots=True)
class Marked:
    """Where a defect is, and whether that is known."""

    mask: U8  # (height, width) of the picture, above zero where it is
    known: bool  # else these are the boxes of the line's own detector, which may be wrong


class Shelf(Generic[Value]):
    """The last few of something; the oldest makes room."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[object, Value] = OrderedDict()

    def get(self, key: object) -> Value | None:
        if key in self._held:
            self._held.move_to_end(key)
        return self._held.get(key)

    def put(self, key: object, value: Value) -> Value:
        self._held[key] = value
        while len(self._held) > self._limit:
            self._held.popitem(last=False)
        return value

    def __len__(self) -> int:
        return len(self._held)


def list_given(line: Line) -> dict[str, Given]:
    """The pictures of this session's Inspect page first, then the line's samples."""
    given: dict[str, Given] = {}
    batch = held_batch()
    if batch is not None and not batch.from_samples and batch.choice.line == line.name:
        for index, entry in enumerate(batch.entries):
            if entry.inspection is not None:
                given[name_for_explain(batch, index)] = Given(
                    f"{entry.name} (from Inspect)", entry.name, entry.data
                )
    samples = resources.get_samples(line.name)
    for name, sample in zip(name_samples(samples), samples, strict=True):
        given[name] = Given(sample.label, sample.name, sample.data, sample.mask)
    return given


def name_for_explain(batch: Batch, index: int) -> str:
    """What the link to Explain calls it: a sample as everywhere, a picture of one's own by its place."""
    if not batch.from_samples:
        return f"mine-{index}"
    samples, own = resources.get_samples(batch.choice.line), batch.entries[index].name
    names = (name for name, sample in zip(name_samples(samples), samples, strict=True) if sample.name == own)
    return next(names, own)


def open_case(choice: Choice, given: Given, *, mask: bytes | None) -> Case:
    shelf = _shelf("explain.cases", 12, Case)
    inspector = inspectors.get_inspector(choice.line, choice.model, choice.precision)
    # other weights under the same name, or other rules, are another case
    used = given.mask if mask is None else mask
    # the same bytes may be given twice: as an upload, and as a sample whose mask is known
    key = (choice, inspectors.name_judge(inspector), given.name, hash(given.data), hash(used))
    held = shelf.get(key)
    return held if held is not None else shelf.put(key, _judge(inspector, choice, given, used))


def _judge(inspector: "Inspector", choice: Choice, given: Given, mask: bytes | None) -> Case:
    picture = decode(given.data, name=given.name)
    inspection = inspector.inspect(picture)
    subject = make_subject(inspector, picture, inspection)
    width, height = picture.width, picture.height
    known = None if mask is None else read_mask(mask, width=width, height=height)
    shown = np.ascontiguousarray(fit(cut_box(picture.pixels, subject.bounds), SHOWN_SIDE))
    return Case(choice, inspection, subject, shown, (width, height), known)


def find_marked(case: Case, class_name: str) -> Marked | None:
    """A mask of the picture; else what the line's detector boxed as the class that is explained."""
    if case.mask is not None:
        return Marked(case.mask, known=True)
    boxed = tuple(found for found in case.inspection.findings if found.class_name == class_name)
    width, height = case.size
    return Marked(mask_of_boxes(boxed, width=width, height=height), known=False) if boxed else None


def explain_case(case: Case, method: str, class_name: str, *, watching: Callable[[], Watch]) -> Explanation:
    """`watching` is called only where there is something to wait for."""
    shelf = _shelf("explain.made", 96, Explanation)
    key = key_of(case, method, class_name)
    held = shelf.get(key)
    if held is not None:
        return held
    return shelf.put(key, explain_with(method, case.subject, class_name, watch=watching()))


def is_made(case: Case, method: str, class_name: str) -> bool:
    return _shelf("explain.made", 96, Explanation).get(key_of(case, method, class_name)) is not None


def key_of(case: Case, method: str, class_name: str) -> tuple[object, ...]:
    judged = case.inspection
    return (judged.sha256, judged.model_sha256, case.subject.bounds, case.choice, method, class_name)


@dataclass(frozen=True, slots=True)
class Look:
    """How all maps of the page are drawn."""

    opacity_0_1: float
    smooth: bool
    outline: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """The picture of a card, and what it was drawn of."""

    case: Case
    explanation: Explanation
    jpeg: bytes


def picture_explanation(case: Case, explanation: Explanation, look: Look) -> bytes:
    """As JPEG; drawn anew when the look is another, and not at every run of the page."""
    shelf = _shelf("explain.drawn", 24, Drawing)
    key = (*key_of(case, explanation.method, explanation.heat_map.class_name), look)
    held = shelf.get(key)
    if held is None or held.case is not case or held.explanation is not explanation:
        drawn = draw_explanation(case, explanation, look)
        held = shelf.put(key, Drawing(case, explanation, encode_jpeg(drawn)))
    return held.jpeg


def draw_explanation(case: Case, explanation: Explanation, look: Look) -> U8:
    """The crop with its map, and the edge of what is marked as its defect."""
    height, width = case.shown.shape[:2]
    whole = replace(explanation.heat_map, crop=Box(0, 0, width, height))
    drawn = blend_heat(case.shown, whole, opacity_0_1=look.opacity_0_1, smooth=look.smooth)
    marked = find_marked(case, explanation.heat_map.class_name) if look.outline else None
    return drawn if marked is None else outline(case, drawn, marked)


def outline(case: Case, drawn: U8, marked: Marked) -> U8:
    height, width = drawn.shape[:2]
    part = cut_box(marked.mask, case.subject.bounds)
    rows = (np.arange(height) * part.shape[0] / height).astype(int)
    columns = (np.arange(width) * part.shape[1] / width).astype(int)
    return draw_outline(drawn, part[rows][:, columns])


def stopped_keys() -> set[tuple[object, ...]]:
    keys: set[tuple[object, ...]] = st.session_state.setdefault("explain.stopped", set())
    return keys


def _shelf(key: str, limit: int, kind: type[Value]) -> Shelf[Value]:
    shelf: Shelf[Value] = st.session_state.setdefault(key, Shelf[kind](limit))  # type: ignore[valid-type]
    return shelf
