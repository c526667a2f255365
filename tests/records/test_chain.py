"""The chain can be computed again by anybody, from the rows alone."""

import hashlib
import json
import math
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.records.chain import canonical_json
from inspection.records.errors import RecordRefused
from inspection.records.store import RecordStore
from inspection.records.verify import verify
from inspection.types import VerdictKind
from tests.records.makers import add_many, add_one, open_raw

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
)
bodies = st.dictionaries(
    st.text(),
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    ),
    max_size=6,
)


@given(bodies)
def test_canonical_json_is_stable_ascii_and_loses_nothing(body: dict[str, object]) -> None:
    text = canonical_json(body)
    assert text.isascii() and "\n" not in text
    assert json.loads(text) == body
    assert canonical_json(json.loads(text)) == text
    assert canonical_json(dict(reversed(body.items()))) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, object(), b"bytes", {1, 2}])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(RecordRefused, match="JSON"):
        canonical_json({"value": value})


def test_anybody_can_compute_the_chain_from_the_file(store: RecordStore) -> None:
    subject = add_many(store, 4)[0]
    store.correct(subject.id, {"class": "dented"}, person="auditor-1", reason="a dent", good="flawless")
    with closing(open_raw(store)) as raw:
        (uid,) = raw.execute("SELECT uid FROM chain_origin").fetchone()
        rows = raw.execute("SELECT hash, body FROM records ORDER BY id").fetchall()
    digest = hashlib.sha256(b"assay record chain 1\n" + uid).digest()
    for kept, body in rows:
        digest = hashlib.sha256(digest + body.encode()).digest()
        assert digest == kept
    assert len(rows) == 5 and verify(store).last_hash == digest.hex()


def test_two_stores_never_share_a_chain(store: RecordStore, tmp_path) -> None:
    from inspection.records.store import open_store

    other = open_store(f"sqlite:///{tmp_path / 'other.sqlite'}", str(tmp_path / "pictures"))
    assert add_one(other).previous_hash != add_one(store).previous_hash
    other.close()


def test_an_untouched_chain_holds(any_store: RecordStore) -> None:
    empty = verify(any_store)
    assert empty.holds and empty.records == 0
    records = add_many(any_store, 5)
    changes = {"verdict": VerdictKind.PASS.value, "class": "flawless"}
    any_store.correct(2, changes, person="auditor-1", reason="within limits", good="flawless")
    any_store.note("challenge", {"passed": True}, person="manager-1")
    seen: list[tuple[int, int]] = []
    report = verify(any_store, progress=lambda done, of: seen.append((done, of)))
    assert report.holds and report.first_break is None
    assert (report.records, report.last_id, report.files_checked) == (7, 7, 10)
    assert report.last_hash == any_store.get(7).hash and seen == [(7, 7)]
    assert records[0].previous_hash != records[1].previous_hash
    assert "holds" in report.words and "checkpoint" in report.words


def test_a_share_of_the_pictures_can_be_read(store: RecordStore) -> None:
    add_many(store, 40)
    assert verify(store, picture_share_0_1=0.0).files_checked == 0
    assert 10 < verify(store, picture_share_0_1=0.5).files_checked < 70


def test_a_clock_set_back_is_counted(tmp_path) -> None:
    from datetime import UTC, datetime, timedelta

    from inspection.records.store import open_store

    times = iter([datetime(2026, 5, 1, tzinfo=UTC) - timedelta(hours=2 * n) for n in range(3)])
    store = open_store(
        f"sqlite:///{tmp_path / 'records.sqlite'}", str(tmp_path / "pictures"), clock=lambda: next(times)
    )
    add_many(store, 3)
    report = verify(store)
    assert report.holds and report.clock_went_back == 2
    store.close()
