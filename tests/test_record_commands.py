"""inspect --keep, verify and checkpoint, as a shell meets them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.config import load_settings
from inspection.records.store import RecordStore, open_store
from tests.records.makers import add_many, attack, open_raw
from tests.ui.fakes import FakeInspector, make_line, make_png


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ASSAY_VAR", str(tmp_path / "var"))
    load_settings.cache_clear()
    monkeypatch.setattr("inspection.loading.load_inspector", lambda *_: FakeInspector(make_line()))
    (tmp_path / "a.png").write_bytes(make_png(0))
    (tmp_path / "b.png").write_bytes(make_png(40))
    yield tmp_path
    load_settings.cache_clear()


@pytest.fixture
def store(home: Path) -> Iterator[RecordStore]:
    opened = open_store()
    yield opened
    opened.close()


def run(*arguments: object) -> tuple[int, list[dict[str, object]]]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]


def test_inspections_are_kept_when_asked_to(home: Path, store: RecordStore) -> None:
    code, told = run("inspect", home / "a.png", "--line", "fake", "--json")
    assert code == 0 and "record" not in told[0], "not asked: not kept"
    code, told = run(
        "inspect", home / "a.png", home / "b.png", "--line", "fake", "--keep", "--part", "P-7", "--json"
    )
    assert code == 0
    records = [store.find(str(one["record"]["code"])) for one in told]  # type: ignore[index]
    assert [(record.verdict, record.body["part"]) for record in records] == [
        ("PASS", "P-7"),
        ("REJECT", "P-7"),
    ]
    assert records[0].body["source"] == "command line" and records[0].person
    assert store.read_picture(records[1]) == make_png(40)


def test_the_number_of_a_part_that_nobody_would_keep_is_refused(home: Path) -> None:
    done = CliRunner().invoke(app, ["inspect", str(home / "a.png"), "--line", "fake", "--part", "X17"])
    assert done.exit_code == 2 and not done.stdout
    assert "Add --keep, or leave it out" in " ".join(done.stderr.replace("│", " ").split())


def test_what_cannot_be_kept_is_inspected_and_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_URL", f"sqlite:///{home / 'a.png' / 'records.sqlite'}")
    code, told = run("inspect", home / "b.png", "--line", "fake", "--keep", "--json")
    assert code == 1
    assert told[0]["verdict"] == "REJECT" and told[0]["not_kept"]["kind"] == "StoreLost"  # type: ignore[index]


def test_verify_tells_everything_that_it_found(store: RecordStore) -> None:
    add_many(store, 3)
    code, (told,) = run("verify", "--json")
    assert code == 0
    clean = ("holds", "missing_guards", "tallies_match", "clock_went_back", "picture_faults")
    assert [told[name] for name in clean] == [True, [], True, 0, []]
    with attack(store) as raw:
        raw.execute("UPDATE tallies SET n = n + 1")
    for path in Path(store.pictures.root).rglob("*"):
        if path.is_file():
            path.write_bytes(b"another")
            break
    code, (told,) = run("verify", "--json")
    assert code == 1 and told["holds"] is False and told["tallies_match"] is False
    assert told["picture_faults"][0]["record"] >= 1  # type: ignore[index]


def test_verify_names_guards_that_were_taken_away(store: RecordStore) -> None:
    add_many(store, 1)
    raw = open_raw(store)
    name = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name").fetchone()[0]
    raw.execute(f"DROP TRIGGER {name}")
    raw.close()
    code, (told,) = run("verify", "--json")
    assert code == 1 and told["missing_guards"] == [name]


def test_a_checkpoint_finds_a_tail_that_was_cut_off(home: Path, store: RecordStore) -> None:
    add_many(store, 4)
    code, (told,) = run("checkpoint", home / "elsewhere", "--json")
    assert code == 0 and told["records"] == 4
    assert run("verify", "--checkpoint", told["path"], "--key", told["public_key"], "--json")[0] == 0
    with attack(store) as raw:
        raw.execute("DELETE FROM records WHERE id = 4")
    code, (found,) = run("verify", "--checkpoint", told["path"], "--json")
    assert code == 1 and "The end is cut off" in found["checkpoint_faults"][0]  # type: ignore[index]


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"x" * 20_000])
def test_a_file_that_is_no_checkpoint_is_refused(
    home: Path, content: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from inspection.__main__ import main

    (home / "c.json").write_bytes(content)
    monkeypatch.setattr("sys.argv", ["inspection", "verify", "--checkpoint", str(home / "c.json")])
    assert main() == 2
    assert "CheckpointRefused: Expected a checkpoint" in capsys.readouterr().err


def test_another_key_is_not_trusted(home: Path, store: RecordStore) -> None:
    from inspection.records.errors import CheckpointRefused

    _, (told,) = run("checkpoint", home, "--json")
    with pytest.raises(CheckpointRefused, match="Ask who signed it"):
        run("verify", "--checkpoint", told["path"], "--key", "00" * 32, "--json")
