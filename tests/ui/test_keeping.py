"""Inspections of the dashboard are kept, once each; what cannot be kept is shown, marked, and kept later."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.config import ROOT
from inspection.records.errors import RecordRefused, StoreLost
from inspection.records.search import Search
from inspection.ui import choosing, keeping
from inspection.ui.keeping import Kept, Ledger, NotKept, get_store
from inspection.ui.roles import Person, Role
from tests.records.makers import CONTEXT, make_inspection
from tests.ui.fakes import NOTHING, FakeInspector, make_png
from tests.ui.test_inspect_page import open_page, upload, words


def count_kept() -> int:
    return get_store().count(Search())


def test_each_inspection_is_kept_with_who_what_and_where(app: AppTest) -> None:
    upload(open_page(app), ("belt.png", make_png(NOTHING)))
    record = get_store().search(Search()).records[0]
    assert (record.person, record.body["source"], record.verdict) == ("Local user", "upload", "NO PART")
    assert record.body["picture"]["name"] == "belt.png"
    assert get_store().read_picture(record) == make_png(NOTHING)
    assert record.body["extra"]["machine"]["cores"] >= 1
    assert record.body["extra"]["detectors"] == {"locates": {"model": "yolov5n", "sha256": None}}
    assert record.body["thresholds"]["confidence_0_1"] == 0.8
    assert app.get("badge") or f"Kept as record {record.id}" in words(app)


def test_who_gives_a_picture_reads_that_it_is_kept(app: AppTest) -> None:
    open_page(app).segmented_control(key="inspect.source").set_value(choosing.UPLOAD).run()
    assert "kept as a record with its picture" in app.file_uploader(key="inspect.upload").proto.help


def test_a_rerun_keeps_nothing_again(app: AppTest) -> None:
    open_page(app).run()
    app.run()
    assert count_kept() == 1


def test_a_batch_is_kept_picture_by_picture(app: AppTest) -> None:
    open_page(app).button(key="sample.all").click().run()
    app.button(key="open.1").click().run()
    assert count_kept() == 3, "the first sample was on record already"
    app.selectbox(key="inspect.model.aluminium").select("compact_cnn").run()
    assert count_kept() == 3 + 3, "another model's judgement is another inspection"


@pytest.fixture
def blocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file where the store's folder should be: the database cannot be opened until it is taken away."""
    monkeypatch.setenv("ASSAY_DATABASE_URL", f"sqlite:///{tmp_path / 'lost' / 'records.sqlite'}")
    block = tmp_path / "lost"
    block.write_text("in the way")
    return block


def test_a_lost_database_leaves_the_inspection_on_the_page(app: AppTest, blocked: Path) -> None:
    open_page(app)
    assert "REJECT: cracked, 97 %" in words(app)
    assert "cannot be reached" in app.warning[0].value
    app.button(key="sample.flawless-01").click().run()
    assert "PASS: flawless" in words(app)
    assert app.button(key="keeping.all").label == "Keep 2 now", "the one before still waits"


def test_what_waits_is_kept_when_the_database_is_back(
    app: AppTest, blocked: Path, loaded: list[FakeInspector]
) -> None:
    open_page(app).button(key="sample.flawless-01").click().run()
    app.button(key="keeping.one").click().run()
    assert app.button(key="keeping.all").label == "Keep 2 now", "still lost: nothing changed"
    blocked.unlink()
    app.button(key="keeping.one").click().run()
    assert [record.verdict for record in get_store().search(Search()).records] == ["PASS"]
    app.button(key="keeping.all").click().run()
    kept = get_store().search(Search()).records
    assert sorted(record.verdict for record in kept) == ["PASS", "REJECT"]
    assert all(record.body["inspected_at"] for record in kept), (
        "the time of the inspection, not of the keeping"
    )
    assert not app.warning and loaded[0].seen == ["cracked-01.png", "flawless-01.png"]


def test_a_full_picture_store_is_told_apart(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from inspection.records.pictures import PictureStore

    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(PictureStore, "_write_local", fill)
    open_page(app)
    assert "No room is left" in app.warning[0].value and "REJECT: cracked" in words(app)
    assert count_kept() == 0


def test_two_tabs_do_not_see_what_the_other_could_not_keep(app: AppTest, blocked: Path) -> None:
    open_page(app).button(key="sample.flawless-01").click().run()
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    open_page(other)
    assert other.button(key="keeping.all").label == "Keep 1 now"


def test_a_sample_that_somebody_else_had_judged_is_not_offered_to_who_may_not_open_it(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert any(button.key == "keeping.open" for button in open_page(app).button)
    engineer = Person("Eve", frozenset({Role.ENGINEER}), address="eve@example.org")
    for module in ("roles", "keeping", "records_access"):
        monkeypatch.setattr(f"inspection.ui.{module}.current_person", lambda: engineer)
    app.run()
    assert not app.exception and "auditors and managers can open it" in words(app)
    assert not any(button.key == "keeping.open" for button in app.button)


def test_waiting_pictures_take_a_bounded_amount_of_memory() -> None:
    ledger = Ledger(most_waiting_bytes=10)
    for picture in (b"123456", b"7890", b"too much"):
        inspection = make_inspection(picture)
        ledger.note_waiting(NotKept(inspection, picture, CONTEXT, StoreLost("gone")))
    assert [held.picture for held in ledger.waiting] == [b"123456", b"7890", None]
    ledger.drop_lost()
    assert len(ledger.waiting) == 2


def test_the_same_picture_inspected_twice_is_two_inspections() -> None:
    first, second = make_inspection(b"same"), make_inspection(b"same")
    ledger = Ledger()
    ledger.note_waiting(NotKept(first, b"same", CONTEXT, StoreLost("gone")))
    assert ledger.find(first) is ledger.waiting[0] and ledger.find(second) is None


def test_one_that_is_refused_keeps_none_behind_it_from_being_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_first(_inspection: object, picture: bytes, _context: object) -> object:
        if picture == b"first":
            raise RecordRefused("Expected finite numbers.")
        return Kept(object(), 1.0)  # type: ignore[arg-type]

    monkeypatch.setattr(keeping, "_add", refuse_first)
    ledger = Ledger()
    for picture in (b"first", b"second", b"third"):
        ledger.note_waiting(NotKept(make_inspection(picture), picture, CONTEXT, StoreLost("gone")))
    keeping.keep_waiting(ledger, ledger.keepable)
    assert [str(held.error) for held in ledger.waiting] == ["Expected finite numbers."]
    assert len(ledger.kept) == 2


def test_a_full_disk_is_not_retried_beyond_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bytes] = []

    def refuse(_inspection: object, picture: bytes, _context: object) -> None:
        tried.append(picture)
        raise StoreLost("still gone")

    monkeypatch.setattr(keeping, "_add", refuse)
    ledger = Ledger()
    for picture in (b"1", b"2"):
        ledger.note_waiting(NotKept(make_inspection(picture), picture, CONTEXT, StoreLost("gone")))
    keeping.keep_waiting(ledger, ledger.keepable)
    assert tried == [b"1"] and str(ledger.waiting[0].error) == "still gone"


def test_a_sample_that_is_judged_again_is_no_news(app: AppTest) -> None:
    open_page(app)
    again = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    open_page(again)
    assert count_kept() == 1
    assert "Kept as record 1" in words(again) or again.get("badge")
