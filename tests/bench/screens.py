"""A picture of every page, in both themes, at a desk's width and a phone's: `python -m tests.bench.screens FOLDER [PAGE...]`.

The real server, lines and weights. To be looked at by a person; what a browser complains of meanwhile is printed.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from inspection.ui.roles import PAGES
from tests.browser import gather_faults, launch, serve, settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

WIDTHS: tuple["ViewportSize", ...] = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})
_TALL = """() => { const main = document.querySelector('[data-testid=stMain]')
  return [Math.max(main.scrollHeight, window.innerHeight), main.scrollWidth - window.innerWidth] }"""
_TALLEST_PX = 5000
_PATIENCE_MS = 180_000
_LATE_MS = 2500  # charts and tables are drawn by code that is loaded late
_DRAWN = (
    "() => document.querySelector('[data-testid=stSkeleton]') === null"  # a grey bar: something is to come
)


def picture_page(browser: "Browser", address: str, name: str, folder: Path) -> None:
    for size in WIDTHS:
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=size, color_scheme=scheme)
            page.set_default_timeout(_PATIENCE_MS)
            page.goto(address if name == PAGES[0].name else f"{address}/{name}")
            settle(page, timeout_ms=_PATIENCE_MS)
            page.wait_for_timeout(_LATE_MS)
            page.wait_for_function(_DRAWN)
            faults = gather_faults(
                page, address
            )  # from here on: first Streamlit asks in vain whether this is its root
            height, overflow = page.evaluate(_TALL)
            page.set_viewport_size({"width": size["width"], "height": min(height + 40, _TALLEST_PX)})
            page.wait_for_timeout(_LATE_MS)
            page.wait_for_function(_DRAWN)
            page.screenshot(path=folder / f"{name}-{scheme}-{size['width']}.png", timeout=_PATIENCE_MS)
            said = [*faults, *([f"{overflow} px too wide"] if overflow > 0 else [])]
            said += ["the page failed"] * page.get_by_text("This page failed").count()
            print(
                f"{name}, {scheme}, {size['width']} px: {'; '.join(said) or 'nothing to complain of'}",
                flush=True,
            )
            page.close()


def main() -> None:
    told = argparse.ArgumentParser()
    told.add_argument("folder", type=Path)
    told.add_argument("pages", nargs="*", help=f"All by default: {', '.join(spec.name for spec in PAGES)}.")
    asked = told.parse_args()
    folder, wanted = asked.folder, asked.pages
    unknown = sorted(set(wanted) - {spec.name for spec in PAGES})
    if unknown:
        told.error(f"Expected names of pages, got {', '.join(unknown)}.")
    folder.mkdir(parents=True, exist_ok=True)
    with serve() as server, launch() as browser:
        for spec in PAGES:
            if not wanted or spec.name in wanted:
                picture_page(browser, server.address, spec.name, folder)


if __name__ == "__main__":
    main()
