"""Pictures of the page for the README, taken in Chromium from a finished study.

Needs Debian's Chromium and the package playwright (`requirements-dev.lock`).
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.compare import compare_folders
from scripts.outcome import Outcome

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DESK, PHONE = (1280, 900), (390, 844)
COLOURS = 96  # of the picture's palette: half the bytes, no difference to see


@dataclass(frozen=True)
class Shot:
    """One picture: file name, section of the page that it begins with, window, colours, language."""

    name: str
    section: str
    window: tuple[int, int] = DESK
    theme: str = "light"
    language: str = "en"


REPORT = (
    Shot("report", ".head", (1280, 1180)), Shot("report_buildings", "#who", (1280, 1150)),
    Shot("report_sure", "#sure", (1280, 1000)), Shot("report_phone", ".head", PHONE, "dark", "zh"),
)
COMPARISON = (Shot("compare", ".head", (1280, 1180)),)


def take(browser: Any, page: Path, shot: Shot, folder: Path) -> Path:  # noqa: ANN401 - playwright has no stubs here
    """Take one picture of a page and return its path."""
    width, height = shot.window
    tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=shot.theme)
    tab.set_default_timeout(120_000)
    tab.goto(page.resolve().as_uri())
    tab.wait_for_selector("html[data-charts=yes]")
    if tab.get_attribute("html", "data-language") != shot.language:
        tab.click("#language")
    if shot.section != ".head":
        tab.evaluate(f"document.querySelector('{shot.section}').scrollIntoView()")
    tab.wait_for_timeout(1500)
    target = folder / f"{shot.name}.png"
    tab.screenshot(path=str(target))
    tab.close()
    return _small(target)


def _small(picture: Path) -> Path:
    from PIL import Image  # comes with the package of the pictures' reader, not needed elsewhere

    with Image.open(picture) as image:
        image.convert("RGB").quantize(COLOURS).save(picture, optimize=True)
    return picture


def main(
    study: Annotated[Path, typer.Argument(help="output folder of a finished study")],
    out: Annotated[Path, typer.Argument(help="folder of the pictures")] = Path("docs"),
) -> None:
    """Take every picture of the README, after `make demo`.

    Example: python -m scripts.screenshots out/jiading_sample docs
    """
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        comparison = Path(folder) / "compare.html"
        compare_folders([study], comparison, Outcome())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        pages = [(study / "report.html", REPORT), (comparison, COMPARISON)]
        for path in (take(browser, page, shot, out) for page, shots in pages for shot in shots):
            print(f"{path}: {path.stat().st_size / 1024:.0f} kB")
        browser.close()


if __name__ == "__main__":
    typer.run(main)
