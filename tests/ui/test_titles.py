"""The dashboard's names are the registry's, and opening it does not load torch."""

import subprocess
import sys

from inspection.config import ROOT
from inspection.ui.titles import TITLES
from models.registry import REGISTRY


def test_the_titles_are_the_registrys() -> None:
    # other tests of the same process may have registered toys
    ours = {name: spec.title for name, spec in REGISTRY.items() if spec.source != "assay:toy"}
    assert ours == TITLES


def test_the_inspect_page_starts_without_torch() -> None:
    modules = "inspection.ui.gallery, inspection.ui.report, inspection.ui.judge_choice, inspection.loading"
    asked = f"import sys, {modules}; print([name for name in ('torch', 'timm', 'nncf', 'sklearn') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip().splitlines()[-1] == "[]"
