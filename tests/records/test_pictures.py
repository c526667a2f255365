"""Pictures go into a folder or an S3 bucket, under their own hash."""

import hashlib
from pathlib import Path

import pytest

from inspection.records.errors import PictureAltered, PictureMissing, StoreLost
from inspection.records.pictures import PictureStore, open_pictures
from inspection.records.store import open_store
from inspection.records.verify import verify
from tests.records.makers import add_many


@pytest.fixture(params=["folder", "s3"])
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> PictureStore:
    if request.param == "folder":
        return open_pictures(str(tmp_path / "pictures"))
    endpoint = request.getfixturevalue("s3_endpoint")
    bucket = f"assay-{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:10]}"
    opened = open_pictures(f"s3://{bucket}/kept", **_options(endpoint))
    opened.filesystem.mkdir(bucket)
    return opened


def _options(endpoint: str) -> dict[str, object]:
    return {"endpoint_url": endpoint, "key": "test", "secret": "test", "skip_instance_cache": True}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_bytes_come_back_as_they_were(pictures: PictureStore) -> None:
    for data in (b"a picture", b"", bytes(range(256)) * 1_000):
        pictures.keep(data, _digest(data))
        pictures.keep(data, _digest(data))
        assert pictures.read(_digest(data)) == data


def test_missing_and_altered_bytes_are_named(pictures: PictureStore) -> None:
    data = b"a picture"
    with pytest.raises(PictureMissing, match="Restore"):
        pictures.read(_digest(data))
    pictures.keep(data, _digest(data))
    pictures.filesystem.pipe_file(pictures.path_of(_digest(data)), b"b picture")
    with pytest.raises(PictureAltered, match="changed"):
        pictures.read(_digest(data))


def test_a_file_cut_short_by_a_power_cut_is_written_again(pictures: PictureStore) -> None:
    data = b"a picture"
    pictures.filesystem.makedirs(pictures.path_of(_digest(data)).rpartition("/")[0], exist_ok=True)
    pictures.filesystem.pipe_file(pictures.path_of(_digest(data)), b"")
    pictures.keep(data, _digest(data))
    assert pictures.read(_digest(data)) == data


def test_a_file_that_a_power_cut_filled_with_zeros_is_written_again(tmp_path: Path) -> None:
    pictures, data = open_pictures(str(tmp_path / "pictures")), b"a picture"
    pictures.keep(data, _digest(data))
    pictures.filesystem.pipe_file(pictures.path_of(_digest(data)), bytes(len(data)))
    pictures.keep(data, _digest(data))
    assert pictures.read(_digest(data)) == data


def test_bytes_that_are_there_are_not_written_again(tmp_path: Path) -> None:
    pictures, data = open_pictures(str(tmp_path / "pictures")), b"a picture"
    pictures.keep(data, _digest(data))
    before = Path(pictures.path_of(_digest(data))).stat().st_ino
    pictures.keep(data, _digest(data))
    assert Path(pictures.path_of(_digest(data))).stat().st_ino == before


@pytest.mark.parametrize(
    "url",
    [
        "ftp://assay:secret@127.0.0.1:1/pictures",
        "nothing://assay:secret@host/x",
        "nothing://assay:@:secret@host/x",
        "nothing://assay:my@secret:@host/x",
    ],
)
def test_a_place_that_cannot_be_reached_is_named_without_its_password(url: str) -> None:
    with pytest.raises(StoreLost, match=r"assay:\*\*\*@") as caught:
        open_pictures(url)
    assert "secret" not in str(caught.value)


def test_a_folder_in_the_place_of_a_picture_is_named(tmp_path: Path) -> None:
    pictures, digest = open_pictures(str(tmp_path / "pictures")), _digest(b"a picture")
    Path(pictures.path_of(digest)).mkdir(parents=True)
    with pytest.raises(PictureAltered, match=f"{digest[:12]}.*Is a directory"):
        pictures.read(digest)


def test_a_store_keeps_its_pictures_in_a_bucket(s3_endpoint: str, tmp_path: Path) -> None:
    url, options = f"sqlite:///{tmp_path / 'records.sqlite'}", _options(s3_endpoint)
    open_pictures("s3://assay-lines/a", **options).filesystem.mkdir("assay-lines")
    store = open_store(url, "s3://assay-lines/a", **options)
    records = add_many(store, 3)
    assert store.read_picture(records[1]) == b"picture 1"
    assert store.read_inspection(records[1]).heat_map is not None
    report = verify(store)
    assert report.holds and report.files_checked == 6
    store.pictures.filesystem.pipe_file(store.pictures.path_of(str(records[2].picture_sha256)), b"another")
    assert [fault.record_id for fault in verify(store).picture_faults] == [3]
    store.close()


@pytest.mark.parametrize("url", ["s3://no-such-bucket/a", "nowhere://a/b"])
def test_a_place_that_is_not_there_is_named(s3_endpoint: str, url: str) -> None:
    with pytest.raises(StoreLost):
        open_pictures(url, **(_options(s3_endpoint) if url.startswith("s3") else {})).keep(
            b"x", _digest(b"x")
        )


def test_a_server_that_does_not_answer_is_named(s3_endpoint: str) -> None:
    from botocore.config import Config

    quick = {"connect_timeout": 0.2, "retries": {"max_attempts": 0}}
    assert Config(**quick)
    pictures = open_pictures("s3://bucket/a", **{**_options("http://127.0.0.1:9"), "config_kwargs": quick})
    with pytest.raises(StoreLost, match="reached"):
        pictures.keep(b"x", _digest(b"x"))
