"""A watched folder that others clear while it is looked at."""

import errno
import os
from pathlib import Path

import pytest

from inspection.conveyor import watched
from inspection.errors import DataInvalid
from inspection.formats.refusals import Limits
from inspection.images import read_file, refuse_file


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


def test_a_folder_whose_rights_are_withdrawn_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = watched.FolderSource(tmp_path, ".", look_every_s=0.0)
    assert source.take() is None

    def withhold(_folder: Path) -> None:  # rights do not bind a superuser, who may run the tests
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(watched.os, "scandir", withhold)
    with pytest.raises(DataInvalid, match=f"rights to {tmp_path} were withdrawn. Give them back"):
        source.take()


def test_a_folder_whose_connection_is_lost_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = watched.FolderSource(tmp_path, ".", look_every_s=0.0)

    def lose(_path: object) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    monkeypatch.setattr(watched.os, "scandir", lose)
    with pytest.raises(DataInvalid, match="answers: Transport endpoint is not connected. Mend that"):
        source.take()
    monkeypatch.setattr(Path, "is_dir", lose)
    with pytest.raises(DataInvalid, match="not connected"):
        watched.list_folders(tmp_path)


def test_a_folder_whose_pictures_may_not_be_looked_at_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Withheld:
        """As of a folder that may be listed and not entered."""

        name = "a.png"

        def is_file(self, *, follow_symlinks: bool) -> bool:
            return True

        def stat(self, *, follow_symlinks: bool) -> os.stat_result:
            raise PermissionError(13, "Permission denied")

    source = watched.FolderSource(tmp_path, ".", look_every_s=0.0)
    monkeypatch.setattr(watched, "list_entries", lambda _folder: [Withheld()])
    with pytest.raises(DataInvalid, match="were withdrawn"):
        source.take()


def test_a_picture_that_is_there_and_cannot_be_read_is_handed_on_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "large.png").write_bytes(b"x" * 50)
    (tmp_path / "small.png").write_bytes(b"x")
    monkeypatch.setattr(watched, "read_limits", lambda _settings: Limits(20, 1000))
    source = watched.FolderSource(tmp_path, ".", look_every_s=0.0)
    assert source.take() is None, "their sizes may still grow"
    taken = {part.name: part for part in (source.take(), source.take()) if part is not None}
    refused = taken["large.png"].refused
    assert (
        taken["small.png"].refused is None
        and refused is not None
        and "at most 20 bytes, got 50" in str(refused)
    )
    assert source.take() is None, "once"


def test_a_picture_is_taken_again_when_its_mode_lets_it_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "late.png"
    path.write_bytes(b"x")
    path.chmod(0o600)
    source = watched.FolderSource(tmp_path, ".", look_every_s=0.0)

    def refuse_private(path: Path, limits: Limits) -> bytes:
        if path.stat().st_mode & 0o077 == 0:
            raise refuse_file("Permission denied")
        return read_file(path, limits)

    monkeypatch.setattr(watched, "read_file", refuse_private)
    source.take()
    private = source.take()
    assert private is not None and private.refused is not None and source.take() is None
    path.chmod(0o644)
    source.take()
    readable = source.take()
    assert readable is not None and readable.refused is None and readable.shot == b"x"


def test_a_picture_that_was_judged_is_not_judged_again_when_its_mode_changes(tmp_path: Path) -> None:
    path = tmp_path / "done.png"
    path.write_bytes(b"x")
    source = watched.FolderSource(tmp_path, ".", look_every_s=0.0)
    source.take()
    assert source.take() is not None
    path.chmod(0o444)  # as an archive does
    assert [source.take() for _ in range(3)] == [None] * 3


def test_a_folder_that_no_page_can_show_or_that_leads_to_itself_is_not_offered(tmp_path: Path) -> None:
    (tmp_path / "shift-a").mkdir()
    (tmp_path / "shift\N{NO-BREAK SPACE}b").mkdir()  # as some keyboards write it
    (tmp_path / "loop").symlink_to("loop")
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")  # as a machine with another encoding writes it
    assert watched.list_folders(tmp_path) == (".", "shift-a", "shift\N{NO-BREAK SPACE}b")


def test_a_file_whose_name_is_no_text_has_one_that_can_be_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (b"/caf\xe9.png", b"/large \xe9.png"):
        with open(os.fsencode(tmp_path) + name, "wb") as file:
            file.write(b"x" * (50 if b"large" in name else 1))
    monkeypatch.setattr(watched, "read_limits", lambda _settings: Limits(20, 1000))
    source = watched.FolderSource(tmp_path, ".", look_every_s=0.0)
    source.take()
    taken = {part.name: str(part.refused) for part in (source.take(), source.take()) if part is not None}
    assert set(taken) == {"caf\N{REPLACEMENT CHARACTER}.png", "large \N{REPLACEMENT CHARACTER}.png"}
    assert all(text.isprintable() for text in taken.values())


def test_a_folder_that_is_gone_for_a_moment_loses_no_picture(tmp_path: Path) -> None:
    root, away = tmp_path / "root", tmp_path / "away"
    root.mkdir()
    for name in ("a.png", "b.png"):
        (root / name).write_bytes(b"x")
    source = watched.FolderSource(root, ".", look_every_s=0.0)
    source.take()
    first = source.take()
    root.rename(away)
    assert source.take() is None, "it was listed, and cannot be read"
    away.rename(root)
    source.take()
    second = source.take()
    assert first is not None and second is not None
    assert (first.name, second.name) == ("a.png", "b.png") and source.take() is None


def test_a_file_of_full_size_that_is_still_written_waits(tmp_path: Path) -> None:
    """As some copiers do: the room is made first, and then filled."""
    path = tmp_path / "a.bmp"
    path.write_bytes(bytes(100))
    source = watched.FolderSource(tmp_path, ".", look_every_s=0.0)
    for at_s in range(1, 4):
        os.utime(path, (at_s, at_s))
        assert source.take() is None
    part = source.take()
    assert part is not None and part.name == "a.bmp" and source.take() is None
