"""A line and its policy, read from models/lines/<line>.toml."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from inspection.config import ROOT, Settings, load_settings
from inspection.errors import LineInvalid, LineUnknown
from inspection.wording import LONGEST_LINE, is_one_line

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
EMPTY_CLASS = "empty"  # a picture on which nothing is marked: no class may be called so
SHIPPED = ("aluminium", "casting", "steel")  # their files are the repository's
SYNTHETIC = ("aluminium",)  # lines whose pictures are made here, by make-data
SAMPLE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})  # all that teach
_KEYS = (
    *("title", "part", "description", "classes", "good", "samples", "licence"),
    *("locate", "models", "policy", "data"),
)
_TABLE_KEYS = {
    "locate": ("mode", "model", "threshold", "margin"),
    "models": ("champion", "rivals", "defect_detector"),
    "policy": ("confidence", "lead", "retest", "novelty", "whole"),
    "data": ("rename", "split_seed", "groups"),
}


@dataclass(frozen=True, slots=True)
class Locate:
    """How the part is found: by a product detector, or it fills the frame."""

    mode: Literal["detector", "frame"]
    model: str | None = None
    threshold_0_1: float = 0.5  # of a box: the part's, or a defect's where a detector marks them
    margin: float = 0.06  # of the box's longer side, added on each side of the crop


@dataclass(frozen=True, slots=True)
class Policy:
    """When the line is sure enough to decide without a person."""

    confidence_0_1: float = 0.80  # below it the best class is not believed
    lead_0_1: float = 0.20  # the best class must lead the second by this much
    retest: bool = True
    novelty_0_1: float = 0.01  # a part that fewer known parts are as unlike as goes to a person; 0: none does
    whole: bool = True  # a part that the picture's edge cuts off goes to a person


@dataclass(frozen=True, slots=True)
class DataRules:
    """How the line's pictures lie on disk and how they are split."""

    rename: Mapping[str, str]  # folder → class
    split_seed: int = 42
    groups: str | None = None  # a CSV beside the line's file: key, group of pictures of one original part


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    title: str
    part: str
    description: str
    classes: tuple[str, ...]
    good: str | None  # at most one class is good
    locate: Locate
    champion: str
    rivals: tuple[str, ...]
    policy: Policy
    samples_dir: Path | None
    defect_detector: str | None = None  # boxes the defects after a rejection
    licence: str = ""
    data: DataRules = field(default_factory=lambda: DataRules({}))

    @property
    def models(self) -> tuple[str, ...]:
        return (self.champion, *self.rivals)

    def deciders(self, model: str) -> tuple[str, ...]:
        """What a verdict rests on where `model` judges: what only marks defects is not among them."""
        finder = self.locate.model if self.locate.mode == "detector" else None
        return (model,) if finder is None else (model, finder)

    def samples(self) -> tuple[Path, ...]:
        """The line's sample pictures, in the order of their names."""
        if self.samples_dir is None or not self.samples_dir.is_dir():
            return ()
        return tuple(sorted(filter(is_sample, self.samples_dir.iterdir())))


def is_sample(path: Path) -> bool:
    return path.suffix.lower() in SAMPLE_SUFFIXES


def list_lines(settings: Settings | None = None) -> tuple[str, ...]:
    folder = (settings or load_settings()).lines_dir
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


@dataclass(frozen=True, slots=True)
class FoundLines:
    """One bad file stops its own line and no other."""

    sound: tuple[str, ...]
    broken: Mapping[str, str]  # name → what is wrong with its file


def check_lines(settings: Settings | None = None) -> FoundLines:
    sound, broken = [], {}
    for name in list_lines(settings):
        try:
            load_line(name, settings)
        except LineInvalid as error:
            broken[name] = str(error)
        else:
            sound.append(name)
    return FoundLines(tuple(sound), broken)


def load_line(name: str, settings: Settings | None = None) -> Line:
    settings = settings or load_settings()
    known = list_lines(settings)
    # membership, not a path made of the name: the name may come from a web page
    if name not in known:
        raise LineUnknown(f"No line is called {name!r}. Known lines: {', '.join(known) or 'none'}.")
    path = settings.lines_dir / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        # no TOML, no UTF-8, lists in lists, a number without end
        raise LineInvalid(f"Expected TOML in {path.name}, got: {error}. Mend the file.") from error
    return parse_line(table, name=name, folder=settings.lines_dir)


def is_shipped(name: str, settings: Settings) -> bool:
    """Whether its files are the repository's own, which a command leaves as they are; in another folder lie copies."""
    return name in SHIPPED and settings.lines_dir.resolve() == ROOT / "models" / "lines"


def check_line_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise LineInvalid(
            f"Expected a line name of small letters, digits and dashes (at most 40), got {name!r}. Rename it."
        )


