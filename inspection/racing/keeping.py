"""Races that are kept: below var/races, a JSON with what was asked and of whom, and a parquet file with every lap."""

import io
import json
import re
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from inspection.config import load_settings
from inspection.errors import DataInvalid
from inspection.racing.plan import Entrant, Plan, Scope
from inspection.racing.results import Lane, Laps, Result, Start
from inspection.types import Precision
from inspection.writing import write_atomically

_MOST_NAME_CHARS = 60
_ID = re.compile(r"[a-z0-9-]{1,60}-[0-9a-f]{8}")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Kept:
    id: str
    name: str
    taken_at: str
    line: str


def races_dir() -> Path:
    return load_settings().var_dir / "races"


def keep_race(result: Result, name: str, folder: Path) -> Kept:
    name = " ".join(name.split())
    if not name or len(name) > _MOST_NAME_CHARS or not name.isprintable():
        raise DataInvalid(
            f"Expected a name of 1 to {_MOST_NAME_CHARS} printable characters, got {len(name)}. Choose another."
        )
    if not any(len(laps.ms) for laps in result.laps.values()):
        raise DataInvalid("Expected a race with at least one lap, got none. Let it run before it is kept.")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "race"
    id = f"{slug}-{secrets.token_hex(4)}"
    described = {"version": _VERSION, "name": name, **describe(result)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"{id}.json", json.dumps(described, indent=1).encode(), encode_laps(result))
    except OSError as error:
        raise DataInvalid(
            f"Expected to write the race into the folder of the kept ones, got: {error.strerror or error}. Nothing of it "
            "is kept. Make room, or give the server's user the right to write there, and keep it again."
        ) from error
    return Kept(id, name, result.taken_at, result.plan.line)


def _write(path: Path, described: bytes, laps: bytes) -> None:
    """The JSON last: what is listed is whole."""
    beside = path.with_suffix(".parquet")
    write_atomically(beside, laps)
    try:
        write_atomically(path, described)
    except OSError:  # laps that nothing names would take room which nobody finds
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def list_kept(folder: Path) -> list[Kept]:
    """The newest first. Left out is what is none of ours, what cannot be read, and what another session drops meanwhile."""
    kept = []
    for path in folder.glob("*.json"):
        if not _ID.fullmatch(path.stem):
            continue
        try:
            kept.append(_read_label(path))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(kept, key=lambda race: (race.taken_at, race.id), reverse=True)


def _read_label(path: Path) -> Kept:
    described = json.loads(path.read_text(encoding="utf-8"))
    told = described["name"], described["taken_at"], described["plan"]["line"]
    if not all(isinstance(each, str) for each in told):
        raise TypeError(f"expected three texts in {path.name}, got {told}")
    return Kept(path.stem, *told)


def load_kept(id: str, folder: Path) -> Result:
    from pyarrow import ArrowException

    path = _find(id, folder)
    try:
        return _read(path)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArrowException) as error:
        if not path.is_file():  # another session dropped it since it was found
            raise _refuse_gone() from None
        raise DataInvalid(
            "Expected the kept race as it was written, got files that are damaged or cannot be read. "
            "Delete it, or choose another of the list."
        ) from error


def _read(path: Path) -> Result:
    described = json.loads(path.read_text(encoding="utf-8"))
    if described.get("version") != _VERSION:
        raise DataInvalid(
            f"Expected a kept race of version {_VERSION}, got {described.get('version')}. Race again and keep that."
        )
    plan = described["plan"]
    entrants = tuple(_entrant(key) for key in plan["entrants"])
    laps = read_laps(path.with_suffix(".parquet"))
    if strange := {entrant.key for entrant, _ in laps} - described["starts"].keys():
        raise ValueError(f"expected laps of those that started, got some of {sorted(strange)}")
    return Result(
        plan=Plan(
            plan["line"], entrants, tuple(plan["batches"]), plan["length_s"], cast(Scope, plan["scope"])
        ),
        machine=described["machine"],
        threads=described["threads"],
        taken_at=described["taken_at"],
        starts={
            _entrant(key): Start(
                start["engine"],
                start["device"],
                start["load_ms"],
                {int(batch): ms for batch, ms in start["first_ms"].items()},
                start.get("weights_sha256", ""),
            )
            for key, start in described["starts"].items()
        },
        absent={_entrant(key): why for key, why in described["absent"].items()},
        laps=laps,
    )


def drop_kept(id: str, folder: Path) -> None:
    path = _find(id, folder)
    try:
        path.unlink(missing_ok=True)
        path.with_suffix(".parquet").unlink(missing_ok=True)
    except OSError as error:
        raise DataInvalid(
            f"Expected to delete the kept race, got: {error.strerror or error}. Give the server's user the right to write "
            "into the folder of the kept races, and delete it again."
        ) from error


def _find(id: str, folder: Path) -> Path:
    path = folder / f"{id}.json"
    if not _ID.fullmatch(id) or not path.is_file():
        raise _refuse_gone()
    return path


def _refuse_gone() -> DataInvalid:
    return DataInvalid(
        "Expected a race that was kept, got one that is not there. Choose another of the list."
    )


def describe(result: Result) -> dict[str, Any]:
    plan = result.plan
    return {
        "plan": {
            "line": plan.line,
            "entrants": [entrant.key for entrant in plan.entrants],
            "batches": list(plan.batches),
            "length_s": plan.length_s,
            "scope": plan.scope,
        },
        "machine": dict(result.machine),
        "threads": result.threads,
        "taken_at": result.taken_at,
        "starts": {entrant.key: asdict(start) for entrant, start in result.starts.items()},
        "absent": {entrant.key: why for entrant, why in result.absent.items()},
    }


def _entrant(key: str) -> Entrant:
    model, precision = key.rsplit(" ", 1)
    return Entrant(model, cast(Precision, precision))


def tabulate_laps(result: Result) -> dict[str, list[Any]]:
    """Columns, a row a lap, in the order in which they were run."""
    rows = [
        (at_s, entrant.model, entrant.precision, batch, ms, bool(crowded))
        for (entrant, batch), laps in result.laps.items()
        for at_s, ms, crowded in zip(laps.at_s, laps.ms, laps.crowded, strict=True)
    ]
    rows.sort(key=lambda row: row[0])
    names = ("at_s", "model", "precision", "batch", "ms", "crowded")
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}


def encode_laps(result: Result) -> bytes:
    """As a parquet file; made in memory, so that a full disk leaves no half of one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table(tabulate_laps(result)), stream)
    return stream.getvalue()


def read_laps(path: Path) -> dict[Lane, Laps]:
    import pyarrow.parquet as pq

    columns = pq.read_table(path).to_pydict()
    lanes: dict[Lane, list[int]] = {}
    for row, (model, precision, batch) in enumerate(
        zip(columns["model"], columns["precision"], columns["batch"], strict=True)
    ):
        lanes.setdefault((Entrant(model, precision), batch), []).append(row)
    at_s, ms, crowded = (np.array(columns[name]) for name in ("at_s", "ms", "crowded"))
    return {
        lane: Laps(at_s[rows].astype(float), ms[rows].astype(float), crowded[rows].astype(bool))
        for lane, rows in lanes.items()
    }
