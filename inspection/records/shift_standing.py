"""How a line stands today: open, closed or not challenged, by the newest challenge of the weights that run, in words.

A challenge speaks for the weights that were challenged: another model asks for another. What was passed, or opened by a
manager, speaks for one day; what failed does so until it is passed, or a manager opens the line: no midnight mends a line.
What was passed at one precision does not open a line that runs at another; what failed at any closes it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from inspection.records.record import Record
from inspection.records.shift_challenge import (
    OVERRIDE,
    Outcome,
    find_untold,
    read_outcomes,
    walk_challenges,
)
from inspection.records.store import RecordStore
from inspection.types import Precision, VerdictKind
from inspection.wording import say_number

State = Literal["open", "closed", "not challenged"]
_REMEMBERED = timedelta(days=366)  # a line that stood still for longer begins anew


@dataclass(frozen=True, slots=True)
class Standing:
    """How a line stands today."""

    state: State
    words: str
    since: datetime | None = None
    record: int | None = None  # what it rests on
    wrong: tuple[str, ...] = ()  # the parts for which it is closed, in words
    untold: tuple[str, ...] = ()  # "good", "bad": what the challenge shows nothing about


def read_standing(
    store: RecordStore,
    line: str,
    *,
    model_sha256: str | None,
    now: datetime,
    precision: Precision | None = None,
    judged_by: Mapping[str, object] | None = None,
) -> Standing:
    """now: in the zone whose midnight begins a day. model_sha256: the weights that would run; None: nobody can tell.
    precision: what they would run at; None: any. judged_by: what else decides now; None: nobody can tell.

    A rival that was challenged meanwhile, rightly or wrongly, says nothing of what runs.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    others: Record | None = None
    overcome: list[tuple[object, object]] = []  # a failure before a pass of the same judge is of the past
    for record in walk_challenges(store, line, since=midnight - _REMEMBERED):
        details, today = record.body["details"], record.at >= midnight
        judge = details.get("precision"), details.get("judged_by")
        elsewhere = passed_elsewhere(details, precision) or passed_otherwise(details, judged_by)
        if details["model_sha256"] == model_sha256 and not elsewhere and judge not in overcome:
            if today:
                return describe_standing(record)
            if details.get("passed") is False:
                return describe_standing(record, day=f" of {record.at.astimezone(now.tzinfo):%d %b %Y}")
            break  # passed or opened on another day: what failed before that is of the past
        if details["model_sha256"] == model_sha256 and elsewhere:
            overcome.append(judge)
        if today:
            others = others or record
    if others is not None and model_sha256 is None and others.body["details"].get("passed") is False:
        return describe_standing(others)  # it may have been what runs
    if others is None:
        return Standing("not challenged", "No known parts were shown to this line today.")
    told = others.body["details"]
    words = f"was of other weights ({others.model}); what runs now was not challenged."
    if told["model_sha256"] == model_sha256 and passed_otherwise(told, judged_by):
        words = f"was with {say_changed(told['judged_by'], judged_by or {})} of before, changed since; what decides now was not challenged."
    elif precision is not None and told["model_sha256"] == model_sha256:
        words = f"was at {told['precision'].upper()}; the line runs at {precision.upper()}, which was not challenged."
    return Standing("not challenged", f"Today's challenge {words}", None, others.id)


def passed_elsewhere(details: Mapping[str, Any], precision: Precision | None) -> bool:
    """Passed, but not at this precision. An override names none: whoever opened the line so answers for all."""
    told = details.get("precision")
    return precision is not None and details.get("passed") is True and told not in (None, precision)


def passed_otherwise(details: Mapping[str, Any], judged_by: Mapping[str, object] | None) -> bool:
    """Passed, but by other rules, another detector, calibration or check of novelty. Kept before 2026-11-27 it names none,
    and answers for all; so does an override."""
    told = details.get("judged_by")
    return judged_by is not None and details.get("passed") is True and bool(told) and told != judged_by


def say_changed(then: Mapping[str, object], now: Mapping[str, object]) -> str:
    return " and ".join(words for key, words in _DECIDERS.items() if then.get(key) != now.get(key))


def describe_standing(record: Record, *, day: str = "") -> Standing:
    """record: the newest word about the weights that run. day: " of 31 Jan 2026", where it is not of today."""
    details = record.body["details"]
    if record.body["event"] == OVERRIDE:
        words = f"Opened by {record.person} without a passed challenge: {details['reason']}"
        return Standing("open", words, record.at, record.id)
    outcomes = read_outcomes(record)
    good = details.get("good")
    untold = find_untold(outcomes, good)
    kinds = " ".join(say_kinds(outcomes, good))
    if details["passed"]:
        words = f"{say_passed(outcomes)}. Challenged by {record.person}.{kinds and f' {kinds}'}"
        return Standing("open", words, record.at, record.id, untold=untold)
    words = f"The challenge{day} failed: {say_failed(outcomes)}.{kinds and f' {kinds}'}"
    wrong = tuple(f"{each.part}: {each.words}" for each in outcomes if each.wrong)
    return Standing("closed", words, record.at, record.id, wrong, untold)


def say_passed(outcomes: Sequence[Outcome]) -> str:
    undecided = sum(each.undecided for each in outcomes)
    if not undecided:
        return f"{say_number(len(outcomes), 'known part')} came out right"
    return (
        f"{len(outcomes) - undecided} of {len(outcomes)} known parts came out right, {undecided} went to a person, "
        "none was judged wrongly"
    )


def say_failed(outcomes: Sequence[Outcome]) -> str:
    wrong, right = sum(each.wrong for each in outcomes), sum(each.right for each in outcomes)
    if wrong:
        return f"{wrong} of {len(outcomes)} known parts {'was' if wrong == 1 else 'were'} judged wrongly"
    if not right:
        return f"all {len(outcomes)} known parts went to a person, which shows nothing"
    return (  # kept before 2026-11-21
        f"{len(outcomes) - right} of {len(outcomes)} known parts went to a person, which counted as wrong when it was made"
    )


def say_kinds(outcomes: Sequence[Outcome], good: str | None) -> Iterator[str]:
    """What came out of good and of bad parts. good: None in a line without a good class, and in older challenges."""
    if good is None:
        return
    for kind in ("good", "bad"):
        parts = [each for each in outcomes if (each.expected == good) == (kind == "good")]
        counts = Counter(each.verdict for each in parts)
        said = ", ".join(f"{n} {_CAME_OUT[VerdictKind(verdict)]}" for verdict, n in counts.most_common())
        yield f"Known {kind} parts: {said}."
    for kind in find_untold(outcomes, good):
        yield f"It does not show that {_SHOULD[kind]}: no {kind} part was decided."


_DECIDERS = {
    "detector_sha256": "the detector",
    "temperature": "the calibration",
    "novelty_sha256": "the check of novelty",
    "thresholds": "the rules",
}
_SHOULD = {"good": "good parts pass", "bad": "bad parts are rejected"}
_CAME_OUT = {
    VerdictKind.PASS: "passed",
    VerdictKind.REJECT: "rejected",
    VerdictKind.REVIEW: "to a person",
    VerdictKind.NO_PART: "not found",
}
