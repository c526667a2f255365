"""The measuring script measures what it says, on a small store."""

from pathlib import Path

from inspection.records import measure as script


def test_every_figure_is_taken(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(script, "ADDS", 6)
    monkeypatch.setattr(script, "ADD_PAUSE_S", 0.0)
    figures = script.measure(records=300, folder=tmp_path, url=None)
    searches, adds, walk = figures["searches_ms"], figures["add_ms"], figures["verify_s"]
    assert isinstance(searches, dict) and isinstance(adds, dict) and isinstance(walk, dict)
    assert len(searches) >= 19 and all(0 < one["median"] <= one["worst"] for one in searches.values())
    assert 0 < adds["median"] <= adds["p95"] <= adds["worst"]
    # ten pictures with a map each, then one of each for the added ones
    assert walk["holds"] is True and walk["files"] == 2 * 10 + 2 * 6
    assert figures["records"] == 300
    script._print_table(figures)
    printed = capsys.readouterr().out
    assert "words that never meet" in printed and "verify_s" in printed
