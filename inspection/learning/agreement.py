"""An attribute agreement study: how far people agree with each other, with themselves and with the model.

AIAG's MSA manual asks of an attribute gauge a kappa of 0.75 or more, at most 2 % misses and 5 % false alarms. Only
answers given before the verdict and the map were seen are independent; what was said after is counted apart. Several
answers about one part are no trials of their own either: they make a kappa's interval no narrower than one answer does.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from inspection.learning.intervals import (
    Interval,
    find_exact_interval,
    find_upper_bound,
    find_wilson_interval,
    measure_agreement,
)

GOOD_KAPPA, POOR_KAPPA = 0.75, 0.40
MODEL, PEOPLE = "model", "people"
NO_PART = "no part"  # a label that is neither good nor a defect


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one person said of one inspected part. A label is a class, or "no part"; None: could not tell."""

    record_id: int
    picture: str  # its SHA-256: the same picture may have been judged twice
    person: str
    blind: str | None
    settled: str | None  # after the verdict and the map were seen; as before where that was left out
    saw_map: bool
    model: str | None  # its best class; None or "no part" where it found none
    decided: bool  # the model passed or rejected it, it did not ask
    sampled: bool  # drawn at random from the passes
    took_ms: float
    complete: bool = True  # all that were drawn on its day, and before it, are answered


@dataclass(frozen=True, slots=True)
class Rate:
    count: int
    n: int
    interval: Interval | None  # Wilson's, 95 %, as wide as so many different pictures make it

    @property
    def share(self) -> float | None:
        return self.count / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Kappa:
    """Two that judge the same parts. kappa is None where chance alone explains everything: one label only."""

    first: str
    second: str
    n: int  # pairs of answers
    parts: int  # that they are about; both intervals, this one and that of agreed, are as wide as these allow
    agreed: Rate
    kappa: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class DefectErrors:
    """The model against the people, where all who judged a part say the same. name: a defect, or "any defect"."""

    name: str
    missed: Rate  # people see this defect, the model passed the part
    confused: Rate  # the model named another defect
    asked: Rate  # of all parts with this defect: the model asked a person
    false_alarms: Rate  # of the parts that people call good and the model decided: rejected for this defect


@dataclass(frozen=True, slots=True)
class Study:
    opinions: int
    parts: int
    unsure: int  # opinions in which the person could not tell; no figure below counts them
    differed: int  # parts of which people said different things; left out of the defects
    with_model: tuple[Kappa, ...]  # all people where it decided, its best guess everywhere, then each person
    between: tuple[Kappa, ...]  # all pairs together, then each pair
    within: tuple[Kappa, ...]  # the same person, the same picture, twice
    defects: tuple[DefectErrors, ...]
    sampled_passes: Rate  # of the passes drawn at random, by complete days: people call them defective
    escape_rate_below: float | None  # one-sided and exact, 95 %
    drawn: int  # passes drawn at random
    drawn_answered: int  # of them; while some wait, those in which the model was less sure come first
    changed: Rate  # of those who saw the map: said something else after it
    toward_model: Rate  # of these changes


