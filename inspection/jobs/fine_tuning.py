"""Fine-tuning as a job: arguments line, model, data (a data set's name, or empty), epochs."""

from typing import Any

from inspection.config import load_settings
from inspection.jobs.job import Job
from inspection.jobs.pictures import resolve_folder
from inspection.jobs.supervise import Report


def teach_corrections(job: Job, report: Report) -> dict[str, Any]:
    """Taken up again, it goes on after its last finished epoch: where it lies is decided by what it learns from."""
    from inspection.learning.corrected_data import build_corrected_data
    from inspection.learning.epochs import EpochRow
    from inspection.learning.fine_tune import Wish, fine_tune
    from inspection.lines import load_line
    from inspection.records.champions import find_champion
    from inspection.records.store import open_store

    asked, settings = job.asked.arguments, load_settings()
    line = load_line(asked["line"], settings)
    data = resolve_folder(asked["data"], settings) if asked["data"] else None
    report("Reading the corrections", None, "")
    store = open_store(settings=settings)
    try:
        champion = find_champion(store, line, settings)
        corrected = build_corrected_data(store, line, settings)
    finally:
        store.close()

    def tell_epoch(row: EpochRow) -> None:
        accuracy = row.metrics.get("val_accuracy")
        words = f"epoch {row.epoch} of {row.epochs}"
        report(
            "Fine-tuning", row.epoch / row.epochs, words + ("" if accuracy is None else f", {accuracy:.1%}")
        )

    def tell(words: str) -> None:
        print(words, flush=True)
        report("Fine-tuning", None, words)

    wish = Wish(asked["model"], data, epochs=asked["epochs"])
    challenge = fine_tune(line, corrected, champion, wish, settings=settings, on_epoch=tell_epoch, tell=tell)
    return {"line": line.name, "model": challenge.model, "challenger": challenge.folder.name}
