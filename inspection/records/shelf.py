"""Released weights with all that belongs to them, kept for good: each file under its SHA-256 beside the pictures.

The picture store is what all machines of a plant share; a folder laid out like `models/weights` is made of it where it
is needed. What is in that folder can always be made again.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inspection.config import Settings
from inspection.errors import WeightsMissing, WeightsRefused
from inspection.hashing import hash_file
from inspection.novelty import novelty_path
from inspection.placing import hold_part, sync_path, write_to_disk
from inspection.records.chain import canonical_json
from inspection.records.failures import name_os_error
from inspection.records.store import RecordStore


@dataclass(frozen=True, slots=True)
class Release:
    """Weights, card, calibration, evaluations and whatever else carries the model's name."""

    line: str
    model: str
    weights_sha256: str
    files: Mapping[str, str]  # name → SHA-256

    @property
    def sha256(self) -> str:
        """Of the whole: the names and hashes of all its files."""
        return hashlib.sha256(canonical_json(dict(self.files)).encode()).hexdigest()

    @property
    def novelty_sha256(self) -> str | None:
        """None: it has no novelty model."""
        return self.files.get(novelty_path(Path(f"{self.model}.safetensors")).name)

    def to_dict(self) -> dict[str, object]:
        return {
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "release_sha256": self.sha256,
            "files": dict(self.files),
        }


def read_release(weights_dir: Path, line: str, model: str) -> Release:
    """As it lies in a folder; refused where the weights are not those of the card."""
    from models.card import CardInvalid, read_card

    folder = weights_dir / line
    card_path, weights = folder / f"{model}.json", folder / f"{model}.safetensors"
    if not card_path.is_file() or not weights.is_file():
        raise WeightsMissing(
            f"Expected weights of {model} with their card in {folder}, found none. Train the model first."
        )
    try:
        card = read_card(card_path)
    except CardInvalid as error:
        raise WeightsRefused(str(error)) from error
    files = {path.name: hash_file(path) for path in list_files(folder, model)}
    for name, stated in {**card.files, weights.name: card.weights_sha256}.items():
        found = files.get(name, "nothing")
        if found != stated:
            raise WeightsRefused(
                f"Expected {name} to have the SHA-256 {stated[:12]}… of its card, got {found[:12]}. "
                "The file was changed or cut short: fetch it again, or train again."
            )
    return Release(line, model, card.weights_sha256, files)


def list_files(folder: Path, model: str) -> list[Path]:
    """No model's name is the beginning of another's up to a dot."""
    return sorted(path for path in folder.glob(f"{model}.*") if path.is_file())


def keep_release(store: RecordStore, release: Release, weights_dir: Path) -> None:
    """On the disk when this returns: only then may a record name it."""
    for name, sha256 in release.files.items():
        data = (weights_dir / release.line / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise WeightsRefused(f"{name} changed while it was being kept. Try again.")
        store.pictures.keep(data, sha256)
        if store.pictures.is_local:
            # also what was there: whoever wrote it may have been killed before it was on the disk
            store.pictures.unsynced.append(store.pictures.path_of(sha256))
    store.flusher.flush()


def open_release(store: RecordStore, release: Release, settings: Settings) -> Path:
    """A folder like `models/weights` that holds this release: made once a machine, whole or not at all."""
    home = shelf_dir(settings)
    folder = home / release.sha256
    if folder.is_dir():
        return folder
    try:
        _fill(store, release, folder)
    except OSError as error:
        raise name_os_error(error, str(home)) from error
    return folder


def _fill(store: RecordStore, release: Release, folder: Path) -> None:
    home = folder.parent
    home.mkdir(parents=True, exist_ok=True)
    with hold_part(home, ".release-") as scratch:  # what a killed process had begun goes with the next
        (scratch / release.line).mkdir()
        for name, sha256 in release.files.items():
            write_to_disk(scratch / release.line / Path(name).name, store.pictures.read(sha256))
        sync_path(scratch / release.line)
        try:
            os.rename(scratch, folder)
        except OSError:
            if not folder.is_dir():  # else another process was first, with the same files
                raise
        sync_path(home)


def check_release(folder: Path, release: Release) -> None:
    """Every file still has the hash that the chain states."""
    for name, sha256 in release.files.items():
        path = folder / release.line / name
        found = hash_file(path) if path.is_file() else "nothing"
        if found != sha256:
            raise WeightsRefused(
                f"Expected {path} to have the SHA-256 {sha256[:12]}… that the records state, got {found[:12]}. "
                f"It was changed after it was promoted: remove {folder} and it is made again from the store."
            )


def shelf_dir(settings: Settings) -> Path:
    return settings.var_dir / "champions"
