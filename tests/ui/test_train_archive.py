"""Archives that are hostile until they are unpacked."""

import errno
import io
import stat
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from inspection.errors import AssayError, DataInvalid
from inspection.ui.train_archive import Limits, Unpacked, check_set_name, propose_set_name, unpack_set
from inspection.ui.uploads import ArchiveRefused
from tests.ui.fakes import make_png
from tests.ui.odd_archives import make_crowded, make_misplaced, make_unnamed

PNG = make_png(0, width=24, height=16)
GOOD = [("ok/1.png", PNG), ("ok/2.png", PNG), ("bent/1.png", PNG)]


def pack(
    entries: Iterable[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_STORED
) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return stream


def unpack(root: Path, *extra: tuple[str | zipfile.ZipInfo, bytes], limits: Limits | None = None) -> Unpacked:
    return unpack_set(pack([*GOOD, *extra]), "parts", root, limits=limits)


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def make_link(name: str, kind: int = stat.S_IFLNK) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o777) << 16
    return info


def test_a_folder_a_class_is_unpacked(tmp_path: Path) -> None:
    told: list[float] = []
    unpacked = unpack_set(pack(GOOD), "parts", tmp_path, progress=told.append)
    assert unpacked.classes == {"ok": 2, "bent": 1} and unpacked.pictures == 3 and unpacked.refused == 0
    assert files(tmp_path) == ["parts/bent/1.png", "parts/ok/1.png", "parts/ok/2.png"]
    assert (tmp_path / "parts/ok/1.png").read_bytes() == PNG
    assert told == pytest.approx([1 / 3, 2 / 3, 1])


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("My Parts 2026.ZIP", "my-parts-2026"),
        ("parts.zip", "parts-3"),
        ("零件.zip", "parts-3"),
        ("../../etc.zip", "etc"),
        ("x" * 90 + ".zip", "x" * 34),
    ],
)
def test_a_name_is_proposed_that_is_free_and_will_do(tmp_path: Path, file: str, name: str) -> None:
    for taken in ("parts", "parts-2"):
        (tmp_path / taken).mkdir()
    assert propose_set_name(file, tmp_path) == name
    assert check_set_name(name, tmp_path) == name


def test_one_folder_around_everything_is_no_class(tmp_path: Path) -> None:
    stray = [("../../escape.png", PNG), ("read me.txt", b"x")]  # what is refused does not count
    wrapped = pack([*((f"My parts 2026/{name}", data) for name, data in GOOD), *stray])
    unpacked = unpack_set(wrapped, "parts", tmp_path)
    assert unpacked.classes == {"ok": 2, "bent": 1} and unpacked.refused == 2


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (("../../escape.png", PNG), "leads out"),
        (("ok/../../../escape.png", PNG), "leads out"),
        (("/etc/escape.png", PNG), "leads out"),
        (("C:\\temp\\escape.png", PNG), "leads out"),
        (("ok\\..\\..\\escape.png", PNG), "leads out"),
        ((make_link("ok/escape.png"), b"/etc/passwd"), "a link"),
        ((make_link("ok/escape.png", stat.S_IFIFO), b""), "a device or a pipe"),
        (("ok/escape.sh", b"#!/bin/sh"), "no picture by its ending"),
        (("ok/escape.png", b"<html>"), "bytes are no picture"),
        (("ok/escape.png", b""), "bytes are no picture"),
        (("escape.png", PNG), "sub-folder of its class"),
        (("ok/a/b/c/d/escape.png", PNG), "sub-folder of its class"),
        (("ok/escape.zip", pack(GOOD).getvalue()), "no picture by its ending"),
        (("ok/escape.png", pack(GOOD).getvalue()), "bytes are no picture"),
        (("ok/1.png/escape.png", PNG), "name of its folder"),
    ],
)
def test_what_is_refused_is_named_and_the_rest_goes_on(
    tmp_path: Path, entry: tuple[str | zipfile.ZipInfo, bytes], why: str
) -> None:
    root = tmp_path / "deep" / "root"
    unpacked = unpack(root, entry)
    (refusal,) = unpacked.refusals
    assert refusal.kind == "ArchiveRefused" and why in refusal.message and "escape" in refusal.name
    assert unpacked.pictures == 3
    assert len(files(tmp_path)) == 3 and not any("escape" in name for name in files(tmp_path))


def test_names_that_collide_once_they_are_cleaned_stay_two(tmp_path: Path) -> None:
    unpacked = unpack(tmp_path, ("ok/a:b.png", PNG), ("ok/a?b.png", PNG), ("ok/\u202egnp.png", PNG))
    assert unpacked.classes["ok"] == 5
    assert {"parts/ok/a_b.png", "parts/ok/a_b-2.png", "parts/ok/_gnp.png"} <= set(files(tmp_path))


