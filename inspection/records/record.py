"""A record as it is read, and the searchable columns that its body implies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
HOUR_US = 3_600_000_000


class Kind(StrEnum):
    INSPECTION = "inspection"
    DECISION = "decision"  # what a person says of an inspection
    CORRECTION = "correction"  # what a record should have said
    EVENT = "event"  # anything else that must stand in the chain: a promotion, a challenge, a new line


@dataclass(frozen=True, slots=True)
class Record:
    id: int
    hash: str  # hex
    previous_hash: str
    body: Mapping[str, Any]

    @property
    def uid(self) -> str:
        return str(self.body["uid"])

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.body["at"])

    @property
    def kind(self) -> Kind:
        return Kind(self.body["kind"])

    @property
    def person(self) -> str:
        return str(self.body["person"])

    @property
    def line(self) -> str:
        return str(self.body.get("line") or "")

    @property
    def model(self) -> str:
        return str(self.body.get("model") or "")

    @property
    def verdict(self) -> str:
        return str(self.body.get("verdict") or "")

    @property
    def class_name(self) -> str | None:
        return self.body.get("class")

    @property
    def score_0_1(self) -> float | None:
        return self.body.get("score")

    @property
    def picture_sha256(self) -> str | None:
        picture = self.body.get("picture")
        return None if picture is None else picture["sha256"]

    @property
    def evidence_sha256(self) -> str | None:
        return self.body.get("evidence_sha256")

    @property
    def of_id(self) -> int | None:
        subject = self.body.get("of")
        return None if subject is None else subject["id"]

    @property
    def code(self) -> str:
        """What a printed page carries: it leads back here, and only to a record that still reads the same."""
        return f"{self.id}-{self.hash[:16]}"


class Facet(NamedTuple):
    """The words a record is searched by; an absent one is empty."""

    kind: str
    line: str
    verdict: str
    class_name: str
    model: str
    person: str
    agrees: str


class Columns(NamedTuple):
    uid: bytes
    at_us: int
    picture_sha256: bytes | None
    evidence_sha256: bytes | None
    of_id: int | None
    score_0_1: float | None
    latency_ms: float | None
    novelty_p: float | None


def read_facet(body: Mapping[str, Any]) -> Facet:
    get = body.get
    return Facet(
        kind=body["kind"],
        line=get("line") or "",
        verdict=get("verdict") or "",
        class_name=get("class") or "",
        model=get("model") or "",
        person=get("person") or "",
        agrees=get("agrees") or "",
    )


def read_columns(body: Mapping[str, Any]) -> Columns:
    get = body.get
    picture, evidence, subject = get("picture"), get("evidence_sha256"), get("of")
    timings, novelty = get("timings_ms"), get("novelty")
    return Columns(
        uid=bytes.fromhex(body["uid"]),
        at_us=to_us(datetime.fromisoformat(body["at"])),
        picture_sha256=None if picture is None else bytes.fromhex(picture["sha256"]),
        evidence_sha256=None if evidence is None else bytes.fromhex(evidence),
        of_id=None if subject is None else subject["id"],
        score_0_1=get("score"),
        latency_ms=None if timings is None else timings["total"],
        novelty_p=None if novelty is None else novelty["p"],
    )


def to_us(at: datetime) -> int:
    """A time without a zone is not taken: whose midnight it means decides which records an auditor sees."""
    return (at - _EPOCH) // _MICROSECOND


def write_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
