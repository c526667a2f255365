"""How the Review page says things: reasons, answers, waiting times, keys. No Streamlit here."""

from dataclasses import dataclass
from datetime import timedelta

from inspection.lines import Line
from inspection.records.decisions import Answer
from inspection.records.queue import Reason
from inspection.records.review_rules import ReviewRules
from inspection.types import VerdictKind
from inspection.wording import say_number

WHY: dict[Reason, str] = {
    Reason.REVIEW: "The model asked",
    Reason.NOVEL: "Unlike the training parts",
    Reason.UNSURE: "Decided with little confidence",
    Reason.SAMPLE: "Passed, drawn at random",
}
# C and R belong to Streamlit; these lie under one hand
QUICK_REASONS: tuple[tuple[str, str], ...] = (
    ("A", "The defect can be seen"),
    ("S", "Within tolerance"),
    ("D", "The picture is unclear"),
    ("F", "The heat is in the wrong place"),
    ("G", "I pressed the wrong key"),
)
CANNOT_TELL = Answer(VerdictKind.REVIEW)
NO_PART = Answer(VerdictKind.NO_PART)


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    answer: Answer
    key: str | None  # of the keyboard


def list_choices(line: Line) -> list[Choice]:
    """The good class first, as on the line; the verdict follows from the class."""
    choices = [
        Choice(
            name.capitalize(),
            Answer(VerdictKind.PASS if name == line.good else VerdictKind.REJECT, name),
            str(place) if place < 10 else None,
        )
        for place, name in enumerate(line.classes, start=1)
    ]
    return [*choices, Choice("No part", NO_PART, "N"), Choice("Cannot tell", CANNOT_TELL, "0")]


def say_answer(answer: Answer) -> str:
    if answer == NO_PART:
        return "no part"
    if answer.verdict == VerdictKind.REVIEW:
        return "cannot tell"
    return f"{answer.verdict.value}: {answer.class_name}"


def say_span(span: timedelta) -> str:
    """Roughly: what waits is read at a glance."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 1:
        return "less than a minute"
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return say_number(count, word)
    raise AssertionError("a minute or more")


def say_seconds(took_ms: float) -> str:
    return f"{took_ms / 1e3:.1f} s" if took_ms < 60_000 else f"{took_ms / 60_000:.0f} min"


def say_rules(rules: ReviewRules) -> str:
    return (
        f"A part waits when the model asks for a person, when it is unlike the training parts (p below "
        f"{rules.novelty_p:.2g}), or when the model is less than {rules.confidence_0_1 * 100:.3g} % sure; and "
        f"{rules.sample_0_1 * 100:.3g} % of the passes, drawn at random. {rules.second_0_1 * 100:.3g} % of all that "
        "waits is shown to a second person."
    )
