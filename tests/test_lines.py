import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.config import ROOT, load_settings
from inspection.errors import LineInvalid, LineUnknown, WeightsRefused
from inspection.learning.data import PICTURE_SUFFIXES
from inspection.lines import check_lines, list_lines, load_line, parse_line
from models.registry import REGISTRY

TABLE = {"title": "T", "part": "p", "classes": ["a", "b"], "good": "a", "models": {"champion": "resnet50"}}


@pytest.mark.parametrize("name", list_lines())
def test_every_shipped_line_names_models_of_the_zoo(name):
    line = load_line(name)
    for model in line.models:
        assert REGISTRY[model].task == "classify"
    for detector in filter(None, (line.locate.model, line.defect_detector)):
        assert REGISTRY[detector].task == "detect"
    assert line.licence


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "nowhere", "aluminium.toml", "a\0b"])
def test_a_name_from_a_page_is_never_made_into_a_path(name):
    with pytest.raises(LineUnknown, match="Known lines: aluminium"):
        load_line(name)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"classes": ["a"]}, "two different classes"),
        ({"classes": ["a", "a"]}, "two different classes"),
        ({"classes": "a"}, "to be a list"),
        ({"classes": ["a", "empty"]}, "no class called 'empty'.*Rename"),
        ({"good": "c"}, "must be one of"),
        ({"classes": ["a", "b\nc"]}, r"one printable line of at most 200 characters.*got 'b\\nc'"),
        ({"classes": ["a", "b" * 201]}, r"\(201 characters\). Rename it"),
        ({"title": ""}, "`title` is missing"),
        ({"models": {}}, "`champion` is missing"),
        ({"locate": {"mode": "magic"}}, "locate.mode must be"),
        ({"locate": {"mode": "detector", "model": "yolov5n", "threshold": 3}}, "between 0 and 1"),
        ({"locate": {"mode": "frame", "threshold": 3}}, "between 0 and 1"),
        ({"locate": {"model": "yolov5n"}}, 'no locate.model where .* got .yolov5n.. Set mode = "detector"'),
        ({"locate": {"mode": "frame", "margin": 0.1}}, "no locate.margin where .* got 0.1"),
        ({"policy": {"confidence": "high"}}, "between 0 and 1"),
        ({"policy": 3}, "to be a table"),
        ({"policy": {"retest": "no"}}, "`retest` must be true or false, got 'no'"),
        ({"policy": {"whole": 1}}, "`whole` must be true or false, got 1"),
        ({"data": {"split_seed": "x"}}, "whole number"),
        ({"data": {"split_seed": True}}, "whole number, got True"),
        ({"policy": {"confidence": True}}, "between 0 and 1, got True"),
        ({"policy": {"novelty": False}}, "between 0 and 1, got False"),
        (
            {"policy": {"confidance": 0.99}},
            r"only `confidence`, `lead`.* in \[policy\], got 'confidance'. Did you mean `confidence`\?",
        ),
        ({"locat": {"mode": "detector"}}, "in the line's file, got 'locat'. Did you mean `locate`\\?"),
        ({"locate": {"mode": "frame", "treshold": 0.3}}, r"in \[locate\], got 'treshold'"),
        ({"models": {"champion": "resnet50", "others": []}}, r"\[models\], got 'others'. Mend or remove"),
        ({"data": {"seed": 1}}, r"\[data\], got 'seed'"),
    ],
)
def test_a_faulty_file_is_told_what_is_wrong(change, complaint, tmp_path):
    with pytest.raises(LineInvalid, match=complaint):
        parse_line({**TABLE, **change}, name="toy", folder=tmp_path)


def test_a_line_whose_part_fills_the_frame_says_how_sure_a_marked_defect_is(tmp_path):
    marked = {**TABLE, "locate": {"mode": "frame", "threshold": 0.25}}
    assert parse_line(marked, name="toy", folder=tmp_path).locate.threshold_0_1 == 0.25


def test_folders_may_be_called_anything(tmp_path):
    renamed = parse_line({**TABLE, "data": {"rename": {"def_front": "b"}}}, name="toy", folder=tmp_path)
    assert renamed.data.rename == {"def_front": "b"}


def test_broken_toml_names_the_file(tmp_path, monkeypatch):
    (tmp_path / "toy.toml").write_text("title = ")
    settings = load_settings()
    with pytest.raises(LineInvalid, match="Expected TOML in toy.toml"):
        load_line("toy", replace(settings, lines_dir=tmp_path))


@pytest.mark.parametrize(
    "content",
    [
        b"title = ",
        b"\xff\xfe",
        b'title = "T"',
        b"title = " + b"[" * 3000 + b"]" * 3000,
        b"title = " + b"9" * 5000,
    ],
    ids=["cut", "no text", "little", "deep", "endless"],
)
def test_one_bad_file_stops_its_own_line_and_no_other(content, tmp_path, monkeypatch):
    settings = replace(load_settings(), lines_dir=tmp_path)
    good = (load_settings().lines_dir / "steel.toml").read_text()
    (tmp_path / "steel.toml").write_text(good)
    (tmp_path / "spoilt.toml").write_bytes(content)
    found = check_lines(settings)
    assert found.sound == ("steel",) and list(found.broken) == ["spoilt"]
    assert "spoilt" in found.broken["spoilt"]
    for variable, name in (("ASSAY_LINES", "."), ("ASSAY_VAR", "var"), ("ASSAY_WEIGHTS", "weights")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    load_settings.cache_clear()
    for command in ("lines", "models"):
        done = CliRunner().invoke(app, [command, "--json"], catch_exceptions=False)
        assert '"steel"' in done.stdout or command == "models"
        assert (done.exit_code, "spoilt" in done.stderr) == ((1, True) if command == "lines" else (0, False))
    load_settings.cache_clear()


@pytest.mark.parametrize("command", ["lines", "models"])
def test_one_changed_release_does_not_hide_the_others(command, monkeypatch):
    """`models` had ended with 2 and without a table."""

    def load_but_one(name):
        if name == "steel":
            raise WeightsRefused("Expected the release of record 7, got another.")
        return load_line(name), lambda model: ROOT / "models" / "weights"

    monkeypatch.setattr("inspection.commands.listing.load_served", load_but_one)
    done = CliRunner().invoke(app, [command, "--json"])
    assert done.exit_code == 1 and "record 7" in done.stderr
    told = [json.loads(row) for row in done.stdout.splitlines()]
    named = (
        {row["line"] for row in told}
        if command == "lines"
        else {line for row in told for line in row["lines"]}
    )
    assert {"aluminium", "casting"} <= named and "steel" not in named


def test_samples_stay_in_the_folder_of_the_lines(tmp_path):
    line = parse_line({**TABLE, "samples": "../../secrets"}, name="toy", folder=tmp_path)
    assert line.samples_dir == tmp_path / "secrets"
    assert line.samples() == ()


def test_samples_of_every_kind_that_teaches_are_shown(tmp_path):
    """new-line copies its samples as they are: a set of BMPs had none to show."""
    line = parse_line({**TABLE, "samples": "toy"}, name="toy", folder=tmp_path)
    (tmp_path / "toy").mkdir()
    for suffix in PICTURE_SUFFIXES:
        (tmp_path / "toy" / f"good{suffix.upper()}").touch()
    (tmp_path / "toy" / "notes.txt").touch()
    assert {path.suffix.lower() for path in line.samples()} == PICTURE_SUFFIXES
