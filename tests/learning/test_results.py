"""RESULTS.md says what the evaluations say: nothing stale, nothing left out, nothing better than it is."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from inspection.commands.results import PAGE, write_results
from inspection.config import ROOT, Settings, load_settings
from inspection.errors import DataInvalid
from inspection.learning.evaluate import Evaluation, write_evaluations
from inspection.learning.results import render_results
from inspection.learning.results.documents import say_phantoms, tell_ms, tell_ratio
from inspection.learning.results.gather import LineResults, Shipped, gather_lines
from inspection.learning.results.line_sections import tabulate_detectors
from inspection.learning.results.markdown import exact_rate, rate, table
from inspection.learning.results.targets import Target, list_targets
from inspection.learning.study import Study, StudyPart, write_study
from inspection.learning.trial import MADE, Judged, Trial, write_trial
from inspection.lines import EMPTY_CLASS, load_line
from inspection.published import CLASSES, MATRICES, ROWS, SLIPS
from inspection.published_tables import AUGMENTED_002, CHAIN_000, LITERATURE_004
from inspection.types import VerdictKind
from models.card import read_card, write_card
from tests.models.cards import make_card

SPLIT = {"kind": "official", "seed": 42, "train": 5630, "validation": 1003, "test": 715, "sha256": "0" * 64}


def make_rows(split: str, precision: str, *, n: int, wrong: Sequence[int], ok: int = 262) -> Evaluation:
    """The first `ok` pictures are ok (class 0), the rest defective; `wrong` are called the other."""
    labels = (np.arange(n) >= ok).astype(np.int64)
    called = labels.copy()
    called[list(wrong)] ^= 1
    logits = 6 * np.eye(2, dtype=np.float32)[called]
    keys = tuple(f"{split}/{number}" for number in range(n))
    return Evaluation(split, precision, keys, labels, logits, np.full(n, 2.5, np.float32))  # type: ignore[arg-type]


def ship(
    weights: Path,
    model: str,
    *,
    wrong: Sequence[int],
    wrong_int8: Sequence[int],
    withheld: str | None = None,
    line: str = "casting",
) -> None:
    path = weights / line / f"{model}.json"
    int8 = {"withheld": withheld, "against_f32": {"test": {"n": 715, "flipped": 1}}}
    worse = {
        "condition": "blur", "severity": 5, "accuracy": 0.625, "n": 300, "precision": "int8", "strength": "σ 3",
    }  # fmt: skip
    card = make_card(
        line=line,
        model=model,
        data={"split": SPLIT},
        figures={"robustness": [{**worse, "severity": 0, "accuracy": 1.0, "strength": "as taken"}, worse]},
        precisions={"int8": int8},
        parameters=5433 if model == "compact_cnn" else 2_000_000,
    )
    write_card(card, path)
    rows = [
        make_rows("test", "f32", n=715, wrong=wrong),
        make_rows("test", "int8", n=715, wrong=wrong_int8),
        make_rows("validation", "f32", n=400, wrong=wrong[:2]),
        make_rows("validation", "int8", n=400, wrong=wrong[:2]),
    ]
    write_evaluations(rows, path.with_suffix(".parquet"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Our lines, and nothing trained."""
    return replace(load_settings(), weights_dir=tmp_path)


def test_what_the_whole_line_decided_stands_on_the_page(settings: Settings) -> None:
    ship(settings.weights_dir, "compact_cnn", wrong=[0], wrong_int8=[0])
    home = settings.weights_dir / "casting"
    told = [
        *[("ok", VerdictKind.PASS, "ok")] * 8, ("ok", VerdictKind.REVIEW, "ok"), ("ok", VerdictKind.REJECT, "defective"),
        *[("defective", VerdictKind.REJECT, "defective")] * 4, ("defective", VerdictKind.PASS, "ok"),
    ]  # fmt: skip
    rows = tuple(Judged(f"{n}.jpg", *each, False, 5.0 + n) for n, each in enumerate(told))
    weights = read_card(home / "compact_cnn.json").weights_sha256
    trial = Trial("casting", "compact_cnn", "f32", weights, ("ok", "defective"), "ok", "sure from 80%", rows)
    write_trial(trial, home)
    page = render_results(settings)
    assert "| Compact CNN, grey | F32 | ok | 10 | 8 (80.0 %) | 1 (10.0 %) | 1 (10.0 %) | 0 (0.0 %) |" in page
    assert f"escapes {exact_rate(1, 5)}, false rejects {exact_rate(1, 10)}" in page
    write_trial(replace(trial, weights_sha256="f" * 64), home)
    with pytest.raises(DataInvalid, match="trained anew"):
        render_results(settings)


