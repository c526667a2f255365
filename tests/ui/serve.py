"""The real server over made-up lines and the fake inspector, for the browser tests: `python -m tests.ui.serve FOLDER PORT`."""

import os
import sys
from pathlib import Path

from inspection.config import ROOT
from tests.ui.conftest import write_lines
from tests.ui.fakes import FakeInspector

PATIENCE_S = 60.0  # a loaded machine is slow to load a page anew


def main(folder: Path, port: str) -> None:
    write_lines(folder / "lines")
    os.environ |= {
        "ASSAY_LINES": str(folder / "lines"),
        "ASSAY_WEIGHTS": str(folder / "weights"),
        "ASSAY_VAR": str(folder / "var"),
        "ASSAY_DATA": str(folder / "data"),
    }
    from streamlit.web.cli import main as run_streamlit

    from inspection import loading
    from inspection.lines import load_line
    from inspection.ui import after_reload

    after_reload.PATIENCE_S = PATIENCE_S

    def load_inspector(line_name: str, model: str, precision: str) -> FakeInspector:
        inspector = FakeInspector(load_line(line_name), model, precision)
        # without it a race runs out of laps, and a slow method ends, before a person can stop it
        inspector.classifying.engine.lap_s = float(os.environ.get("LAP_S", "0.01"))
        return inspector

    loading.load_inspector = load_inspector
    sys.argv = ["streamlit", "run", str(ROOT / "server.py"), "--server.port", port]
    if (folder / "secrets.toml").is_file():
        sys.argv += ["--secrets.files", str(folder / "secrets.toml")]
    run_streamlit()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