def parse_line(table: Mapping[str, object], *, name: str, folder: Path) -> Line:
    check_line_name(name)
    _refuse_unknown(table, _KEYS, where="the line's file", line=name)
    classes = tuple(str(item) for item in _list(table, "classes", name))
    _check_classes(classes, name)
    good = table.get("good")
    if good is not None and good not in classes:
        raise LineInvalid(
            f"Line {name}: `good` must be one of {list(classes)}, got {good!r}. Mend or remove it."
        )
    models = _settings(table, "models", name)
    samples = table.get("samples")
    defects = models.get("defect_detector")
    return Line(
        name=name,
        title=_text(table, "title", name),
        part=_text(table, "part", name),
        description=str(table.get("description", "")),
        classes=classes,
        good=None if good is None else str(good),
        locate=_parse_locate(_settings(table, "locate", name), name),
        champion=_text(models, "champion", name),
        rivals=tuple(str(item) for item in _list(models, "rivals", name)),
        policy=_parse_policy(_settings(table, "policy", name), name),
        samples_dir=None if samples is None else folder / Path(str(samples)).name,
        defect_detector=None if defects is None else str(defects),
        licence=str(table.get("licence", "")),
        data=_parse_data_rules(_settings(table, "data", name), name=name, folder=folder),
    )


def _check_classes(classes: tuple[str, ...], line: str) -> None:
    if len(classes) < 2 or len(set(classes)) != len(classes):
        raise LineInvalid(
            f"Line {line}: expected at least two different classes, got {list(classes)}. Mend `classes`."
        )
    for name in classes:
        if not is_one_line(name):
            raise LineInvalid(
                f"Line {line}: expected classes of one printable line of at most {LONGEST_LINE} characters, as records hold "
                f"them, got {name[:40]!r} ({len(name)} characters). Rename it in `classes`, and its folder of pictures too."
            )
    if EMPTY_CLASS in classes:
        raise LineInvalid(
            f"Line {line}: expected no class called {EMPTY_CLASS!r}, which means a picture without a part. "
            "Rename it in `classes`, and its folder of pictures too."
        )


def _parse_locate(table: Mapping[str, object], line: str) -> Locate:
    mode = table.get("mode", "frame")
    threshold = _fraction(table, "threshold", 0.5, line)
    if mode == "detector":
        margin = _fraction(table, "margin", 0.06, line)
        return Locate(
            mode="detector", model=_text(table, "model", line), threshold_0_1=threshold, margin=margin
        )
    if mode == "frame":
        for key in ("model", "margin"):
            if key in table:
                raise LineInvalid(
                    f"Line {line}: expected no locate.{key} where the part fills the frame, got {table[key]!r}. "
                    'Set mode = "detector" to have the part found, or remove it.'
                )
        return Locate(mode="frame", threshold_0_1=threshold)
    raise LineInvalid(f"Line {line}: locate.mode must be 'detector' or 'frame', got {mode!r}.")


def _parse_policy(table: Mapping[str, object], line: str) -> Policy:
    return Policy(
        confidence_0_1=_fraction(table, "confidence", 0.80, line),
        lead_0_1=_fraction(table, "lead", 0.20, line),
        retest=_switch(table, "retest", True, line),
        novelty_0_1=_fraction(table, "novelty", 0.01, line),
        whole=_switch(table, "whole", True, line),
    )


def _parse_data_rules(table: Mapping[str, object], *, name: str, folder: Path) -> DataRules:
    seed = table.get("split_seed", 42)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise LineInvalid(f"Line {name}: data.split_seed must be a whole number, got {seed!r}.")
    groups = table.get("groups")
    rename = {str(key): str(value) for key, value in _table(table, "rename").items()}
    return DataRules(rename, seed, None if groups is None else str(folder / Path(str(groups)).name))


def _settings(table: Mapping[str, object], key: str, line: str) -> Mapping[str, object]:
    found = _table(table, key)
    _refuse_unknown(found, _TABLE_KEYS[key], where=f"[{key}]", line=line)
    return found


def _refuse_unknown(table: Mapping[str, object], known: tuple[str, ...], *, where: str, line: str) -> None:
    """A misspelt setting would be left out without a word, and the line run by its default."""
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            meant = f"Did you mean `{near[0]}`? " if near else ""
            raise LineInvalid(
                f"Line {line}: expected only {', '.join(f'`{name}`' for name in known)} in {where}, got {key!r}. "
                f"{meant}Mend or remove it."
            )


def _table(table: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise LineInvalid(f"Expected [{key}] to be a table, got {type(value).__name__}.")
    return value


def _list(table: Mapping[str, object], key: str, line: str) -> list[object]:
    value = table.get(key, [])
    if not isinstance(value, list):
        raise LineInvalid(f"Line {line}: expected `{key}` to be a list, got {type(value).__name__}.")
    return value


def _text(table: Mapping[str, object], key: str, line: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise LineInvalid(f"Line {line}: `{key}` is missing or not a text. Add it to the line's file.")
    return value


def _switch(table: Mapping[str, object], key: str, default: bool, line: str) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise LineInvalid(f"Line {line}: `{key}` must be true or false, got {value!r}.")
    return value


def _fraction(table: Mapping[str, object], key: str, default: float, line: str) -> float:
    value = table.get(key, default)
    # a boolean is an int to Python: `confidence = true` would be 1.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise LineInvalid(f"Line {line}: `{key}` must be a number between 0 and 1, got {value!r}.")
    return float(value)
