"""inspect --keep: each inspection becomes a record; one that cannot is printed all the same, and said not to be kept."""

import getpass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from inspection.types import Inspection

if TYPE_CHECKING:
    from inspection.pipeline import Inspector
    from inspection.records.store import RecordStore


class Keeper:
    def __init__(self, inspector: "Inspector", *, wanted: bool, part: str) -> None:
        self._inspector = inspector
        self._wanted = wanted
        self._part = part
        self._store: RecordStore | None = None

    def __enter__(self) -> "Keeper":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._store is not None:
            self._store.close()

    def keep(self, inspection: Inspection, path: Path) -> dict[str, dict[str, object]]:
        """What the result says of it. A picture that has changed since it was read is refused by its hash."""
        if not self._wanted:
            return {}
        from inspection.records.errors import StoreError
        from inspection.records.surroundings import build_full_context

        try:
            context = build_full_context(
                self._inspector, person=name_user(), source="command line", part=self._part
            )
            record = self._open().add(inspection, path.read_bytes(), context=context)
        except StoreError as error:
            return {"not_kept": {"kind": error.kind, "message": str(error)}}
        except OSError as error:
            said = f"The picture cannot be read again ({error.strerror or error})."
            return {"not_kept": {"kind": "PictureUnreadable", "message": said}}
        return {"record": {"id": record.id, "code": record.code}}

    def _open(self) -> "RecordStore":
        """At the first picture, and again at the next where that failed."""
        if self._store is None:
            from inspection.records.store import open_store

            self._store = open_store()
        return self._store


def name_user() -> str:
    """Who this process runs as."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = "unknown user"
    return "".join(letter for letter in name if letter.isprintable())[:200]
