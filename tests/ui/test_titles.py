"""The dashboard's names are the registry's; neither opening it nor asking the command line for help loads torch."""

import subprocess
import sys

from inspection.config import ROOT
from inspection.ui.titles import TITLES
from models.registry import REGISTRY


def test_the_titles_are_the_registrys() -> None:
    # other tests of the same process may have registered toys
    ours = {name: spec.title for name, spec in REGISTRY.items() if spec.source != "assay:toy"}
    assert ours == TITLES


def test_no_page_needs_torch_to_be_drawn() -> None:
    folder = ROOT / "inspection" / "ui"
    modules = sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if path.name != "__init__.py"
    )
    assert "inspection.ui.compare_view" in modules
    assert list_heavy("inspection.loading", *modules) == "[]"


def test_a_command_loads_torch_only_where_it_needs_it() -> None:
    assert list_heavy("inspection.__main__") == "[]"


def list_heavy(*modules: str) -> str:
    """Which of the heavy packages these modules bring, in a process of their own."""
    asked = (
        f"import sys, {', '.join(modules)}; "
        "print([name for name in ('torch', 'timm', 'nncf', 'sklearn') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    return told.stdout.strip().splitlines()[-1]
