"""Where a trained model goes: into the line's weights and among its rivals, never over what is there."""

import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

from inspection.config import Settings
from inspection.errors import DataInvalid, LineInvalid
from inspection.lines import parse_line
from inspection.placing import stage_release
from inspection.records.shelf import list_files
from inspection.writing import write_atomically

_RIVALS = re.compile(r"^rivals\s*=\s*\[(?P<names>[^\]]*)\]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Staged:
    """A model that is trained, measured and not in use yet: `folder` holds what will lie beside the line's weights."""

    line: str
    model: str
    folder: Path

    @property
    def card(self) -> Path:
        return self.folder / f"{self.model}.json"


def install(staged: Staged, settings: Settings, *, replace: bool = False) -> Path:
    """Whole or not at all; the splits have a folder of their own, where the same name is the same content."""
    target = settings.weights_dir / staged.line
    card = target / staged.card.name
    if card.exists() and not replace:
        raise DataInvalid(
            f"Expected no weights of {staged.model} for {staged.line}, but there are some. Compare the two, then replace them."
        )
    if not staged.card.is_file():
        raise DataInvalid(f"Expected a trained {staged.model} in {staged.folder}, got none. Train it.")
    for path in sorted(staged.folder.glob("*/*")):
        place = target / path.relative_to(staged.folder)
        if path.parent.name[0] != "." and not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(place, path.read_bytes())
    with stage_release(target, staged.model) as folder:
        for path in list_files(staged.folder, staged.model):
            shutil.copyfile(path, folder / path.name)  # the folders may lie on different disks
    return card


def add_rival(line: str, model: str, settings: Settings) -> bool:
    """True where the line did not name the model yet. Only that one row of its file changes; comments stay."""
    path = settings.lines_dir / f"{line}.toml"
    text = path.read_text(encoding="utf-8")
    before = parse_line(tomllib.loads(text), name=line, folder=settings.lines_dir)
    if model in (*before.models, before.locate.model, before.defect_detector):
        return False
    names = ", ".join(f'"{name}"' for name in (*before.rivals, model))
    changed, rows = _RIVALS.subn(f"rivals = [{names}]", text, count=1)
    if rows:
        after = parse_line(tomllib.loads(changed), name=line, folder=settings.lines_dir)
        if after.rivals == (*before.rivals, model) and after.champion == before.champion:
            write_atomically(path, changed.encode())
            return True
    raise LineInvalid(
        f"Expected a row `rivals = [...]` under [models] in {path.name}. Add {model} to it by hand."
    )
