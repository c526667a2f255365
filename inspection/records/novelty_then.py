"""Which novelty model judged a part, as its record says, held against the one that is here now.

The same weights may exist with several: fitted anew as they ship, or in a challenger's release. Which of them judged
decides what went to a person, so a replay chooses by both, and says so where the one of then is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inspection.novelty import NoveltyModel
from inspection.records.content import NOVELTY_SHA256
from inspection.types import Novelty

NONE = "none"


@dataclass(frozen=True, slots=True)
class NoveltyThen:
    asked: bool
    sha256: str | None  # None: none was asked, or the record is of the time when its hash was not kept
    words: str  # what the record knows of it

    def fits(self, present: str | None) -> bool:
        """present: the SHA-256 of the novelty model beside the same weights; None where there is none."""
        if not self.asked:  # whatever is there now is not asked
            return True
        return present is not None if self.sha256 is None else present == self.sha256

    def describe(self, model: NoveltyModel | None, now: Novelty | None) -> str:
        """The model of now, in the words in which the record tells the one of then."""
        if model is None:
            return NONE
        if self.sha256 is not None:
            return str(model.sha256)
        return model.method if now is None else _say_kind(now)

    def say_difference(self, words_now: str) -> str:
        """Empty where it is the same one, as far as the record tells."""
        if words_now == self.words:
            return ""
        judged = "no novelty model" if words_now == NONE else f"another one ({_shorten(words_now)})"
        return (
            f"The novelty model of then ({_shorten(self.words)}) is no longer here: {judged} took part now, which may send "
            "the part to a person, or not, where it was otherwise then."
        )


def read_novelty_then(body: Mapping[str, Any]) -> NoveltyThen:
    """body: of an inspection's record."""
    rated, sha256 = body["novelty"], body.get(NOVELTY_SHA256)
    if sha256 is not None:
        return NoveltyThen(True, sha256, sha256)
    if rated is None:
        return NoveltyThen(False, None, NONE)
    return NoveltyThen(True, None, _say_kind(Novelty(**rated)))


def _say_kind(novelty: Novelty) -> str:
    """All that an older record tells."""
    return f"{novelty.method}, {novelty.known} known parts"


def _shorten(words: str) -> str:
    return f"{words[:12]}…" if len(words) == 64 else words
