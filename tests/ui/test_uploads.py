"""Archives may lie about what they hold; what they hold may not be what it says."""

import io
import re
import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as some

from inspection.ui.uploads import Limits, Refusal, Upload, clean_name, unpack
from tests.ui.fakes import make_png
from tests.ui.odd_archives import make_misplaced, make_unnamed

SMALL = Limits(pictures=5, total_bytes=60_000, entries=20, picture_bytes=20_000, directory_bytes=4096)


def make_zip(entries: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_pictures_pass_through_in_order() -> None:
    taken = unpack([("b.png", b"second"), ("a.png", b"first")])
    assert taken == [Upload("b.png", b"second"), Upload("a.png", b"first")]


def test_an_archive_gives_its_pictures() -> None:
    png = make_png(0)
    archive = make_zip({"shift/one.png": png, "shift/": b"", "__MACOSX/._one.png": b"x", "a/.DS_Store": b"x"})
    assert unpack([("shift.zip", archive)]) == [Upload("one.png", png)]


def test_an_archive_is_known_by_its_bytes() -> None:
    assert unpack([("picture.png", make_zip({"one.png": b"x"}))]) == [Upload("one.png", b"x")]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("/abs/olute.png", "olute.png"),
        ("", "unnamed"),
        ("..", ".."),
        ("new\nline\x00.png", "newline.png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * 200 + ".png", "x" * 67 + "…" + "x" * 8 + ".png"),
    ],
)
def test_names_are_for_reading_only(name: str, shown: str) -> None:
    assert clean_name(name) == shown


@given(some.text())
def test_any_name_becomes_one_short_printable_part(name: str) -> None:
    shown = clean_name(name)
    assert 0 < len(shown) <= 80
    assert "/" not in shown and "\n" not in shown


def refusals(data: bytes, limits: Limits = SMALL, name: str = "bad.zip") -> list[Refusal]:
    return [item for item in unpack([(name, data)], limits) if isinstance(item, Refusal)]


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = make_zip({"bomb.png": b"\0" * 5_000_000, "good.png": b"fine"})
    assert len(bomb) < 10_000
    taken = unpack([("bomb.zip", bomb)], SMALL)
    assert [type(item) for item in taken] == [Refusal, Upload]
    assert "unpacked" in taken[0].message


def test_many_bombs_stop_the_archive() -> None:
    bombs = make_zip({f"{index:02d}.png": b"\0" * 1_000_000 for index in range(20)})
    found = refusals(bombs)
    assert len(found) < 6  # each unpacks at most 20 kB of 60 kB; then the archive ends
    assert "unpacks to more than" in found[-1].message


def test_what_is_damaged_counts_as_unpacked() -> None:
    """A wrong checksum is told only at the end, when all of an entry has been unpacked."""
    bombs = bytearray(make_zip({f"{index:02d}.png": b"\0" * 15_000 for index in range(20)}))
    for central in re.finditer(b"PK\x01\x02", bytes(bombs)):
        bombs[central.start() + 16] ^= 0xFF  # of the entry's CRC-32
    found = refusals(bytes(bombs))
    assert len(found) < 6 and "cannot be unpacked" in found[0].message
    assert "unpacks to more than" in found[-1].message


@pytest.mark.parametrize(
    ("make_odd", "why"), [(make_unnamed, "without one"), (make_misplaced, "cannot be unpacked")]
)
def test_an_odd_entry_does_not_stop_the_others(
    make_odd: Callable[[dict[str, bytes]], bytes], why: str
) -> None:
    taken = unpack([("odd.zip", make_odd({"good.png": b"fine"}))])
    assert taken[0] == Upload("good.png", b"fine") and isinstance(taken[1], Refusal)
    assert len(taken) == 2 and why in taken[1].message


def test_a_size_that_lies_is_not_believed() -> None:
    archive = bytearray(make_zip({"liar.png": b"\0" * 1_000_000}))
    central = archive.rfind(b"PK\x01\x02")
    struct.pack_into("<L", archive, central + 24, 10)  # the uncompressed size in the directory
    assert len(refusals(bytes(archive))) == 1


def test_an_archive_inside_an_archive_is_not_opened() -> None:
    inner = make_zip({"one.png": b"x"})
    found = refusals(make_zip({"inner.zip": inner, "disguised.png": inner}))
    assert [item.name for item in found] == ["inner.zip", "disguised.png"]
    assert all("inside an archive" in item.message for item in found)


def test_too_many_entries_are_refused_before_any_is_read() -> None:
    crowded = make_zip({f"{index}.png": b"" for index in range(25)}, method=zipfile.ZIP_STORED)
    (found,) = refusals(crowded)
    assert "25" in found.message


def test_a_vast_directory_is_refused_before_it_is_parsed() -> None:
    crowded = make_zip({f"{index:05d}.png": b"" for index in range(2000)}, method=zipfile.ZIP_STORED)
    (found,) = refusals(crowded)
    assert "directory of at most 4 kB" in found.message


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_unpacks_without_a_bound_is_named(method: int) -> None:
    taken = unpack(
        [("mixed.zip", make_zip({"bomb.png": bytes(10**6)}, method=method)), ("open.png", b"y")], SMALL
    )
    assert [type(item) for item in taken] == [Refusal, Upload]
    assert "as an ordinary ZIP" in taken[0].message


def test_an_encrypted_entry_is_named() -> None:
    archive = bytearray(make_zip({"secret.png": b"x", "open.png": b"y"}))
    archive[archive.find(b"PK\x01\x02") + 8] |= 1  # general purpose bit 0
    archive[archive.find(b"PK\x03\x04") + 6] |= 1
    taken = unpack([("mixed.zip", bytes(archive))], SMALL)
    assert [type(item) for item in taken] == [Refusal, Upload]
    assert "encrypted" in taken[0].message


def test_a_damaged_entry_does_not_stop_the_others() -> None:
    archive = bytearray(
        make_zip({"bad.png": b"abcdefgh" * 50, "good.png": b"fine"}, method=zipfile.ZIP_STORED)
    )
    archive[archive.find(b"abcdefgh")] ^= 0xFF
    taken = unpack([("half.zip", bytes(archive))], SMALL)
    assert [type(item) for item in taken] == [Refusal, Upload]


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"not a zip at all"])
def test_what_is_no_archive_says_so(data: bytes) -> None:
    (found,) = refusals(data)
    assert found.kind == "ArchiveRefused"


@given(some.binary(max_size=300))
def test_any_bytes_called_zip_are_refused_with_a_sentence(data: bytes) -> None:
    for item in unpack([("x.zip", b"PK\x03\x04" + data)], SMALL):
        assert isinstance(item, Refusal) and len(item.message) > 20


def test_too_many_pictures_are_named_once() -> None:
    taken = unpack([(f"{index}.png", b"x") for index in range(9)], SMALL)
    assert [type(item) for item in taken] == [Upload] * 5 + [Refusal]
    assert "at most 5 pictures" in taken[-1].message


def test_too_many_bytes_are_named_once() -> None:
    taken = unpack([(f"{index}.png", b"x" * 25_000) for index in range(4)], SMALL)
    assert [type(item) for item in taken] == [Upload] * 2 + [Refusal]