def test_names_that_collide_in_hundreds_are_not_tried_from_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Path] = []
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: tried.append(path) or exists(path))
    signs = [(f"ok/{chr(0x2600 + number)}.png", PNG) for number in range(200)]  # each becomes _.png
    unpacked = unpack(tmp_path, *signs)
    assert unpacked.classes["ok"] == 202 and (tmp_path / "parts/ok/_-200.png").is_file()
    assert len(tried) < 3 * 205


LONG = "scratch along the rolling direction, longer than ten millimetres, "


@pytest.mark.parametrize(
    ("one", "other"), [("crack<1mm", "crack>1mm"), (f"{LONG}deep", f"{LONG}shallow"), ("dull ", "dull")]
)
def test_two_classes_that_would_become_one_are_refused(tmp_path: Path, one: str, other: str) -> None:
    both = pack([*GOOD, (f"{one}/1.png", PNG), (f"{other}/1.png", PNG)])
    with pytest.raises(ArchiveRefused, match=r"would both become .* Rename one") as caught:
        unpack_set(both, "parts", tmp_path)
    assert repr(one) in str(caught.value) and repr(other) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_class_in_two_ways_of_writing_an_accent_is_one(tmp_path: Path) -> None:
    unpacked = unpack(tmp_path, ("pr\u00e4gung/1.png", PNG), ("pra\u0308gung/2.png", PNG))
    assert unpacked.classes["prägung"] == 2


def test_names_are_cut_by_what_a_file_system_counts(tmp_path: Path) -> None:
    rare, sign = "\U00020000", "\u2600"  # a letter of four bytes, and what is no letter
    folder, file = f"{rare * 64}.{rare * 20}", rare * 64
    unpacked = unpack(tmp_path, (f"{folder}/{file}.png", PNG), (f"{folder}/{file}{sign}.png", PNG))
    cleaned = f"{rare * 45}.{rare * 15}"
    assert unpacked.refused == 0 and unpacked.classes[cleaned] == 2
    assert {f"parts/{cleaned}/{rare * 45}.png", f"parts/{cleaned}/{rare * 45}-2.png"} <= set(files(tmp_path))


@pytest.mark.parametrize("make_odd", [make_unnamed, make_misplaced])
def test_an_odd_entry_is_named_and_the_rest_goes_on(
    tmp_path: Path, make_odd: Callable[[dict[str, bytes]], bytes]
) -> None:
    unpacked = unpack_set(io.BytesIO(make_odd(dict(GOOD))), "parts", tmp_path)
    (refusal,) = unpacked.refusals
    assert unpacked.pictures == 3 and refusal.name in ("unnamed", "odd.png")


def test_desktops_leave_things_that_nobody_put_there(tmp_path: Path) -> None:
    litter = [(name, b"x") for name in ("__MACOSX/ok/._1.png", ".DS_Store", "ok/.DS_Store", "ok/Thumbs.db")]
    assert unpack(tmp_path, *litter).refused == 0


def make_bomb() -> io.BytesIO:
    blank = PNG + b"\0" * (30 * 2**20)
    return pack([(f"ok/{number}.png", blank) for number in range(2)], zipfile.ZIP_DEFLATED)


