"""A watched folder that others clear while it is looked at."""

import os
from pathlib import Path

import pytest

from inspection.conveyor import watched


def test_a_picture_that_is_taken_away_while_it_is_looked_at_does_not_stop_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone.png").write_bytes(b"x")
    list_entries = watched.list_entries

    def list_and_clear(folder: Path) -> list[os.DirEntry[str]]:
        found = list_entries(folder)
        (folder / "gone.png").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(watched, "list_entries", list_and_clear)
    assert watched.FolderSource(tmp_path, ".", look_every_s=0.0).take() is None
