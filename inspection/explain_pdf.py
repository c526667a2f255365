"""One page for the file: the picture, its verdict and the maps that were on the screen, with where each number came from."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

MARGIN = 28.0  # points
_LIKE = str.maketrans({"≥": ">=", "≤": "<=", "−": "-", "→": "->", "⊙": "*", "Σ": "sum"})
FONT, BOLD = "Helvetica", "Helvetica-Bold"
SIZES = (6.8, 6.2, 5.6, 5.0)  # of a panel's words, points
LEADING = 1.25  # of their size, from line to line
PICTURE_SHARES = (0.62, 0.36)  # of a panel's height: most, and least
AROUND = 24.0  # points, of a panel's title and below its picture
CUT = "\u2026 more on the screen than there is room for here"


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    picture: bytes  # JPEG or PNG
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str  # the verdict, in words
    facts: Mapping[str, str]
    panels: Sequence[Panel]
    note: str
    made: datetime
    legend: bytes | None = None  # PNG: the colours from 0 to 1


def write_sheet(sheet: Sheet) -> bytes:
    """A4, landscape, one page however many panels there are: they shrink to fit."""
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.pdfgen.canvas import Canvas

    stream = io.BytesIO()
    width, height = landscape(A4)
    canvas = Canvas(stream, pagesize=(width, height), invariant=1)
    canvas.setTitle(printable(sheet.title))
    canvas.setCreator("Assay")
    top = _draw_head(canvas, sheet, width=width, top=height - MARGIN)
    _draw_panels(canvas, sheet.panels, width=width, top=top, bottom=MARGIN + 26)
    _draw_foot(canvas, sheet, width=width)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def printable(text: str) -> str:
    """The standard fonts know Windows-1252; another letter is shown as a question mark rather than as a box."""
    return text.translate(_LIKE).encode("cp1252", "replace").decode("cp1252")


def wrap(text: str, font: str, size: float, width: float) -> list[str]:
    """Lines that fit. A word that is longer than a line, as a camera may name its files, is broken: it would run into what
    stands beside it, or off the page."""
    from reportlab.lib.utils import simpleSplit
    from reportlab.pdfbase.pdfmetrics import stringWidth

    lines = []
    for line in simpleSplit(printable(text), font, size, width):
        while len(line) > 1 and stringWidth(line, font, size) > width:
            fits = next(
                end
                for end in range(len(line) - 1, 0, -1)
                if end == 1 or stringWidth(line[:end], font, size) <= width
            )
            lines.append(line[:fits])
            line = line[fits:]
        lines.append(line)
    return lines


def _draw_head(canvas: "Canvas", sheet: Sheet, *, width: float, top: float) -> float:
    canvas.setFont(BOLD, 17)
    canvas.drawString(MARGIN, top - 14, printable(sheet.title))
    canvas.setFont(BOLD, 10)
    canvas.drawRightString(width - MARGIN, top - 12, "Assay")
    lines = [f"{name}: {value}" for name, value in sheet.facts.items()]
    half = -(-len(lines) // 2)
    column = (width - 2 * MARGIN) / 2
    deepest = top - 30
    for index, part in enumerate((lines[:half], lines[half:])):
        y = top - 32
        for line in part:
            y = _draw_text(canvas, line, x=MARGIN + index * column, y=y, width=column - 10, size=7.5)
        deepest = min(deepest, y)
    return deepest - 4


def _draw_panels(
    canvas: "Canvas", panels: Sequence[Panel], *, width: float, top: float, bottom: float
) -> None:
    columns = max(1, min(4, len(panels)))
    rows = max(1, -(-len(panels) // columns))
    gap = 12.0
    wide = (width - 2 * MARGIN - gap * (columns - 1)) / columns
    tall = (top - bottom - gap * (rows - 1)) / rows
    side, size = _choose_sizes(panels, width=wide, height=tall)
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        _draw_panel(
            canvas,
            panel,
            x=MARGIN + column * (wide + gap),
            top=top - row * (tall + gap),
            width=wide,
            height=tall,
            side=side,
            size=size,
        )


def _choose_sizes(panels: Sequence[Panel], *, width: float, height: float) -> tuple[float, float]:
    """(a picture's side, the words' size), one for all panels: the words come first, and pictures shrink for them."""
    largest, least = (min(width, height * share) for share in PICTURE_SHARES)
    for size in SIZES:
        longest = max((len(_wrap(panel.lines, width, size)) for panel in panels), default=0)
        side = height - AROUND - longest * size * LEADING
        if side >= least:
            return min(largest, side), size
    return least, SIZES[-1]


def _wrap(lines: Sequence[str], width: float, size: float) -> list[str]:
    return [part for line in lines for part in wrap(line, FONT, size, width)]


def _draw_panel(
    canvas: "Canvas",
    panel: Panel,
    *,
    x: float,
    top: float,
    width: float,
    height: float,
    side: float,
    size: float,
) -> None:
    from reportlab.lib.utils import ImageReader

    canvas.setFont(BOLD, 9)
    canvas.drawString(x, top - 9, printable(panel.title))
    canvas.drawImage(
        ImageReader(io.BytesIO(panel.picture)),
        x,
        top - 14 - side,
        width=side,
        height=side,
        preserveAspectRatio=True,
        anchor="nw",
    )
    lines = _wrap(panel.lines, width, size)
    room = int((height - AROUND - side) / (size * LEADING) + 1e-6)
    if len(lines) > room:
        lines = [*lines[: max(0, room - 1)], CUT]
    canvas.setFont(FONT, size)
    for number, line in enumerate(lines):
        canvas.drawString(x, top - AROUND - side - number * size * LEADING, line)


def _draw_text(canvas: "Canvas", text: str, *, x: float, y: float, width: float, size: float) -> float:
    """Wrapped; returns where the next line goes."""
    canvas.setFont(FONT, size)
    for line in wrap(text, FONT, size, width):
        canvas.drawString(x, y, line)
        y -= size * LEADING
    return y


def _draw_foot(canvas: "Canvas", sheet: Sheet, *, width: float) -> None:
    made = sheet.made.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    _draw_text(canvas, sheet.note, x=MARGIN, y=MARGIN + 12, width=width - 2 * MARGIN - 130, size=6.8)
    canvas.setFont(FONT, 6.8)
    canvas.drawRightString(width - MARGIN, MARGIN + 12, f"Made {made}")
    if sheet.legend is not None:
        from reportlab.lib.utils import ImageReader

        canvas.drawString(MARGIN, MARGIN, "0")
        canvas.drawImage(ImageReader(io.BytesIO(sheet.legend)), MARGIN + 8, MARGIN - 1, width=120, height=7)
        canvas.drawString(MARGIN + 132, MARGIN, "1 and above")