def judge(settings: Settings, case: str) -> Target:
    (found,) = (each for each in list_targets(gather_lines(settings)) if each.case.startswith(case))
    return found


def test_the_page_is_what_the_evaluations_say() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == render_results(load_settings()), "run `make results`"


def test_without_weights_every_row_of_the_documents_is_there_and_not_trained(settings: Settings) -> None:
    page = render_results(settings)
    for row in ROWS:
        assert (
            any(line.startswith(f"| {row.where} | {row.title} |") for line in page.splitlines())
            or row.where == "Table 6"
        ), row
    for title in (*(each.title for each in CHAIN_000), *(row[0] for row in AUGMENTED_002)):
        assert f"| {title} |" in page
    assert all(f"| {each.title} | {each.data} |" in page for each in LITERATURE_004)
    assert all(f"| {each.class_name} |" in page for each in CLASSES)
    assert all(f"{each.defective_found} / {each.defective_passed}" in page for each in MATRICES)
    assert all(slip.words in page for slip in SLIPS)
    assert page.count("not measured |") == len(list_targets(gather_lines(settings)))
    assert "| NASNet-A Mobile | not trained |" in page and "003: Seven" in page


def test_targets_are_judged_at_both_precisions_on_the_model_that_validation_chose(
    settings: Settings, tmp_path: Path
) -> None:
    ship(tmp_path, "mobilenetv2", wrong=[300], wrong_int8=[300, 5, 6])
    ship(tmp_path, "resnet50", wrong=[1, 2], wrong_int8=[1, 2])  # better at INT8, worse on validation
    best = judge(settings, "casting, official 715, best model")
    assert best.by == "MobileNetV2" and best.reached == "at F32 only"
    assert best.ours["f32"] == "99.86 % (99.21 to 99.98, n = 715)"
    assert judge(settings, "casting, official 715, at most").reached == "not measured"
    ship(tmp_path, "compact_cnn", wrong=[1, 2, 3, 4], wrong_int8=[1, 2, 3, 4])
    assert judge(settings, "casting, official 715, at most").reached == "**yes**"  # 711 of 715 is 99.44 %
    ship(tmp_path, "compact_cnn", wrong=[1, 2, 3, 4, 5], wrong_int8=[1, 2, 3, 4, 5])
    assert judge(settings, "casting, official 715, at most").reached == "no"


def test_int8_is_judged_by_its_worst_model_unless_that_one_is_withheld(
    settings: Settings, tmp_path: Path
) -> None:
    ship(tmp_path, "mobilenetv2", wrong=[], wrong_int8=[])
    ship(tmp_path, "resnet50", wrong=[], wrong_int8=[300, 301, 1])  # two defective parts pass
    lost, escapes = judge(settings, "INT8 against f32"), judge(settings, "casting, escapes that INT8 adds")
    assert (lost.reached, lost.ours["int8"]) == ("no", "0.42 points (n = 715)") and "ResNet50" in lost.by
    assert escapes.reached == "no" and escapes.ours["int8"].startswith("2 of 453 ")
    ship(tmp_path, "resnet50", wrong=[], wrong_int8=[300, 301, 1], withheld="INT8 changes 9 of 400")
    assert judge(settings, "INT8 against f32").reached == "**yes**"
    assert judge(settings, "casting, escapes that INT8 adds").reached == "**yes**"
    assert "INT8 is withheld for ResNet50: INT8 changes 9 of 400." in render_results(settings)


def test_who_looks_several_times_is_named(settings: Settings, tmp_path: Path) -> None:
    ship(tmp_path, "mobilenetv2", wrong=[], wrong_int8=[])
    assert "turned by a quarter" not in render_results(settings)
    path = tmp_path / "casting" / "mobilenetv2.json"
    write_card(replace(read_card(path), turns=2), path)
    turned = "- MobileNetV2 looks 2 times, turned by a quarter from look to look"
    assert f"{turned}, and answers with the mean: its figures and its times are of all" in render_results(
        settings
    )
    write_card(replace(read_card(path), turns=2, input_size=256), path)
    assert f"{turned}, at 256 px instead of 224, and answers with the mean: " in render_results(settings)
    write_card(replace(read_card(path), turns=1), path)
    once = "- MobileNetV2 looks once, at 256 px instead of 224: its figures and its times are of that size.\n"
    assert once in render_results(settings)


