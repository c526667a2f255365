"""The measuring script says how far two ways of running are apart, on numbers that a test can name."""

from dataclasses import replace
from pathlib import Path

import pytest

from inspection.records.measure_replay import (
    REFERENCE,
    WAYS,
    compare_ways,
    find_gap,
    list_pictures,
    print_gaps,
)

ONE = {
    "verdict": ["REJECT", "bent"],
    "logits": [1.0, 2.0],
    "probabilities": [0.3, 0.7],
    "box": [0.0, 0.0, 9.0, 9.0],
    "heat": [0.5],
}


def test_the_largest_gap_of_each_number_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    other = ONE | {"verdict": ["PASS", "fine"], "logits": [1.5, 2.0], "heat": [0.4]}
    gap = compare_ways("int8", "two threads", {"a": ONE, "b": ONE}, {"a": ONE, "b": other})
    assert (gap.pictures, gap.same, gap.verdicts) == (2, 1, 1)
    assert (gap.logits, gap.probabilities_0_1, gap.box_px) == (0.5, 0.0, 0.0)
    assert gap.heat_0_1 == pytest.approx(0.1)
    refused = replace(gap, way="without AVX-512 (AVX2)", logits=float("nan"))
    print_gaps([gap, refused])
    printed = capsys.readouterr().out
    assert "two threads" in printed and "(AVX2)     refused" in printed


def test_a_part_that_only_one_way_finds_is_infinitely_far() -> None:
    assert find_gap([0, 0, 9, 9], []) == float("inf") and find_gap([], []) == 0.0


def test_pictures_are_spread_over_the_folder(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number:03d}.png").write_bytes(b"")
    assert [path.stem for path in list_pictures("aluminium", tmp_path, 10)][:2] == ["000", "010"]
    assert len(list_pictures("aluminium", None, 10)) >= 10 and next(iter(WAYS)) == REFERENCE
