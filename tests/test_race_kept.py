"""Races that are kept: under a name, until they are dropped; what is no race is neither listed nor opened."""

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
    result = make_result(medians={(FAST, 1): 2.0})
    halfway = keeping.keep_race(result, "halfway", tmp_path)
    (tmp_path / f"{halfway.id}.parquet").unlink()
    with pytest.raises(DataInvalid, match="not there"):
        keeping.load_kept(halfway.id, tmp_path)
    keeping.drop_kept(halfway.id, tmp_path)
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
