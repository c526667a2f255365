"""A record as it is read, and the searchable columns that its body implies."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, TypedDict

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
HOUR_US = 3_600_000_000
_ABOUT = '{"about":{'
_DECODE = json.JSONDecoder().raw_decode


class Kind(StrEnum):
    INSPECTION = "inspection"
    DECISION = "decision"  # what a person says of an inspection
    CORRECTION = "correction"  # what a record should have said
    EVENT = "event"  # anything else that must stand in the chain: a promotion, a challenge, a new line


class Subject(TypedDict):
    id: int
    hash: str


# what every record is searched by
About = TypedDict(
    "About",
    {
        "kind": str,
        "uid": str,
        "at": str,  # UTC
        "person": str,
        "line": str,
        "model": str,
        "verdict": str,
        "class": str | None,
        "agrees": str,  # "yes" or "no" for a person's decision
        "picture_sha256": str | None,
        "evidence_sha256": str | None,
        "of": Subject | None,
        "score": float | None,
        "latency_ms": float | None,
        "novelty_p": float | None,
    },
)


@dataclass(frozen=True, slots=True)
class Record:
    id: int
    hash: str  # hex
    previous_hash: str
    body: Mapping[str, Any]

    @property
    def about(self) -> About:
        """The part of the body that is searched by; what else there is depends on the kind."""
        about: About = self.body["about"]
        return about

    @property
    def uid(self) -> str:
        return self.about["uid"]

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.about["at"])

    @property
    def kind(self) -> Kind:
        return Kind(self.about["kind"])

    @property
    def person(self) -> str:
        return self.about["person"]

    @property
    def line(self) -> str:
        return self.about["line"]

    @property
    def model(self) -> str:
        return self.about["model"]

    @property
    def verdict(self) -> str:
        return self.about["verdict"]

    @property
    def class_name(self) -> str | None:
        return self.about["class"]

    @property
    def agrees(self) -> bool | None:
        """Of a decision: with the model or against it."""
        return {"yes": True, "no": False}.get(self.about["agrees"])

    @property
    def score_0_1(self) -> float | None:
        return self.about["score"]

    @property
    def latency_ms(self) -> float | None:
        return self.about["latency_ms"]

    @property
    def novelty_p(self) -> float | None:
        return self.about["novelty_p"]

    @property
    def picture_sha256(self) -> str | None:
        return self.about["picture_sha256"]

    @property
    def evidence_sha256(self) -> str | None:
        return self.about["evidence_sha256"]

    @property
    def of_id(self) -> int | None:
        """The record that this one decides on or corrects."""
        subject = self.about["of"]
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


def build_about(kind: Kind, *, person: str, line: str, model: str, **more: object) -> dict[str, Any]:
    """Every kind carries the same keys. The writer adds "uid" and "at" when the record's turn has come."""
    about: dict[str, Any] = {
        "kind": kind.value,
        "person": person,
        "line": line,
        "model": model,
        "verdict": "",
        "class": None,
        "agrees": "",
        "picture_sha256": None,
        "evidence_sha256": None,
        "of": None,
        "score": None,
        "latency_ms": None,
        "novelty_p": None,
    }
    return {**about, **more}


def find_about(text: str) -> dict[str, Any]:
    """Reads no more of a body than what is searched by: "about" is its first key, because keys are sorted and no
    other begins with what comes before it. Reading all of a million bodies takes three times as long."""
    if not text.startswith(_ABOUT):
        raise ValueError(f"it does not begin with {_ABOUT}")
    about, _ = _DECODE(text, len(_ABOUT) - 1)
    if not isinstance(about, dict):
        raise TypeError("what it is about is no table")
    return about


def read_facet(about: Mapping[str, Any]) -> Facet:
    return Facet(
        kind=about["kind"],
        line=about["line"],
        verdict=about["verdict"],
        class_name=about["class"] or "",
        model=about["model"],
        person=about["person"],
        agrees=about["agrees"],
    )


def read_columns(about: Mapping[str, Any]) -> Columns:
    picture, evidence, subject = about["picture_sha256"], about["evidence_sha256"], about["of"]
    return Columns(
        uid=bytes.fromhex(about["uid"]),
        at_us=to_us(datetime.fromisoformat(about["at"])),
        picture_sha256=None if picture is None else bytes.fromhex(picture),
        evidence_sha256=None if evidence is None else bytes.fromhex(evidence),
        of_id=None if subject is None else subject["id"],
        score_0_1=about["score"],
        latency_ms=about["latency_ms"],
        novelty_p=about["novelty_p"],
    )


def to_us(at: datetime) -> int:
    """A time without a zone is not taken: whose midnight it means decides which records an auditor sees."""
    return (at - _EPOCH) // _MICROSECOND


def write_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
