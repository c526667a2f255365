"""A promoted champion gets the novelty check that it was promoted without: the same weights, as a release of their own.

A release never changes, so that the chain can say what ran. The new one is promoted through a record like any other, and
one click leads back. It takes no gate: the check can send more parts to a person, and let none pass that did not before.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from inspection.config import Settings
from inspection.lines import Line
from inspection.records.champions import PROMOTION, Champion, find_champion
from inspection.records.promotion import (
    MAY_RETURN,
    PromotionRefused,
    Signature,
    check_signature,
    describe_signature,
    one_at_a_time,
    settle,
)
from inspection.records.record import Record
from inspection.records.shelf import NOVELTY_ENDING, Release, keep_release, read_release
from inspection.records.store import RecordStore

ADDS = "adds"  # of the record: what the release has beside the one before
NOVELTY = "novelty"
MAY_ADD = MAY_RETURN


@contextmanager
def copy_champion(line: Line, champion: Champion, settings: Settings) -> Iterator[Settings]:
    """The settings with a folder of weights in which only this release lies, to be added to. It goes in the end."""
    assert champion.release is not None  # asked for by the caller
    home = settings.var_dir / "completing"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{line.name}-", dir=home) as scratch:
        folder = Path(scratch) / line.name
        folder.mkdir()
        for name in champion.release.files:
            shutil.copy2(champion.weights_dir / line.name / name, folder / name)
        yield replace(settings, weights_dir=Path(scratch))


def promote_with_novelty(
    store: RecordStore,
    line: Line,
    champion: Champion,
    signature: Signature,
    *,
    method: str,
    own: Settings,
    settings: Settings,
) -> Record:
    """champion: what novelty was fitted to. own: the settings that copy_champion gave, whose release has it by now."""
    check_signature(signature, MAY_ADD)
    with one_at_a_time(line, settings):
        current = find_champion(store, line, settings)
        before = champion.release
        if before is None or current.record_id != champion.record_id:
            raise PromotionRefused(
                f"Expected line {line.name} to run on what novelty was fitted to, but record {current.record_id} changed it "
                "meanwhile. Fit it again."
            )
        after = read_release(own.weights_dir, line.name, champion.model)
        check_same_weights(before, after)
        keep_release(store, before, champion.weights_dir)
        keep_release(store, after, own.weights_dir)
        details: dict[str, object] = {
            "from": before.to_dict(),
            "to": after.to_dict(),
            "override": False,
            "signed": describe_signature(signature),
            ADDS: NOVELTY,
            "novelty": method,
        }
        return settle(store, line, PROMOTION, details, after, signature, settings, seen=champion.record_id)


def check_same_weights(before: Release, after: Release) -> None:
    """Nothing but the novelty model and the card, which names it, may differ: whatever else judges passed a gate."""
    may_differ = {f"{before.model}.json", f"{before.model}{NOVELTY_ENDING}"}
    names = (set(before.files) | set(after.files)) - may_differ
    other = sorted(name for name in names if before.files.get(name) != after.files.get(name))
    if other:
        raise PromotionRefused(
            f"Expected the champion's own files beside the novelty model, got others: {', '.join(other)}. Fit it again."
        )