@pytest.mark.parametrize("broken", [False, True])
def test_a_users_own_lines_are_not_spoken_of(settings: Settings, tmp_path: Path, broken: bool) -> None:
    own = replace(settings, lines_dir=tmp_path / "lines")
    shutil.copytree(settings.lines_dir, own.lines_dir)
    ship(tmp_path, "compact_cnn", wrong=[1], wrong_int8=[1])
    page = render_results(own)
    casting = (own.lines_dir / "casting.toml").read_text(encoding="utf-8")
    (own.lines_dir / "mine.toml").write_text("title = " if broken else casting, encoding="utf-8")
    ship(tmp_path, "compact_cnn", wrong=range(90), wrong_int8=range(300), line="mine")
    assert render_results(own) == page
    assert judge(own, "INT8 against f32").by == "Compact CNN, grey, casting"
    assert "casting" in judge(own, "calibration error").ours["int8"]


def test_what_is_missing_is_measured_by_the_command_that_is_named(settings: Settings) -> None:
    page = render_results(settings)
    for precision in ("f32", "int8"):
        assert f"`python -m inspection trial aluminium --data FOLDER --precision {precision}`" in page


def test_recall_of_boxes_says_what_its_interval_counts(settings: Settings, tmp_path: Path) -> None:
    boxes = {
        "pictures": 240, "boxes": 563, "map_50": 0.72, "map_50_95": 0.35, "recall": 375 / 563, "threshold": 0.25,
        "empty_pictures": 0, "empty_called_part": 0,
    }  # fmt: skip
    card = make_card(line="steel", model="yolov5n", data={"split": SPLIT}, figures={"test": {"f32": boxes}})
    write_card(card, tmp_path / "steel" / "yolov5n.json")
    told = tabulate_detectors(gather_lines(settings)["steel"])
    assert "| recall (95 %, each box for itself) |" in told and f"at 0.25: {rate(375, 563)}" in told
    assert "Recall of boxes has Wilson's" in render_results(settings)


def test_folds_are_told_as_folds(settings: Settings, tmp_path: Path) -> None:
    parts, rows = [], {}
    for number, wrong in enumerate(([0], [0, 30], [0, 30, 31])):
        name = f"fold-{number}"
        parts.append(StudyPart(name, "0" * 64, 5138, 1119, 40, 1.0, 0.99, 9))
        for precision in ("f32", "int8"):
            made = make_rows(name, precision, n=40, wrong=wrong, ok=20)
            rows[name, precision] = replace(made, keys=tuple(f"{name}/{key}" for key in made.keys))
    write_study(
        Study(
            "casting", "compact_cnn", "3-fold", ("ok", "defective"), 5433, False, "1" * 64, 42, {}, tuple(parts), "", "abc",
            rows,  # type: ignore[arg-type]
        ),
        tmp_path / "casting",
    )  # fmt: skip
    page = render_results(settings)
    assert "| each fold: mean ± SD | escapes (95 %) | counted by part |" in page
    assert "| 95.00 % ± 2.50 (97.50 %, 95.00 %, 92.50 %) |" in page


def test_other_splits_and_worse_pictures_stand_beside(settings: Settings, tmp_path: Path) -> None:
    ship(tmp_path, "compact_cnn", wrong=[1], wrong_int8=[1])
    groups = gather_lines(settings)["casting"].groups or {}
    keys = list(groups)[:40]
    rows = {}
    for precision in ("f32", "int8"):
        made = make_rows("grouped", precision, n=40, wrong=[0, 30], ok=20)
        rows["grouped", precision] = replace(made, keys=tuple(keys))
    part = StudyPart("grouped", "0" * 64, 5138, 1119, 40, 1.0, 0.99, 9)
    write_study(
        Study(
            "casting", "compact_cnn", "grouped", ("ok", "defective"), 5433, True, "1" * 64, 42, {}, (part,), "", "abc",
            rows,  # type: ignore[arg-type]
        ),
        tmp_path / "casting",
    )  # fmt: skip
    page = render_results(settings)
    card = tmp_path / "casting" / "compact_cnn.json"
    write_card(replace(read_card(card), turns=2), card)
    assert "of all looks. Its networks on other splits look once.\n" in render_results(settings)
    write_card(replace(read_card(card), input_size=320), card)
    assert "of all looks. Its networks on other splits look once, at 256 px.\n" in render_results(settings)
    write_card(replace(read_card(card), turns=1), card)
    assert "of that size. Its networks on other splits look once, at 256 px.\n" in render_results(settings)
    told = judge(settings, "casting, grouped split").ours["f32"]
    parts = len({groups[key] for key in keys})
    assert (
        told.startswith("95.00 % (") and told.endswith(f"n = 40 of {parts} parts)") and told != rate(38, 40)
    )
    assert (
        "| Compact CNN, grey | grouped, grouped by part | F32 | 95.00 %" in page
        and "parts with an error" in page
    )
    assert "| Compact CNN, grey | INT8 | 300 | blur | 100.0 % | – | – | – | – | 62.5 % | σ 3 |" in page


