"""The dashboard over two made-up lines: one with samples, one without; judged by the fake inspector."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from inspection.config import ROOT, load_settings
from tests.ui.fakes import CLASSES, UNSURE, FakeInspector, code_of, make_png
from tests.ui.live_page import live, watched  # noqa: F401  (fixtures of the Live line page)
from tests.ui.training import data, desk  # noqa: F401  (fixtures of the Train page)
from tests.ui.walking import (  # noqa: F401  (fixtures of the walks)
    address,
    browser,
    chromium,
    open_at,
    page,
    person,
    served,
    server,
)

LINE = """
title = "{title}"
part = "fake part"
classes = {classes}
good = "flawless"
licence = "made for the tests"
{samples}
[locate]
mode = "detector"
model = "yolov5n"
[models]
champion = "resnet50"
rivals = ["compact_cnn"]
"""


def write_lines(folder: Path) -> None:
    samples = folder / "aluminium"
    samples.mkdir(parents=True)
    for class_name in ("cracked", "flawless"):
        (samples / f"{class_name}-01.png").write_bytes(make_png(code_of(class_name)))
    (samples / "unsure-01.png").write_bytes(make_png(UNSURE))
    classes = str(list(CLASSES)).replace("'", '"')
    with_samples = LINE.format(title="Fake aluminium", classes=classes, samples='samples = "aluminium"')
    (folder / "aluminium.toml").write_text(with_samples)
    (folder / "bare.toml").write_text(LINE.format(title="Bare line", classes=classes, samples=""))


@pytest.fixture(scope="session", autouse=True)
def scanned_once() -> Iterator[None]:
    """Each AppTest looks through all installed packages for components, which takes twice as long as drawing a page."""
    found = manifest_scanner.scan_component_manifests()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda: found)
        yield


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeInspector]]:
    """Every inspector that the app loads, in order."""
    write_lines(tmp_path / "lines")
    monkeypatch.setenv("ASSAY_LINES", str(tmp_path / "lines"))
    monkeypatch.setenv("ASSAY_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("ASSAY_VAR", str(tmp_path / "var"))
    load_settings.cache_clear()
    inspectors: list[FakeInspector] = []

    def load_inspector(line_name: str, model: str, precision: str) -> FakeInspector:
        from inspection.lines import load_line

        inspectors.append(FakeInspector(load_line(line_name), model, precision))
        return inspectors[-1]

    monkeypatch.setattr("inspection.loading.load_inspector", load_inspector)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield inspectors
    st.cache_data.clear()
    st.cache_resource.clear()
    load_settings.cache_clear()


@pytest.fixture
def app(loaded: list[FakeInspector]) -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
