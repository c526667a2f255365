"""Who may train, replace and remove; and that nothing outside the root is read."""

import io
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.config import load_settings
from inspection.errors import DataInvalid, LineInvalid
from inspection.jobs.desk import Desk
from inspection.jobs.pictures import count_pictures, list_sets, resolve_folder, stamp_folder
from inspection.learning.new_line import NewLine
from inspection.records.errors import StoreFull
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.ui import job_deeds, roles, train_actions
from inspection.ui.keeping import get_store
from inspection.ui.roles import Person, Role, RoleRefused
from models.card import read_card, write_card
from tests.ui.test_models_page import make_card
from tests.ui.training import put_job

DEEDS = {
    "unpack": lambda: train_actions.take_archive(io.BytesIO(), "x", lambda share: None),
    "check": lambda: train_actions.start_check("parts"),
    "line": lambda: train_actions.start_line(NewLine("fresh", Path("parts"))),
    "rival": lambda: train_actions.start_rival(
        "parts", "aluminium", "resnet50", epochs=1, recipe=None, warm_start=None, seed=0
    ),
    "cancel": lambda: job_deeds.cancel("x"),
    "resume": lambda: job_deeds.resume("x"),
    "remove": lambda: job_deeds.remove("x"),
    "replace": lambda: train_actions.take_over("x"),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("who", [None, Person("Auditor", frozenset({Role.AUDITOR, Role.MANAGER}))])
def test_only_engineers_write(
    data: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch, deed: str, who: Person | None
) -> None:
    monkeypatch.setattr(roles, "current_person", lambda: who)
    with pytest.raises(RoleRefused):
        DEEDS[deed]()
    assert not (desk.folder.exists() and desk.list_jobs()) and sorted(os.listdir(data)) == ["parts"]


@pytest.mark.parametrize(
    ("model", "replaced"), [("resnet50", False), ("yolov5n", False), ("compact_cnn", True)]
)
def test_an_engineer_alone_does_not_replace_what_runs_the_line(
    loaded: object, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, replaced: bool
) -> None:
    used = tmp_path / "weights" / "aluminium"
    result = {"line": "aluminium", "model": model, "installed": False}
    job = put_job(desk, "train", "finished", ended=time.time(), result=result)
    staged = job.folder / "weights" / "aluminium"
    write_card(replace(make_card(), model=model), used / f"{model}.json")
    write_card(replace(make_card(), model=model, weights_sha256="cd" * 32), staged / f"{model}.json")
    engineer = Person("Engineer", frozenset({Role.ENGINEER}))
    monkeypatch.setattr(roles, "current_person", lambda: engineer)
    if replaced:
        train_actions.take_over(job.id)
    else:
        with pytest.raises(RoleRefused, match="manager"):
            train_actions.take_over(job.id)
    assert (read_card(used / f"{model}.json").weights_sha256 == "cd" * 32) == replaced
    events = get_store().search(Search(kinds=(Kind.EVENT,))).records
    assert [(each.body["event"], each.body["details"]["after"]) for each in events] == (
        [("weights replaced", "cd" * 32), ("weights to be replaced", "cd" * 32)] if replaced else []
    )


def test_no_weights_are_replaced_that_the_chain_does_not_know_of(
    loaded: object, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = tmp_path / "weights" / "aluminium" / "compact_cnn.json"
    result = {"line": "aluminium", "model": "compact_cnn", "installed": False}
    job = put_job(desk, "train", "finished", ended=time.time(), result=result)
    old, new = replace(make_card(), model="compact_cnn"), "cd" * 32
    write_card(old, used)
    write_card(replace(old, weights_sha256=new), job.folder / "weights" / "aluminium" / "compact_cnn.json")

    def refuse(*_told: object, **_more: object) -> None:
        raise StoreFull("No room is left.")

    with monkeypatch.context() as full, pytest.raises(StoreFull):
        full.setattr(RecordStore, "note", refuse)
        train_actions.take_over(job.id)
    assert read_card(used).weights_sha256 == old.weights_sha256

    def die(*_told: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(train_actions, "install", die)
        train_actions.take_over(job.id)
    (event,) = get_store().search(Search(kinds=(Kind.EVENT,))).records
    assert event.body["details"] == {"before": old.weights_sha256, "after": new}


def test_the_page_is_not_in_the_menu_of_others() -> None:
    auditor = Person("Auditor", frozenset({Role.AUDITOR, Role.MANAGER}))
    assert "screens/train.py" not in {page.file for page in roles.pages_for(auditor)}
    assert "screens/train.py" in {page.file for page in roles.pages_for(roles.LOCAL)}


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("aluminium", LineInvalid, "exists"),
        ("Bad Name", LineInvalid, "Rename it"),
        ("../x", LineInvalid, "Rename it"),
    ],
)
def test_a_line_is_never_overwritten(
    data: Path, desk: Desk, name: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        train_actions.start_line(NewLine(name, Path("parts")))
    assert desk.list_jobs() == ()


def test_two_jobs_never_make_the_same_line(data: Path, desk: Desk) -> None:
    train_actions.start_line(NewLine("plates", Path("parts")))
    with pytest.raises(LineInvalid, match="is being made"):
        train_actions.start_line(NewLine("plates", Path("parts")))


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../weights", "/etc", "parts/../../lines", "gone", "link", "a\0b"]
)
def test_nothing_outside_the_root_is_read(data: Path, desk: Desk, name: str) -> None:
    (data / "link").symlink_to(data.parent / "lines")
    with pytest.raises(DataInvalid, match="Choose one of those"):
        train_actions.start_check(name)


def test_sets_are_found_below_the_root_only(data: Path, loaded: object, tmp_path: Path) -> None:
    (data / "link").symlink_to(tmp_path)
    (data / "loop").symlink_to("loop")
    os.mkdir(os.fsencode(data) + b"/caf\xe9")  # a name that no page can show
    for name in ("a", "b"):
        (Path(os.fsdecode(os.fsencode(data) + b"/caf\xe9")) / name).mkdir()
        (Path(os.fsdecode(os.fsencode(data) + b"/caf\xe9")) / name / "1.png").touch()
    (data / "deep/er").mkdir(parents=True)
    os.rename(data / "parts", data / "deep/er/parts")
    (data / "voc/images").mkdir(parents=True)
    (data / "voc/annotations").mkdir()
    (data / "listed of\N{NO-BREAK SPACE}May").mkdir()
    (data / "listed of\N{NO-BREAK SPACE}May/pictures.csv").write_text("path,class\n")
    (data / ".incoming-1/a").mkdir(parents=True)
    found = {each.name: each.layout for each in list_sets(load_settings())}
    assert found == {
        "deep/er/parts": "a folder a class",
        "voc": "Pascal VOC",
        "listed of\N{NO-BREAK SPACE}May": "a list of pictures",
    }
    assert resolve_folder("deep/er/parts", load_settings()) == data.resolve() / "deep/er/parts"


def test_what_cannot_be_looked_at_or_shown_stops_no_page(tmp_path: Path) -> None:
    for folder in (b"ok", b"caf\xe9", b"caf\xe8"):
        home = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + folder))
        home.mkdir()
        (home / "1.png").touch()
    before = stamp_folder(tmp_path)
    (tmp_path / "ok/2.png").symlink_to("gone.png")
    assert stamp_folder(tmp_path) != before
    assert count_pictures(tmp_path) == {"ok": 2, "caf\N{REPLACEMENT CHARACTER}": 2}
