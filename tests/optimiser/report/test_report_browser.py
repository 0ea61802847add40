"""The page in Debian's Chromium, opened from disk: nothing leaves it, nothing complains, what is clicked happens."""

from pathlib import Path

import numpy as np
import pytest

from optimiser.report import Material, write_comparison, write_report

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(not CHROMIUM.is_file(), reason="Debian's chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def report(make_study, tmp_path_factory):
    path = tmp_path_factory.mktemp("browser") / "report.html"
    write_report(path, title="Jiading", **make_study(115))
    return path


@pytest.fixture
def open_page(browser):
    pages, said, asked = [], [], []

    def opened(path, viewport=None, scheme="light"):  # waits are long: machines that run tests are busy
        page = browser.new_page(viewport=viewport or DESK, color_scheme=scheme)
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.set_default_timeout(180_000)
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-charts=yes]")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def draw_all(page):
    page.evaluate("['beforeprint', 'afterprint'].forEach(name => window.dispatchEvent(new Event(name)))")
    page.wait_for_function("[...document.querySelectorAll('.chart')].every(c => c.querySelector('.main-svg, .empty'))")


def rows(page):
    return page.locator("#buildings tbody tr")


@pytest.mark.parametrize("viewport", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_picture_is_drawn_and_nothing_overflows(open_page, report, viewport, scheme):
    page = open_page(report, viewport, scheme)
    draw_all(page)
    assert page.locator(".chart .main-svg").count() >= 9
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert page.get_attribute("html", "data-theme") == scheme


def test_language_switch_changes_text_table_and_pictures(open_page, report):
    page = open_page(report)
    draw_all(page)
    assert page.locator("h2").nth(0).inner_text() == "What do we get for which budget?"
    page.click("#language")
    assert page.locator("h2").nth(0).inner_text() == "多少预算，多少收益？"
    assert "节能量" in page.locator("#buildings thead").inner_text()
    assert "投资" in page.locator("[data-figure=frontier] .xtitle").text_content()
    visible = page.locator("main").inner_text()
    assert "Energy saved" not in visible
    page.click("#language")
    assert page.locator("h2").nth(0).inner_text() == "What do we get for which budget?"


def test_sorting_by_click_and_by_keyboard(open_page, report):
    page = open_page(report)

    def costs():
        keys = page.locator("#buildings thead button").evaluate_all("b => b.map(x => x.dataset.sort)")
        column = keys.index("capital_cost")
        texts = page.locator(f"#buildings tbody tr > :nth-child({column + 1})").all_inner_texts()
        return [float(text.replace(",", "")) for text in texts]

    page.click("button[data-sort=capital_cost]")
    assert costs() == sorted(costs(), reverse=True)
    page.keyboard.press("Enter")
    assert costs() == sorted(costs())
    assert page.locator("th[aria-sort=ascending] button").get_attribute("data-sort") == "capital_cost"


def test_filters_narrow_the_table_and_its_sums(open_page, report):
    page = open_page(report)
    everything = rows(page).count()
    page.uncheck("#filter-touched")
    assert rows(page).count() == 115 > everything
    page.select_option("#filter-town", "南翔镇")
    towns = page.locator("#buildings tbody th small").all_inner_texts()
    assert towns
    assert all("南翔镇" in text for text in towns)
    page.fill("#filter-text", "JD-0004")
    assert rows(page).count() == 1
    assert "1 of 115" in page.locator("#rows-shown").inner_text()
    page.click("#filter-reset")
    assert rows(page).count() == everything
    page.check("#filter-below")
    assert rows(page).count() == 0


def test_scenario_changes_tiles_table_and_pictures(open_page, report):
    page = open_page(report)
    draw_all(page)
    before = page.locator(".tiles:visible").inner_text(), rows(page).count()
    page.locator("tr.pick").nth(0).click()
    after = page.locator(".tiles:visible").inner_text(), rows(page).count()
    assert page.locator(".tiles:visible").count() == 1
    assert after[0] != before[0]
    assert after[1] < before[1]
    assert page.input_value("#scenario") == page.locator("tr.pick").nth(0).get_attribute("data-pick")


def test_a_picture_gives_its_numbers(open_page, report):
    page = open_page(report)
    with page.expect_download() as waiting:
        page.locator("#who a.csv").first.click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    assert waiting.value.suggested_filename == "measures.csv"
    assert text.startswith("scenario,measure,buildings")


def test_the_cash_flow_of_one_contract_takes_the_place_of_all(open_page, report):
    page = open_page(report)
    draw_all(page)
    whole = page.evaluate("document.querySelector('[data-figure=cash]').data.map(t => t.y)")
    options = page.locator("#cash-contract option").count()
    assert options > 2
    page.select_option("#cash-contract", index=1)
    one = page.evaluate("document.querySelector('[data-figure=cash]').data.map(t => t.y)")
    assert abs(sum(one[0])) < abs(sum(whole[0]))
    assert one[-1][-1] == pytest.approx(sum(one[0]), rel=1e-3)
    page.locator("tr.pick").nth(0).click()
    assert page.input_value("#cash-contract") == ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_language_is_complete(open_page, report, language):
    """In Chinese no English words are left but names, units and sources; in English no Chinese but names."""
    page = open_page(report)
    draw_all(page)
    if language == "zh":
        page.click("#language")
    words = page.evaluate("JSON.parse(document.getElementById('page-data').textContent).words")
    text = page.locator("body").inner_text()
    other = [pair[1 if language == "en" else 0] for pair in words.values() if pair[0] != pair[1]]
    long = [word for word in other if len(word) > (3 if language == "en" else 12) and "{" not in word]
    assert [word for word in long if word in text] == []


def test_printing_from_the_dark_is_in_light_colours(open_page, report):
    page = open_page(report, scheme="dark")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.get_attribute("html", "data-theme") == "light"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.get_attribute("html", "data-theme") == "dark"


def test_names_of_users_do_nothing(open_page, make_study, tmp_path):
    study = make_study(12)
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    names = study["inputs"]["building_name"]
    study["inputs"]["building_name"] = names.copy(data=np.full(12, evil))
    write_report(tmp_path / "evil.html", title=evil, **study)
    page = open_page(tmp_path / "evil.html")
    draw_all(page)
    page.locator("[data-figure=map] .point").first.hover(force=True)
    page.wait_for_timeout(300)
    assert page.locator("img").count() == 0
    assert page.title() == evil
    assert "<img" in page.locator("#buildings tbody th").first.inner_text()


def test_print_shows_everything_without_controls(open_page, report):
    page = open_page(report)
    page.emulate_media(media="print")
    draw_all(page)
    assert not page.locator(".filters").first.is_visible()
    assert not page.locator("#language").is_visible()
    assert page.pdf(format="A4")[:4] == b"%PDF"


def test_thousand_buildings_are_usable(open_page, make_study, tmp_path):
    write_report(tmp_path / "r.html", **make_study(1000))
    page = open_page(tmp_path / "r.html")
    page.uncheck("#filter-touched")
    assert rows(page).count() == 1000
    page.click("button[data-sort=building]")
    assert "JD-0001" in rows(page).first.inner_text()


def test_comparison_in_the_browser(open_page, make_study, tmp_path):
    study = make_study(24)
    material = Material(study["portfolio"], study["inputs"])
    write_comparison(tmp_path / "compare.html", {"Plan A": material})
    page = open_page(tmp_path / "compare.html", PHONE)
    draw_all(page)
    assert page.locator(".chart .main-svg").count() >= 1
    only = page.locator("#choices tbody tr:visible").count()
    page.uncheck("#only-different")
    assert page.locator("#choices tbody tr:visible").count() == 24 > only
    page.click("#language")
    assert page.locator("h1").inner_text().startswith("组合对比")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
