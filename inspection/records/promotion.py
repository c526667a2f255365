"""A challenger becomes champion by a person's signed yes, and the champion before it comes back by one click.

The order is what makes a kill at any moment harmless: first both releases are on the disk under their hashes, then one
record in one transaction says which of them runs the line. Before the record nothing has changed; after it all has.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from inspection.config import Settings
from inspection.errors import AssayError
from inspection.learning.challenge import Challenge, judge_challenge
from inspection.learning.gate import Gate
from inspection.lines import Line
from inspection.records.champions import (
    PROMOTION,
    RETURN,
    Champion,
    find_champion,
    find_newest_change,
    list_changes,
    pointer_path,
    read_release_of,
    remember,
)
from inspection.records.failures import name_os_error
from inspection.records.record import Record
from inspection.records.shelf import Release, keep_release, open_release, read_release
from inspection.records.store import RecordStore

# Who trains a model does not also let it onto the line. Going back to what ran before is quick and safe: engineers may.
MAY_PROMOTE = ("manager",)
MAY_RETURN = ("manager", "engineer")


class PromotionRefused(AssayError):
    """The champion stays."""


@dataclass(frozen=True, slots=True)
class Signature:
    person: str  # as they stand in the records
    role: str  # in which they sign
    name: str  # typed by them
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """One promotion or return, as the history shows it."""

    record: Record
    to: Release
    before: Release

    @property
    def is_return(self) -> bool:
        return str(self.record.body["event"]) == RETURN

    @property
    def details(self) -> dict[str, Any]:
        return dict(self.record.body["details"])

    @property
    def overridden(self) -> bool:
        return bool(self.details.get("override"))


def promote(
    store: RecordStore,
    line: Line,
    challenge: Challenge,
    signature: Signature,
    *,
    settings: Settings,
    override: bool = False,
) -> Record:
    """override: promote although the gate was not passed; the record is marked so."""
    check_signature(signature, MAY_PROMOTE)
    with one_at_a_time(line, settings):
        champion = find_champion(store, line, settings)
        before = release_of(champion, line)
        check_current(challenge, before)
        gate = judge_challenge(challenge, line)
        check_gate(gate, override=override)
        after = read_release(challenge.folder, line.name, challenge.model)
        if after.weights_sha256 != challenge.weights_sha256:
            raise PromotionRefused(
                "Expected the weights that were evaluated, got others in the challenger's folder. Fine-tune again."
            )
        keep_release(store, before, champion.weights_dir)
        keep_release(store, after, challenge.folder)
        details = {
            "from": before.to_dict(),
            "to": after.to_dict(),
            "override": override and not gate.passed,
            "signed": describe_signature(signature),
            "gate": gate.to_dict(),
            "test": {"kind": challenge.test_kind, "n": challenge.test_n, "sha256": challenge.test_sha256},
            "data": challenge.describe_data(),
            "novelty": challenge.novelty,
        }
        return settle(store, line, PROMOTION, details, after, signature, settings, seen=champion.record_id)


def roll_back(
    store: RecordStore, line: Line, signature: Signature, *, settings: Settings, undoes: int | None = None
) -> Record:
    """To the champion before the present one; again, to the one before that.

    undoes: the promotion that the person saw. A second press, or another person's, must not go back twice.
    """
    check_role(signature, MAY_RETURN)
    with one_at_a_time(line, settings):
        undone = find_undone(store, line)
        if undone is None:
            raise PromotionRefused(
                f"Expected an earlier champion of line {line.name} to go back to, got none: it runs as shipped."
            )
        if undoes not in (None, undone.record.id):
            raise PromotionRefused(
                f"Expected record {undoes} to be the promotion to undo, but that was done meanwhile. Look at the history."
            )
        present = find_champion(store, line, settings)
        assert present.release is not None  # something was promoted
        details = {
            "from": present.release.to_dict(),
            "to": undone.before.to_dict(),
            "undoes": undone.record.id,
            "signed": describe_signature(signature),
        }
        return settle(
            store, line, RETURN, details, undone.before, signature, settings, seen=present.record_id
        )


def settle(
    store: RecordStore,
    line: Line,
    event: str,
    details: dict[str, object],
    release: Release,
    signature: Signature,
    settings: Settings,
    *,
    seen: int | None,
) -> Record:
    """The one moment at which it changes, and what follows from it.

    seen: the change that the decision rests on. Another machine may have written a newer one meanwhile.
    """
    folder = open_release(store, release, settings)  # before: a line must be able to load what it is told to

    def check_unchanged(connection: Connection) -> None:
        newest = find_newest_change(connection, line.name)
        if newest != seen:
            raise PromotionRefused(
                f"Expected line {line.name} to run on what record {seen or 'none'} put there, but record {newest} "
                "changed it a moment ago, perhaps from another machine. Look at the history."
            )

    record = store.note(
        event,
        details,
        person=signature.person,
        line=line.name,
        model=release.model,
        check=check_unchanged,
    )
    store.flusher.flush()
    remember(line.name, Champion(release.model, folder, release, record.id), settings)
    return record


def list_history(store: RecordStore, line: Line) -> list[Change]:
    """The newest first."""
    return [
        Change(
            record,
            to=read_release_of(record.body["details"]["to"], line.name),
            before=read_release_of(record.body["details"]["from"], line.name),
        )
        for record in list_changes(store, line.name)
    ]


def find_undone(store: RecordStore, line: Line) -> Change | None:
    """The promotion that going back would undo: the newest that no return has undone."""
    undone: set[int] = set()
    for change in list_history(store, line):
        if change.is_return:
            undone.add(change.details["undoes"])
        elif change.record.id not in undone:
            return change
    return None


def release_of(champion: Champion, line: Line) -> Release:
    return champion.release or read_release(champion.weights_dir, line.name, champion.model)


def check_current(challenge: Challenge, current: Release) -> None:
    if (challenge.champion_model, challenge.champion_sha256) != (current.model, current.weights_sha256):
        raise PromotionRefused(
            f"The challenger was compared with {challenge.champion_model} {challenge.champion_sha256[:12]}…, but "
            f"{current.model} {current.weights_sha256[:12]}… runs the line now. Fine-tune again from this one."
        )


def check_gate(gate: Gate, *, override: bool) -> None:
    if not gate.passed and not override:
        stops = [rule.name for rule in gate.rules if rule.outcome != "passed"]
        raise PromotionRefused(
            f"The gate is {gate.outcome.value}: {', '.join(stops)}. Teach more, or override it with a reason."
        )


def check_signature(signature: Signature, roles: tuple[str, ...]) -> None:
    check_role(signature, roles)
    if not signature.name.strip() or not signature.reason.strip():
        raise PromotionRefused(
            "Expected your typed name and a reason: both stand in the record. Fill them in."
        )


def check_role(signature: Signature, roles: tuple[str, ...]) -> None:
    if signature.role not in roles:
        raise PromotionRefused(
            f"Expected a {' or '.join(roles)} to sign, got {signature.role or 'nobody'}. Ask one of them."
        )


def describe_signature(signature: Signature) -> dict[str, str]:
    return {
        "person": signature.person,
        "role": signature.role,
        "name": signature.name.strip(),
        "reason": signature.reason.strip(),
    }


@contextmanager
def one_at_a_time(line: Line, settings: Settings) -> Iterator[None]:
    """This machine's own pointer is written in the order of the chain. That two machines do not both replace the same
    champion is seen to in the transaction that adds the record. A killed process frees its lock."""
    path = pointer_path(line.name, settings).with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError as error:
        raise name_os_error(error, str(path.parent)) from error
    with lock as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