def test_the_groups_are_counted_not_remembered(settings: Settings) -> None:
    page = render_results(settings)
    assert "133 photographs, and 707 of the 715 official test pictures" in page
    assert "Only 17 groups are ok ones" in page


def test_a_rate_never_stands_without_its_count() -> None:
    assert rate(99, 100) == "99.00 % (94.55 to 99.82, n = 100)" and rate(0, 0) == "–"
    assert exact_rate(0, 300) == "0 of 300 (0.00 % to 1.22 %)" and exact_rate(0, 0) == "–"
    assert table(("a", "b"), [("x|y", None)]).splitlines() == ["| a | b |", "| --- | --- |", "| x\\|y | – |"]


def test_a_stale_page_is_found(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one small model: the page of all that ships is held by a test of its own."""
    ship(settings.weights_dir, "compact_cnn", wrong=[0], wrong_int8=[0])
    monkeypatch.setattr("inspection.commands.results.load_settings", lambda: settings)
    app = typer.Typer()
    app.command()(write_results)
    out = tmp_path / "RESULTS.md"
    assert CliRunner().invoke(app, ["--out", str(out), "--check"]).exit_code == 1
    assert CliRunner().invoke(app, ["--out", str(out)]).exit_code == 0
    assert CliRunner().invoke(app, ["--out", str(out), "--check"]).exit_code == 0
    out.write_text(out.read_text().replace("not trained", "100.00 %", 1))
    assert CliRunner().invoke(app, ["--out", str(out), "--check"]).exit_code == 1


@pytest.mark.parametrize("withheld", [None, "INT8 changes 9 of 400"])
def test_calibration_is_judged_at_int8_only_where_int8_runs(settings: Settings, withheld: str | None) -> None:
    ship(settings.weights_dir, "compact_cnn", wrong=[0], wrong_int8=range(60), withheld=withheld)
    target = judge(settings, "calibration error of a champion")
    assert ("int8" in target.ours) == (withheld is None)
    assert "f32" in target.ours


def test_times_are_medians_and_their_ratio_is_of_the_times_themselves() -> None:
    """Of an even number of times the upper one had been told, and the ratio of two rounded ones."""

    def time(model: str, taken: list[float]) -> Shipped:
        rows = make_rows("test", "int8", n=len(taken), wrong=[], ok=1)
        return Shipped(model, "ok", None, {("test", "int8"): replace(rows, classify_ms=np.array(taken))})

    models = (time("compact_cnn", [0.52, 0.548]), time("resnet50", [21.0, 21.4, 21.6, 22.0]))
    line = LineResults(load_line("casting"), models, (), None)
    assert [tell_ms(each, "int8") for each in models] == ["0.53", "21.50"]
    assert tell_ratio(line, "resnet50") == "40.26"  # of 0.53 it would be 40.57


def test_the_chain_s_precision_is_told_to_be_of_parts_alone() -> None:
    """Eighteen of 120 pictures without a part were called one, and the chain's precision had stood beside theirs bare."""
    found, none = (VerdictKind.REJECT, "torn"), (VerdictKind.NO_PART, EMPTY_CLASS)
    shown = [("torn/0", "torn", found), ("test/1", EMPTY_CLASS, found), ("test/2", EMPTY_CLASS, none)]
    shown += [(f"{MADE}{number}", EMPTY_CLASS, found) for number in range(3)]
    rows = tuple(Judged(key, truth, verdict, called, False, 5.0) for key, truth, (verdict, called) in shown)
    trial = Trial("toy", "resnet50", "f32", "ab" * 32, ("fine", "torn"), "fine", "", rows)
    assert say_phantoms(trial) == " parts; pictures without one do not count here: 1 of 2 called one"
    assert say_phantoms(replace(trial, rows=rows[:1])) == ""
