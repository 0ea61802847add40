"""How soon the page is usable in Debian's Chromium: table sortable, pictures drawn, from a file on disk.

`pytest tests/benchmarks/test_page_speed.py -m benchmark -s` prints how long it takes.
"""

import importlib.util
import time
from pathlib import Path

import pytest

from optimiser.report import write_report

CHROMIUM = Path("/usr/bin/chromium")
INVENTED = Path(__file__).parents[1] / "optimiser" / "report" / "conftest.py"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.is_file(), reason="Debian's chromium is not installed"),
]
ROUNDS = 3


def invented(count):
    spec = importlib.util.spec_from_file_location("invented_reports", INVENTED)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.study(count)


@pytest.mark.parametrize(("count", "seconds"), [(115, 2.0), (1000, 4.0)])
def test_usable_soon_after_opening(tmp_path, count, seconds):
    from playwright.sync_api import sync_playwright

    path = tmp_path / "report.html"
    begun = time.perf_counter()
    write_report(path, **invented(count))
    written = time.perf_counter() - begun
    took = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        for _ in range(ROUNDS):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            begun = time.perf_counter()
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-ready=yes]")
            page.wait_for_selector("[data-figure=frontier] .main-svg")
            page.click("button[data-sort=building]")
            took.append(time.perf_counter() - begun)
            page.close()
        browser.close()
    print(f"\n{count} buildings: usable after {min(took):.2f} s (best of {ROUNDS}), "
          f"{path.stat().st_size / 1e6:.1f} MB, written in {written:.1f} s")
    assert min(took) < seconds