def make_liar() -> io.BytesIO:
    """Its headers claim a hundred bytes each."""
    told = make_bomb().getvalue()
    size = len(PNG) + 30 * 2**20
    return io.BytesIO(told.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little")))


@pytest.mark.parametrize(
    ("stream", "limits", "why"),
    [
        (make_bomb(), Limits(), "which pictures do not"),
        (pack(GOOD), Limits(total_bytes=100), "would unpack"),
        (pack((f"ok/{number}.png", PNG) for number in range(9)), Limits(entries=8), "at most 8 files"),
        (pack(GOOD), Limits(directory_bytes=20), "lists too many"),
        (pack(GOOD), Limits(free_bytes=2**60), "nearly full"),
        (io.BytesIO(make_crowded(9)), Limits(), "lists too many"),
        (io.BytesIO(b"no archive"), Limits(), "no directory"),
        (io.BytesIO(pack(GOOD).getvalue()[:-10]), Limits(), "no directory"),
        (io.BytesIO(pack(GOOD).getvalue()[-60:]), Limits(), "Pack it again"),
        (pack([("ok/1.png", PNG)]), Limits(), "at least two sub-folders"),
        (pack([("1.png", PNG), ("2.png", PNG)]), Limits(), "sub-folder of its class"),
        (pack([]), Limits(), "at least two sub-folders"),
        (make_liar(), Limits(), "at least two sub-folders"),
    ],
)
def test_a_refused_archive_leaves_nothing(
    tmp_path: Path, stream: io.BytesIO, limits: Limits, why: str
) -> None:
    with pytest.raises(ArchiveRefused, match=why):
        unpack_set(stream, "parts", tmp_path, limits=limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_unpacks_without_a_bound_is_refused(tmp_path: Path, method: int) -> None:
    stream = pack(GOOD)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("ok/bomb.png", bytes(10**6), method)
    unpacked = unpack_set(stream, "parts", tmp_path)
    (refusal,) = unpacked.refusals
    assert unpacked.pictures == 3 and "as an ordinary ZIP" in refusal.message


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_picture_is_named_by_whatever_method_it_was_packed(tmp_path: Path, method: int) -> None:
    packed = bytearray(pack([*GOOD, ("ok/damaged.png", PNG)], method).getvalue())
    name = packed.index(b"ok/damaged.png")
    packed[name + 14 : name + 54] = bytes(40)  # the first bytes of what was packed, after the entry's header
    unpacked = unpack_set(io.BytesIO(packed), "parts", tmp_path)
    (refusal,) = unpacked.refusals
    assert refusal.name == "damaged.png" and "cannot be unpacked" in refusal.message
    assert unpacked.pictures == 3


def test_a_picture_beyond_the_limit_is_not_read_to_its_end(tmp_path: Path) -> None:
    unpacked = unpack(tmp_path, ("ok/large.png", PNG + bytes(5000)), limits=Limits(picture_bytes=4000))
    assert [refusal.name for refusal in unpacked.refusals] == ["large.png"]


def test_refusals_beyond_a_few_are_counted(tmp_path: Path) -> None:
    unpacked = unpack(tmp_path, *((f"ok/{n}.txt", b"x") for n in range(9)), limits=Limits(refusals=4))
    assert len(unpacked.refusals) == 4 and unpacked.refused == 9


@pytest.mark.parametrize("name", ["", "..", "../x", "Parts", "a/b", ".hidden", "x" * 41, "-x"])
def test_a_set_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataInvalid, match="Rename it"):
        unpack_set(pack(GOOD), name, tmp_path)


def test_pictures_that_are_there_are_not_touched(tmp_path: Path) -> None:
    unpack(tmp_path)
    with pytest.raises(AssayError, match="Choose another: parts-2 is free"):
        unpack(tmp_path)


def test_a_name_that_was_taken_while_it_was_unpacked_is_told(tmp_path: Path) -> None:
    def take_name(share: float) -> None:
        if share == 1:
            unpack_set(pack(GOOD), "parts", tmp_path)

    with pytest.raises(DataInvalid, match="Choose another: parts-2 is free"):
        unpack_set(pack([*GOOD, ("ok/3.png", PNG)]), "parts", tmp_path, progress=take_name)
    assert files(tmp_path) == ["parts/bent/1.png", "parts/ok/1.png", "parts/ok/2.png"]


def test_an_interrupted_upload_leaves_nothing(tmp_path: Path) -> None:
    class Elsewhere(BaseException):
        """As a click does to a running script."""

    def leave(share: float) -> None:
        if share > 0.5:
            raise Elsewhere

    with pytest.raises(Elsewhere):
        unpack_set(pack(GOOD), "parts", tmp_path, progress=leave)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["write_bytes", "mkdir", "rename"])
def test_a_disk_that_takes_no_more_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def refuse(*_told: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with (
        monkeypatch.context() as full,
        pytest.raises(DataInvalid, match="No space left on device. Nothing of"),
    ):
        full.setattr(Path, what, refuse)
        unpack(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_upload_left_goes_with_the_next_and_one_that_runs_stays(tmp_path: Path) -> None:
    left = tmp_path / ".incoming-0.part"
    (left / "ok").mkdir(parents=True)
    own = tmp_path / ".mine.part"
    own.mkdir()

    def unpack_beside(share: float) -> None:
        if share == 1:
            unpack_set(pack(GOOD), "others", tmp_path)

    unpack_set(pack(GOOD), "parts", tmp_path, progress=unpack_beside)
    assert sorted(path.name for path in tmp_path.iterdir()) == [own.name, "others", "parts"]


def test_on_a_share_that_knows_no_locks_of_folders_an_archive_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_told: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    left = tmp_path / ".incoming-0.part"
    left.mkdir()  # perhaps somebody is at it
    monkeypatch.setattr("inspection.placing.fcntl.flock", refuse)
    unpack(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [left.name, "parts"]


def test_a_set_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[bool] = []
    monkeypatch.setattr("os.sync", lambda: named.append((tmp_path / "parts").exists()))
    unpack(tmp_path)
    assert named == [False]
