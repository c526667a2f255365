"""Why a race and one that was kept may differ besides the models, said beside their ratios."""

import json
from dataclasses import replace
from pathlib import Path

from inspection.racing import keeping
from inspection.racing.results import Result, say_differences
from tests.racing import FAST, SLOW, make_result


def test_why_two_races_differ_is_said() -> None:
    now = make_result(medians={(FAST, 1): 2.0})
    assert say_differences(now, now) == []
    kept = make_result(medians={(FAST, 1): 2.0}, threads=4, cpu="other", crowded=True)
    said = " ".join(say_differences(now, kept))
    assert "another machine (other then, one now)" in said and "threads (4 then, 2 now)" in said
    assert "other work ran" in said


def name_weights(result: Result, digest: str) -> Result:
    starts = {entrant: replace(start, weights_sha256=digest) for entrant, start in result.starts.items()}
    return replace(result, starts=starts)


def test_other_weights_of_a_model_are_named_where_both_races_note_theirs(tmp_path: Path) -> None:
    """Weights that look twice take twice as long: the ratio had stood there as the machine's."""
    now = name_weights(make_result(medians={(FAST, 1): 4.0, (SLOW, 1): 1.0}), "ab" * 32)
    before = name_weights(make_result(medians={(FAST, 1): 2.0}), "cd" * 32)
    kept = keeping.keep_race(before, "before", tmp_path)
    (said,) = say_differences(now, keeping.load_kept(kept.id, tmp_path))
    assert said.startswith("other weights of resnet50")
    path = tmp_path / f"{kept.id}.json"
    described = json.loads(path.read_text())
    for start in described["starts"].values():  # as they were kept at first
        del start["weights_sha256"]
    path.write_text(json.dumps(described))
    assert say_differences(now, keeping.load_kept(kept.id, tmp_path)) == []