def study_agreement(
    opinions: Sequence[Opinion], *, good: str | None, blind: bool = True, drawn_waiting: int = 0
) -> Study:
    """blind: by what was said before the map; else by what was said last. drawn_waiting: how many passes were drawn at
    random and nobody has answered yet.

    The queue serves those passes first of which the model was less sure, so the answered ones are no fair sample while
    others wait. Those of the days before the first that waits are: each of them that was drawn is answered.
    """
    told = [(one, label) for one in opinions if (label := one.blind if blind else one.settled) is not None]
    agreed = _settle_parts(told)
    defects = sorted(({*agreed.values()} | _list_called(told)) - {good, NO_PART})
    passes = {
        one.record_id: one.picture
        for one, _ in told
        if one.sampled and one.complete and one.record_id in agreed
    }
    escaped = sum(agreed[part] != good for part in passes)
    sampled, trials = rate(escaped, len(passes), list(passes.values())), count_trials(passes.values())
    drawn_answered = len({one.record_id for one in opinions if one.sampled})
    shown = [one for one in opinions if one.saw_map and one.blind is not None]
    changes = [one for one in shown if one.settled != one.blind]
    return Study(
        opinions=len(opinions),
        parts=len({one.record_id for one in opinions}),
        unsure=len(opinions) - len(told),
        differed=len({one.record_id for one, _ in told}) - len(agreed),
        with_model=_compare_model(told),
        between=_compare_people(told),
        within=_compare_within(told),
        defects=_count_errors(told, agreed, defects, good),
        sampled_passes=sampled,
        escape_rate_below=find_upper_bound(-(-escaped * trials // len(passes)), trials) if passes else None,
        drawn=drawn_answered + drawn_waiting,
        drawn_answered=drawn_answered,
        changed=rate(len(changes), len(shown)),
        toward_model=rate(sum(one.settled == one.model for one in changes), len(changes)),
    )


Told = Sequence[tuple[Opinion, str]]
Compared = tuple[Opinion, tuple[str, str]]  # an opinion of the part, and what each of the two says
FindInterval = Callable[[int, int], Interval | None]


def measure_kappa(
    pairs: Sequence[tuple[str, str]],
    *,
    first: str,
    second: str,
    either_way: bool = False,
    parts: Sequence[Hashable] | None = None,
) -> Kappa:
    """either_way: who comes first means nothing, so each pair counts half in both directions.

    parts: what each pair is about; None: each is about a part of its own.
    """
    about = range(len(pairs)) if parts is None else parts
    trials = count_trials(about)
    names = sorted({label for pair in pairs for label in pair})
    places = {name: place for place, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)))
    for one, other in pairs:
        counts[places[one], places[other]] += 1
    if either_way:
        counts = (counts + counts.T) / 2
    agreed = sum(one == other for one, other in pairs)
    found = measure_agreement(counts * (trials / len(pairs))) if pairs else None
    exact = find_interval_of(find_exact_interval, agreed, len(pairs), trials=trials)
    interval = None
    if found is not None and exact is not None:
        # The large-sample interval has no width where all agree. So it is widened to what the exact interval of the
        # agreement gives with chance as it was found: kappa = (agreed − chance) / (1 − chance).
        chance = float(counts.sum(axis=1) @ counts.sum(axis=0)) / len(pairs) ** 2
        low, high = ((end - chance) / (1 - chance) for end in exact.as_list())
        interval = Interval(max(-1.0, min(found.interval.low, low)), min(1.0, max(found.interval.high, high)))
    return Kappa(
        first=first,
        second=second,
        n=len(pairs),
        parts=len(set(about)),
        agreed=Rate(
            agreed, len(pairs), find_interval_of(find_wilson_interval, agreed, len(pairs), trials=trials)
        ),
        kappa=None if found is None else found.kappa,
        interval=interval,
    )


def count_trials(about: Iterable[Hashable]) -> int:
    """How many answers, each about a part of its own, say as much as these where all about one part are the same answer:
    the number of the parts, and fewer where some have more answers than others (Kish 1965)."""
    each = Counter(about).values()
    return sum(each) ** 2 // sum(count**2 for count in each) if each else 0


