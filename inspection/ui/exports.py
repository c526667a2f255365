"""What a batch leaves behind: a table, and an archive with the table, the full results and the marked pictures."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import cast

from inspection.spreadsheet import guard_cell
from inspection.types import Inspection
from inspection.ui.uploads import Refusal

_COLUMNS = (
    "picture",
    "verdict",
    "class",
    "score",
    "line",
    "model",
    "precision",
    "engine",
    "retested",
    "decode_ms",
    "locate_ms",
    "classify_ms",
    "explain_ms",
    "mark_ms",
    "total_ms",
    "box",
    "sha256",
    "model_sha256",
    "refused_because",
)


def row_of(name: str, outcome: Inspection | Refusal) -> dict[str, object]:
    if isinstance(outcome, Refusal):
        return {"picture": guard_cell(name), "refused_because": outcome.message}
    flat = outcome.as_dict()
    timings = outcome.timings_ms.as_dict()
    return {
        "picture": guard_cell(name),
        "class": guard_cell(str(flat["class"] or "")),
        **{key: flat[key] for key in ("verdict", "score", "line", "model", "precision", "engine")},
        "retested": outcome.retested,
        **{f"{stage}_ms": round(ms, 3) for stage, ms in timings.items()},
        "box": "" if flat["box"] is None else " ".join(str(edge) for edge in cast(list[float], flat["box"])),
        "sha256": outcome.sha256,
        "model_sha256": outcome.model_sha256,
    }


def write_csv(outcomes: Iterable[tuple[str, Inspection | Refusal]]) -> bytes:
    """UTF-8 with a byte-order mark, so that a spreadsheet reads names in any script."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=_COLUMNS, restval="")
    writer.writeheader()
    for name, outcome in outcomes:
        writer.writerow(row_of(name, outcome))
    return stream.getvalue().encode("utf-8-sig")


def describe_outcome(name: str, outcome: Inspection | Refusal) -> dict[str, object]:
    """As the command line prints it."""
    if isinstance(outcome, Refusal):
        return {"picture": name, "error": {"kind": outcome.kind, "message": outcome.message}}
    return {**outcome.as_dict(), "picture": name}


def safe_stem(name: str) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name.rsplit(".", 1)[0]).strip(".-")
    return stem[:60] or "picture"


def write_zip(
    outcomes: Sequence[tuple[str, Inspection | Refusal]], marked: Iterable[tuple[int, bytes]]
) -> bytes:
    """`marked`: (position in `outcomes`, JPEG). Names are made here, of letters and digits, numbered: none collides."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inspections.csv", write_csv(outcomes))
        lines = (
            json.dumps(describe_outcome(name, outcome), ensure_ascii=False) for name, outcome in outcomes
        )
        archive.writestr("inspections.jsonl", "\n".join(lines) + "\n")
        for position, jpeg in marked:
            name, outcome = outcomes[position]
            verdict = outcome.verdict.kind.value if isinstance(outcome, Inspection) else "refused"
            folder = verdict.lower().replace(" ", "-")
            archive.writestr(
                zipfile.ZipInfo(f"pictures/{folder}/{position + 1:04d}-{safe_stem(name)}.jpg"), jpeg
            )
    return stream.getvalue()
