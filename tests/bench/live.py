"""Frames that a browser really draws of a live line: `python -m tests.bench.live [SECONDS]` prints one JSON object.

The real server, line and model; parts of the stock, which are made first if they are not yet kept.
"""

import json
import os
import sys

from inspection.engines.machine import describe_machine
from tests.browser import launch, open_from_menu, serve
from tests.ui.belt import WATCH

_PATIENCE_MS = 90_000


def main(seconds: float) -> None:
    with serve() as server, launch() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(_PATIENCE_MS)
        page.goto(server.address)
        open_from_menu(page, "Live line")
        page.get_by_role("button", name="Start the line").click()
        page.locator(".stage").wait_for()
        page.get_by_text("Making parts ahead").wait_for(state="detached", timeout=20 * _PATIENCE_MS)
        page.wait_for_timeout(3000)
        seen = page.evaluate(WATCH, [10**9, seconds * 1e3])
    told = {
        "machine": describe_machine().as_dict(),
        "load_1_min": os.getloadavg()[0],
        "seconds": round(seen["seconds"], 1),
        "frames_per_s": round(seen["shown"] / seen["seconds"], 1),
        "blank_frames": seen["blank"],
        "looks": seen["looks"],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