def find_interval_of(find: FindInterval, agreed: int, n: int, *, trials: int) -> Interval | None:
    """find's interval of the share agreed / n, as wide as so many trials make it. A count is whole: rounded outwards."""
    if not n:
        return None
    low, high = find(agreed * trials // n, trials), find(-(-agreed * trials // n), trials)
    return None if low is None or high is None else Interval(low.low, high.high)


def say_kappa(found: Kappa) -> str:
    """By AIAG's limits, and only as far as the interval allows."""
    if found.kappa is None or found.interval is None:
        return "cannot be said: only one label occurs"
    if found.interval.low >= GOOD_KAPPA:
        return "good"
    if found.interval.high < POOR_KAPPA:
        return "poor"
    if found.kappa >= GOOD_KAPPA:
        return "good so far, too few parts to be sure"
    if found.kappa < POOR_KAPPA:
        return "poor so far, too few parts to be sure"
    return "moderate" if found.interval.high < GOOD_KAPPA else "moderate so far"


def rate(count: int, n: int, about: Sequence[Hashable] | None = None) -> Rate:
    """about: what each of the n is of. A picture that was inspected several times makes the interval no narrower."""
    trials = n if about is None else count_trials(about)
    return Rate(count, n, find_interval_of(find_wilson_interval, count, n, trials=trials))


def _settle_parts(told: Told) -> dict[int, str]:
    """The label of each part of which all say the same."""
    labels = defaultdict[int, set[str]](set)
    for one, label in told:
        labels[one.record_id].add(label)
    return {part: next(iter(said)) for part, said in labels.items() if len(said) == 1}


def _compare_model(told: Told) -> tuple[Kappa, ...]:
    guessed = [(one, (label, one.model)) for one, label in told if one.model is not None]
    decided = [(one, pair) for one, pair in guessed if one.decided]
    found = [
        _measure_pairs(decided, first=PEOPLE, second=MODEL),
        _measure_pairs(guessed, first=PEOPLE, second="model's best guess"),
    ]
    persons = sorted({one.person for one, _ in decided})
    for person in persons if len(persons) > 1 else ():
        own = [(one, pair) for one, pair in decided if one.person == person]
        found.append(_measure_pairs(own, first=person, second=MODEL))
    return tuple(each for each in found if each.n)


def _compare_people(told: Told) -> tuple[Kappa, ...]:
    by_part = defaultdict[int, dict[str, tuple[Opinion, str]]](dict)
    for one, label in told:
        by_part[one.record_id][one.person] = one, label
    pairs = defaultdict[tuple[str, str], list[Compared]](list)
    for said in by_part.values():
        for first, second in combinations(sorted(said), 2):
            (one, label), (_, other) = said[first], said[second]
            pairs[first, second].append((one, (label, other)))
    if not pairs:
        return ()
    each = [_measure_pairs(found, first=one, second=other) for (one, other), found in sorted(pairs.items())]
    if len(each) == 1:
        return tuple(each)
    everyone = [pair for found in pairs.values() for pair in found]
    return (_measure_pairs(everyone, first=PEOPLE, second=PEOPLE, either_way=True), *each)


def _measure_pairs(
    compared: Sequence[Compared], *, first: str, second: str, either_way: bool = False
) -> Kappa:
    return measure_kappa(
        [pair for _, pair in compared],
        first=first,
        second=second,
        either_way=either_way,
        parts=[one.picture for one, _ in compared],  # one that was inspected twice is the same part
    )


def _compare_within(told: Told) -> tuple[Kappa, ...]:
    looks = defaultdict[str, dict[str, list[tuple[int, str]]]](lambda: defaultdict(list))
    for one, label in told:
        looks[one.person][one.picture].append((one.record_id, label))
    found = []
    for person, pictures in sorted(looks.items()):
        twice = [sorted(said)[:2] for said in pictures.values() if len(said) > 1]
        pairs = [(first[1], second[1]) for first, second in twice]
        if pairs:
            found.append(measure_kappa(pairs, first=person, second="the same person again", either_way=True))
    return tuple(found)


def _list_called(told: Told) -> set[str]:
    return {one.model for one, _ in told if one.decided and one.model is not None}


def _count_errors(
    told: Told, agreed: dict[int, str], defects: Sequence[str], good: str | None
) -> tuple[DefectErrors, ...]:
    parts = {one.record_id: one for one, _ in told if one.record_id in agreed}
    seen = [(agreed[part], one.model if one.decided else None, one.picture) for part, one in parts.items()]
    # a line without a good class passes nothing: nothing can be missed, and no alarm is false
    rows = [_count_one(name, seen, [name], good) for name in defects]
    if len(defects) > 1:
        rows.insert(0, _count_one("any defect", seen, defects, good))
    return tuple(rows)


def _count_one(
    name: str, seen: Iterable[tuple[str, str | None, str]], defects: Sequence[str], good: str | None
) -> DefectErrors:
    """seen: (what people say, what the model decided or None where it asked, the picture)."""
    people, good_parts = defaultdict[str, list[str]](list), defaultdict[bool, list[str]](list)
    for said, called, picture in seen:
        if said in defects:
            people["asked" if called is None else _sort(called, defects, good)].append(picture)
        elif said == good and called is not None:
            good_parts[called in defects].append(picture)
    decided = [*people["found"], *people["missed"], *people["confused"]]
    every, passed_on = [*decided, *people["asked"]], [*good_parts[True], *good_parts[False]]
    return DefectErrors(
        name=name,
        missed=rate(len(people["missed"]), len(decided), decided),
        confused=rate(len(people["confused"]), len(decided), decided),
        asked=rate(len(people["asked"]), len(every), every),
        false_alarms=rate(len(good_parts[True]), len(passed_on), passed_on),
    )


def _sort(called: str, defects: Sequence[str], good: str | None) -> str:
    if called == good:
        return "missed"
    return "found" if called in defects else "confused"
