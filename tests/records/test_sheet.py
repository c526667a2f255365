"""The printed page: its words, its hash, and a code that a camera reads."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth

from inspection.explain_pdf import FONT, wrap
from inspection.records.decisions import Answer
from inspection.records.facts import list_facts
from inspection.records.qr import build_qr, draw_qr
from inspection.records.record import Record
from inspection.records.sheet import RecordSheet, say_later, write_record_sheet
from inspection.records.store import RecordStore
from inspection.types import VerdictKind
from tests.explaining.test_pdf import make_jpeg, read_text
from tests.records.makers import CONTEXT, add_one, make_inspection

MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def make_sheet(record: Record, later: tuple[Record, ...] = ()) -> RecordSheet:
    return RecordSheet(
        record=record,
        later=later,
        pictures={"As it came": make_jpeg(90), "With the evidence": make_jpeg(140)},
        address=f"http://localhost:8501/records?record={record.code}",
        made=MADE,
        made_by="auditor-1",
    )


@pytest.mark.parametrize(
    "text", ["12-9f3ab0", "https://assay.example/records?record=1000000-0123456789abcdef"]
)
def test_a_camera_reads_the_code(text: str) -> None:
    assert cv2.QRCodeDetector().detectAndDecode(draw_qr(text))[0] == text


@pytest.mark.parametrize("text", ["ä", "x" * 400])
def test_what_no_code_should_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="QR code"):
        build_qr(text)


def test_the_code_on_the_page_is_the_one_of_the_address(store: RecordStore) -> None:
    """The dark squares of the content stream, drawn again and read."""
    from base64 import a85decode
    from zlib import decompress

    sheet = make_sheet(add_one(store))
    pdf = write_record_sheet(sheet)
    streams = [
        body.strip()[:-2]
        for body in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S)
        if body.rstrip().endswith(b"~>")
    ]
    texts = [decompress(data) for data in map(a85decode, streams) if data.startswith(b"x")]  # no JPEG
    page = next(text for text in texts if b" re f" in text).decode("latin-1")
    squares = np.array(re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) [\d.]+ re f", page), float)
    zoom = 6
    corner = squares[:, :2].min(axis=0)
    image = np.full((700, 700, 3), 255, np.uint8)
    for x, y, side in squares:
        left, low = ((np.array([x, y]) - corner) * zoom + 60).round().astype(int)
        edge = round(side * zoom)
        image[700 - low - edge : 700 - low, left : left + edge] = 0
    assert cv2.QRCodeDetector().detectAndDecode(image)[0] == sheet.address


def test_the_page_says_all_that_was_known_and_what_came_after(store: RecordStore) -> None:
    record = add_one(store)
    store.decide(record.id, Answer(VerdictKind.PASS, "flawless"), person="b", saw_map=False, took_ms=900)
    changes = {"verdict": "PASS", "class": "flawless", "part": "P-7"}
    store.correct(record.id, changes, person="a", reason="a reflection", good="flawless")
    later = store.about(record.id)
    said = read_text(write_record_sheet(make_sheet(record, later))).replace("\\", "")
    for words in (
        record.hash,
        str(record.picture_sha256),
        record.code,
        "openvino 2026.4.1",
        "REJECT: cracked",
    ):
        assert words in said
    assert "Corrected since: PASS: flawless (record 3)" in said
    assert "before seeing the map, against the model" in said
    told = "corrected class from cracked to flawless, part from none to P-7, verdict from REJECT to PASS"
    assert told in re.sub(r"\s+", " ", said)
    assert "a reflection" in said and "Printed 2026-01-02 03:04:05 UTC by auditor-1" in said


def test_a_page_without_its_picture_says_so(store: RecordStore) -> None:
    sheet = replace(make_sheet(add_one(store)), pictures={}, address="")
    assert "The picture is not here" in read_text(write_record_sheet(sheet))


def test_much_to_say_takes_another_page(store: RecordStore) -> None:
    record = add_one(store)
    for number in range(12):
        reason = "counted again " * 80
        store.correct(record.id, {"part": f"P-{number}"}, person="a", reason=reason, good="flawless")
    pdf = write_record_sheet(make_sheet(record, store.about(record.id)))
    assert len(re.findall(rb"/Type /Page\b(?!s)", pdf)) >= 2
    assert "P-11" in read_text(pdf)


def test_a_long_name_runs_into_nothing(store: RecordStore) -> None:
    """As a camera may write it: no blank at which a line could end."""
    picture = b"of a camera"
    name = "cam07_line2_" + "0123456789" * 20 + ".bmp"
    inspection = replace(make_inspection(picture), picture=name)
    context = replace(CONTEXT, person="a.very.long.address" * 8 + "@example.org")
    record = store.add(inspection, picture, context=context)
    pdf = write_record_sheet(make_sheet(record))
    shown = re.findall(r"[^ ]+", read_text(pdf).replace("\\", ""))
    assert name not in shown and "".join(shown).count("0123456789" * 20) == 1, "broken, and whole"
    width = 250.0
    lines = wrap(f"Picture: {name}, 20,000 bytes", FONT, 6.6, width)
    assert len(lines) > 2 and all(stringWidth(line, FONT, 6.6) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == f"Picture:{name},20,000bytes"
    assert wrap("", FONT, 6.6, width) in ([], [""]) and wrap("ab", FONT, 6.6, 0.1) == ["a", "b"]


def test_every_field_of_the_body_is_told(store: RecordStore) -> None:
    record = add_one(store)
    told = {name: value for rows in list_facts(record).values() for name, value in rows.items()}
    assert told["Weights SHA-256"] == "ab" * 32
    assert told["confidence_0_1"] == "0.8" and told["1. Is a part there?"] == "yes, 97 %"
    assert told["Defect boxes"] == "cracked 81% at 40, 50, 60, 70"
    assert told["Exact"].startswith("yes") and told["Grid"].startswith("7 × 7")


def test_an_event_is_told_too(store: RecordStore) -> None:
    noted = store.note("promotion", {"to": "resnet50"}, person="m")
    facts = list_facts(noted)
    assert facts["Content"]["event"] == "promotion" and facts["Record"]["Kind"] == "event"


def test_a_decision_in_one_sentence(store: RecordStore) -> None:
    record = add_one(store)
    decision = store.decide(
        record.id, Answer(VerdictKind.REJECT, "cracked"), person="b", saw_map=True, took_ms=1
    )
    assert say_later(decision).endswith("b: decided REJECT: cracked after seeing the map, with the model.")


@pytest.mark.parametrize(
    ("retest", "said"), [(True, "not needed"), (False, "none: this line takes only one")]
)
def test_a_record_says_of_the_second_look_what_held_when_it_was_made(
    store: RecordStore, retest: bool, said: str
) -> None:
    picture = b"of a camera"
    inspection = replace(make_inspection(picture), retested=False)
    found = replace(inspection, findings=(replace(inspection.findings[0], score_0_1=0.997),))
    record = store.add(found, picture, context=replace(CONTEXT, thresholds={"retest": retest}))
    told = {name: value for rows in list_facts(record).values() for name, value in rows.items()}
    assert told["Second look"] == said
    assert any("cracked > 99% at 40, 50" in value for value in told.values())
