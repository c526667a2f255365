"""One record on one page of A4: the verdict, the picture, the map, all that was known, its hash, and a code back to it."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from inspection.explain_pdf import BOLD, FONT, MARGIN, printable, wrap
from inspection.records.decisions import read_current
from inspection.records.facts import list_facts, say_outcome, say_time
from inspection.records.qr import build_qr
from inspection.records.record import Kind, Record
from inspection.types import VerdictKind

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_SIZE, _LEADING, _TITLE = 6.6, 8.2, 17  # points
_CODE_SIDE = 74.0
_PICTURE_HEIGHT = 190.0
_COLUMN_GAP = 14.0


@dataclass(frozen=True, slots=True)
class RecordSheet:
    record: Record
    later: Sequence[Record]  # decisions and corrections about it
    pictures: Mapping[str, bytes]  # title → JPEG; empty where the picture is gone
    address: str  # where the record opens; empty: the code alone is printed
    made: datetime
    made_by: str


def write_record_sheet(sheet: RecordSheet) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    stream = io.BytesIO()
    width, height = A4
    canvas = Canvas(stream, pagesize=A4, invariant=1)
    canvas.setTitle(f"Record {sheet.record.code}")
    canvas.setCreator("Assay")
    top = _draw_head(canvas, sheet, width=width, top=height - MARGIN)
    top = _draw_pictures(canvas, sheet.pictures, width=width, top=top)
    _draw_facts(canvas, sheet, width=width, top=top)
    canvas.setFont(FONT, _SIZE)
    canvas.drawString(
        MARGIN, MARGIN - 6, printable(f"Printed {say_time(sheet.made)} by {sheet.made_by}. Assay.")
    )
    canvas.drawRightString(
        width - MARGIN,
        MARGIN - 6,
        "The record stands in the store; this page is a copy. Open the code to compare.",
    )
    canvas.save()
    return stream.getvalue()


def _draw_head(canvas: "Canvas", sheet: RecordSheet, *, width: float, top: float) -> float:
    record = sheet.record
    left, right = MARGIN, width - MARGIN
    beside_code = right - left - _CODE_SIDE - 10
    _draw_code(canvas, sheet.address or record.code, x=right - _CODE_SIDE, y=top - _CODE_SIDE)
    title = say_outcome(record.verdict, record.class_name) or record.kind.value.capitalize()
    y = top - 15
    corrected = say_correction(record, sheet.later)
    for text, font, size in (
        (title, BOLD, _TITLE),
        *([(corrected, BOLD, 10)] if corrected else []),
        (f"Record {record.code}", BOLD, 10),
        (f"{record.line} · {say_time(record.at)} · {record.person}", FONT, 9),
        (f"Record SHA-256 {record.hash}", FONT, 7.2),
        (f"Picture SHA-256 {record.picture_sha256 or 'none'}", FONT, 7.2),
    ):
        canvas.setFont(font, size)
        for line in wrap(text, font, size, beside_code):
            canvas.drawString(left, y, line)
            y -= size if size == _TITLE else size + 4
    if sheet.address:
        y = _draw_text(canvas, sheet.address, x=left, y=y, width=beside_code)
    return min(y, top - _CODE_SIDE) - 12


def say_correction(record: Record, later: Sequence[Record]) -> str:
    """A page that is read alone must not say what no longer holds. Empty where nothing was corrected."""
    if not any(one.kind is Kind.CORRECTION for one in later):
        return ""
    current = read_current(record, later)
    holds = say_outcome(current["verdict"], current["class"])
    return f"Corrected since: {holds} (record {current['record']})"


def _draw_code(canvas: "Canvas", text: str, *, x: float, y: float) -> None:
    modules = build_qr(text)
    side = _CODE_SIDE / len(modules)
    canvas.setFillGray(0)
    for row, cells in enumerate(modules):
        for column, dark in enumerate(cells):
            if dark:  # a hair wider, so that no light lines show between them
                canvas.rect(
                    x + column * side,
                    y + _CODE_SIDE - (row + 1) * side,
                    side + 0.02,
                    side + 0.02,
                    stroke=0,
                    fill=1,
                )


def _draw_pictures(canvas: "Canvas", pictures: Mapping[str, bytes], *, width: float, top: float) -> float:
    if not pictures:
        return _draw_text(canvas, "The picture is not here.", x=MARGIN, y=top, width=width) - 6
    from reportlab.lib.utils import ImageReader

    wide = (width - 2 * MARGIN - _COLUMN_GAP * (len(pictures) - 1)) / len(pictures)
    for place, (title, jpeg) in enumerate(pictures.items()):
        x = MARGIN + place * (wide + _COLUMN_GAP)
        canvas.setFont(BOLD, 8)
        canvas.drawString(x, top - 8, printable(title))
        canvas.drawImage(
            ImageReader(io.BytesIO(jpeg)),
            x,
            top - 12 - _PICTURE_HEIGHT,
            width=wide,
            height=_PICTURE_HEIGHT,
            preserveAspectRatio=True,
            anchor="nw",
        )
    return top - _PICTURE_HEIGHT - 26


def _draw_facts(canvas: "Canvas", sheet: RecordSheet, *, width: float, top: float) -> None:
    """Two columns; what is longer than the page goes on to another."""
    from reportlab.lib.pagesizes import A4

    columns = (width - 2 * MARGIN - _COLUMN_GAP) / 2
    lines = list(_list_lines(sheet, columns))
    x, y, bottom, first_top = MARGIN, top, MARGIN + 10, top
    for font, text in lines:
        if y < bottom:
            if x == MARGIN:
                x, y = MARGIN + columns + _COLUMN_GAP, first_top
            else:
                canvas.showPage()
                x, y = MARGIN, A4[1] - MARGIN
                first_top = y
        canvas.setFont(font, _SIZE)
        canvas.drawString(x, y, text)
        y -= _LEADING


def _list_lines(sheet: RecordSheet, width: float) -> list[tuple[str, str]]:
    """(font, line), wrapped."""
    lines: list[tuple[str, str]] = []
    for group, rows in list_facts(sheet.record).items():
        lines += [(FONT, ""), (BOLD, printable(group))] if lines else [(BOLD, printable(group))]
        for name, value in rows.items():
            lines += [(FONT, line) for line in wrap(f"{name}: {value}", FONT, _SIZE, width)]
    lines += [(FONT, ""), (BOLD, "What people said of it since")]
    said = [say_later(record) for record in sheet.later] or ["Nothing."]
    for text in said:
        lines += [(FONT, line) for line in wrap(text, FONT, _SIZE, width)]
    return lines


def say_later(record: Record) -> str:
    """A decision or a correction in one sentence."""
    body = record.body
    outcome = say_outcome(record.verdict, record.class_name)
    reason = f" Reason: {body['reason']}" if body.get("reason") else ""
    head = f"Record {record.id}, {say_time(record.at)}, {record.person}:"
    if record.kind is Kind.CORRECTION:
        changed = ", ".join(
            f"{name} from {body['old'][name] or 'none'} to {body['new'][name] or 'none'}"
            for name in body["changed"]
        )
        return f"{head} corrected {changed}.{reason}"
    seen = "after seeing the map" if body["saw_map"] else "before seeing the map"
    return f"{head} decided {outcome} {seen}, {say_side(record)}.{reason}"


def say_side(record: Record) -> str:
    # older records say of both kinds of answers that they differ
    if record.body["model_said"]["verdict"] == VerdictKind.REVIEW:
        return "which the model had asked for"
    if record.verdict == VerdictKind.REVIEW:
        return f"where the model had said {record.body['model_said']['verdict']}"
    return f"{'with' if record.agrees else 'against'} the model"


def _draw_text(canvas: "Canvas", text: str, *, x: float, y: float, width: float) -> float:
    canvas.setFont(FONT, _SIZE)
    for line in wrap(text, FONT, _SIZE, width):
        canvas.drawString(x, y, line)
        y -= _LEADING
    return y
