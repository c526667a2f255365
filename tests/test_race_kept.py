"""Races that are kept: under a name, until they are dropped; what is no race is neither listed nor opened."""

import errno
import json
from pathlib import Path

import pytest

from inspection.errors import DataInvalid
from inspection.racing import keeping
from inspection.racing.results import rank
from tests.racing import FAST, SLOW, make_result


def test_a_kept_race_comes_back_as_it_was(tmp_path: Path) -> None:
    result = make_result(medians={(FAST, 1): 2.0, (SLOW, 10): 1.0}, crowded=True)
    kept = keeping.keep_race(result, "  INT8,\tnew server ", tmp_path)
    assert kept.name == "INT8, new server" and keeping.list_kept(tmp_path) == [kept]
    back = keeping.load_kept(kept.id, tmp_path)
    assert rank(back) == rank(result)
    assert (back.plan, back.machine, back.threads) == (result.plan, result.machine, result.threads)
    assert back.starts == result.starts and back.absent == result.absent and back.crowded_share == 1.0
    keeping.drop_kept(kept.id, tmp_path)
    assert keeping.list_kept(tmp_path) == [] and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "bell\a"])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="printable"):
        keeping.keep_race(make_result(medians={(FAST, 1): 2.0}), name, tmp_path)


@pytest.mark.parametrize("id", ["../../etc/passwd", "nothing-01234567", "", "a/b-01234567"])
def test_only_a_kept_race_is_opened(id: str, tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="not there"):
        keeping.load_kept(id, tmp_path)
    with pytest.raises(DataInvalid, match="not there"):
        keeping.drop_kept(id, tmp_path)


def test_what_is_no_race_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "broken-01234567.json").write_text("{")
    (tmp_path / "other.json").write_text("{}")
    assert keeping.list_kept(tmp_path) == []


def test_a_race_that_another_session_drops_meanwhile_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    halfway = keeping.keep_race(make_result(medians={(FAST, 1): 2.0}), "halfway", tmp_path)

    def drop(path: Path) -> None:
        keeping.drop_kept(halfway.id, tmp_path)
        raise FileNotFoundError(path)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(keeping, "read_laps", drop)
        with pytest.raises(DataInvalid, match="not there"):
            keeping.load_kept(halfway.id, tmp_path)
    found = tmp_path / "found-01234567.json"
    found.symlink_to(tmp_path / "nothing")  # listed, and gone when it is opened
    assert keeping.list_kept(tmp_path) == []
    found.unlink()
    monkeypatch.setattr(keeping, "_find", lambda _id, _folder: found)
    with pytest.raises(DataInvalid, match="not there"):
        keeping.load_kept("found-01234567", tmp_path)
    keeping.drop_kept("found-01234567", tmp_path)


def test_a_race_without_a_lap_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="at least one lap"):
        keeping.keep_race(make_result(medians={}), "empty", tmp_path)


@pytest.mark.parametrize("full_at", [".parquet", ".json"])
def test_a_full_disk_keeps_nothing_and_leaves_nothing(
    full_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = keeping.write_atomically

    def fill(path: Path, content: bytes) -> None:
        if path.suffix == full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content)

    monkeypatch.setattr(keeping, "write_atomically", fill)
    with pytest.raises(DataInvalid, match="No space left on device. Nothing of it is kept. Make room"):
        keeping.keep_race(make_result(medians={(FAST, 1): 2.0}), "full", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where a folder is wanted")
    with pytest.raises(DataInvalid, match="Not a directory. Nothing of it is kept"):
        keeping.keep_race(make_result(medians={(FAST, 1): 2.0}), "nowhere", tmp_path / "var" / "races")


def test_what_cannot_be_read_is_left_out_of_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = make_result(medians={(FAST, 1): 2.0})
    sound, locked, odd = (keeping.keep_race(result, name, tmp_path) for name in ("sound", "locked", "odd"))
    (tmp_path / "folder-01234567.json").mkdir()
    path = tmp_path / f"{odd.id}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"taken_at": 2026}))
    read = Path.read_text

    def refuse(path: Path, encoding: str | None = None) -> str:
        if path.stem == locked.id:
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(path, encoding=encoding)

    monkeypatch.setattr(Path, "read_text", refuse)
    assert keeping.list_kept(tmp_path) == [sound]
    with pytest.raises(DataInvalid, match="cannot be read. Delete it"):
        keeping.load_kept(locked.id, tmp_path)


def spoil_laps(path: Path, how: str) -> None:
    data = path.read_bytes()
    match how:
        case "zeroed":
            path.write_bytes(bytes(len(data)))
        case "truncated":
            path.write_bytes(data[: len(data) // 2])
        case "zeroed inside":
            path.write_bytes(data[:8] + bytes(len(data) - 500) + data[len(data) - 492 :])
        case "empty":
            path.write_bytes(b"")
        case "lost":
            path.unlink()
        case "of another race":
            path.write_bytes(keeping.encode_laps(make_result(medians={(SLOW, 1): 2.0})))


@pytest.mark.parametrize("how", ["zeroed", "truncated", "zeroed inside", "empty", "lost", "of another race"])
def test_laps_that_are_damaged_are_said_and_can_be_deleted(how: str, tmp_path: Path) -> None:
    kept = keeping.keep_race(make_result(medians={(FAST, 1): 2.0}), "damaged", tmp_path)
    spoil_laps(tmp_path / f"{kept.id}.parquet", how)
    assert keeping.list_kept(tmp_path) == [kept]
    with pytest.raises(DataInvalid, match="damaged or cannot be read. Delete it"):
        keeping.load_kept(kept.id, tmp_path)
    keeping.drop_kept(kept.id, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "spoilt", [{"starts": []}, {"plan": {"line": "fake"}}, {"threads": None, "absent": 3}]
)
def test_a_description_that_lacks_something_is_damaged(spoilt: dict[str, object], tmp_path: Path) -> None:
    kept = keeping.keep_race(make_result(medians={(FAST, 1): 2.0}), "damaged", tmp_path)
    path = tmp_path / f"{kept.id}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | spoilt))
    with pytest.raises(DataInvalid, match="damaged or cannot be read. Delete it"):
        keeping.load_kept(kept.id, tmp_path)


def test_a_race_that_cannot_be_deleted_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keeping.keep_race(make_result(medians={(FAST, 1): 2.0}), "fixed", tmp_path)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as locked:
        locked.setattr(Path, "unlink", refuse)
        with pytest.raises(DataInvalid, match="Permission denied. Give the server's user"):
            keeping.drop_kept(kept.id, tmp_path)
    assert keeping.list_kept(tmp_path) == [kept]
