"""The page: self-contained, escaped, its numbers recomputed by other means, every section there or saying it is not."""

import base64
import gzip
import hashlib
import html.parser
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optimiser.report import page, write_report
from optimiser.report.material import Material
from optimiser.report.words import LANGUAGES, load_words
from vocabulary import InputError

ROOM = Path(page.__file__).parent
EVIL = "</script><img src=x onerror=alert(1)>{t:floor}{{ 7*7 }}"


class Parsed(html.parser.HTMLParser):
    """What a browser would load or run."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.images, self.scripts, self.ids = [], [], [], [], []
        self._script = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.loads += [attrs[k] for k in ("src", "srcset") if attrs.get(k)]
        if tag == "link":
            self.loads.append(attrs["href"])
        if tag == "a":
            self.links.append(attrs)
        if tag in ("img", "iframe", "object", "embed"):
            self.images.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        self._script = [attrs.get("type", "text/javascript"), ""] if tag == "script" else None

    def handle_data(self, data):
        if self._script:
            self._script[1] += data

    def handle_endtag(self, tag):
        if tag == "script" and self._script:
            self.scripts.append(tuple(self._script))
            self._script = None

    @property
    def data(self):
        return json.loads(next(text for kind, text in self.scripts if kind == "application/json"))


@pytest.fixture(scope="module")
def written(material, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, title="Jiading <example>", study_text="name: 嘉定\n", **material)
    return path


@pytest.fixture(scope="module")
def parsed(written):
    return Parsed(written.read_text(encoding="utf-8"))


def table_of(link):
    head, _, body = link["href"].partition(",")
    assert head == "data:text/csv;charset=utf-8;base64"
    return pd.read_csv(io.BytesIO(base64.b64decode(body)), encoding="utf-8-sig")


def test_nothing_is_loaded_from_anywhere(parsed):
    assert all(target.startswith("data:") for target in parsed.loads)
    assert parsed.images == []
    assert {link["href"][0] for link in parsed.links if not link["href"].startswith("data:")} == {"#"}


def test_only_scripts_with_a_known_hash_may_run(written, parsed):
    head = written.read_text(encoding="utf-8")[:2000].replace("&#39;", "'")
    policy = re.search(r"script-src ([^;]+);", head).group(1)
    for kind, text in parsed.scripts:
        if kind == "text/plain":
            text = gzip.decompress(base64.b64decode(text)).decode()
        if kind != "application/json":
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert [kind for kind, _ in parsed.scripts] == ["application/json", "text/plain", "text/javascript"]


def test_sections_come_in_the_order_of_the_questions(parsed):
    asked = [i for i in parsed.ids if i in {"budget", "who", "where", "energy", "money", "sure", "about"}]
    assert asked == ["budget", "who", "where", "energy", "money", "sure", "about"]


def test_every_picture_has_its_numbers(written):
    text = written.read_text(encoding="utf-8")
    figures = re.findall(r"<figure.*?</figure>", text, flags=re.S)
    assert len(figures) >= 8
    assert all('class="csv"' in figure and "data:text/csv" in figure for figure in figures)


def test_totals_are_those_of_the_portfolio(parsed, material):
    portfolio = material["portfolio"]
    totals = table_of(next(link for link in parsed.links if link.get("download") == "totals.csv"))
    for column, name in (
        ("energy_saving_kwh_per_year", "energy_saving"),
        ("capital_cost_cny", "capital_cost"),
        ("energy_saving_without_pv_kwh_per_year", "energy_saving_without_pv"),
        ("coal_saving_t_per_year", "coal_saving"),
        ("annual_cost_saving_cny_per_year", "annual_cost_saving"),
    ):
        assert totals[column].to_numpy() == pytest.approx(portfolio[name].sum("building").values, rel=1e-8), column
    assert totals["buildings"].to_list() == portfolio["touched"].sum("building").values.tolist()
    touched = portfolio["touched"].values
    baseline = np.where(touched, material["inputs"]["baseline_energy"].values, 0).sum(axis=1)
    expected = portfolio["energy_saving"].sum("building").values / baseline
    assert totals["fraction_touched"].to_numpy() == pytest.approx(expected, rel=1e-8)


def test_rows_of_the_table_are_those_of_the_portfolio(parsed, material):
    data, portfolio = parsed.data, material["portfolio"]
    keys = [column["key"] for column in data["columns"]]
    fixed = len(data["fixed"][0])
    for scenario in portfolio["scenario"].values:
        rows = pd.DataFrame(data["rows"][scenario], columns=keys[fixed:])
        one = portfolio.sel(scenario=scenario)
        assert rows["package"].to_list() == one["chosen_package"].values.tolist()
        assert rows["energy_saving"].to_numpy() == pytest.approx(one["energy_saving"].values, rel=1e-5)
        on = one["touched"].values
        payback = one["capital_cost"].values[on] / one["annual_cost_saving"].values[on]
        assert rows["payback"].to_numpy(dtype=float)[on] == pytest.approx(payback, rel=1e-5)


def test_interval_is_the_cubes_error_at_the_rules_confidence(parsed, material):
    data, portfolio, inputs = parsed.data, material["portfolio"], material["inputs"]
    keys = [column["key"] for column in data["columns"]][len(data["fixed"][0]) :]
    scenario = portfolio["scenario"].values[-1]
    rows = pd.DataFrame(data["rows"][scenario], columns=keys)
    one = portfolio.sel(scenario=scenario)
    for i, building in enumerate(portfolio["building"].values):
        if one["touched"].values[i]:
            package = one["chosen_package"].values[i]
            std = float(inputs["energy_saving_std"].sel(building=building, package=package))
            margin = 1.2815515655 * std / float(inputs["baseline_energy"].sel(building=building))
            assert rows["fraction_high"][i] - rows["saving_fraction"][i] == pytest.approx(margin, abs=2e-6)


def test_names_of_users_stay_text(material, tmp_path):
    inputs = material["inputs"].copy(deep=True)
    count = inputs.sizes["building"]
    for name in ("building_name", "town"):
        inputs[name] = inputs[name].copy(data=np.full(count, EVIL))
    write_report(tmp_path / "evil.html", title=EVIL, study_text=EVIL, **{**material, "inputs": inputs})
    text = (tmp_path / "evil.html").read_text(encoding="utf-8")
    assert "<img src=x" not in text
    parsed = Parsed(text)
    assert parsed.images == []
    assert len(parsed.scripts) == 3
    assert parsed.data["fixed"][0][1] == EVIL
    hover = parsed.data["figures"]["map"][material["portfolio"]["scenario"].values[0]]["data"][0]["text"][0]
    assert "<img" not in hover


def test_a_portfolio_alone_still_makes_a_page(material, tmp_path):
    portfolio = material["portfolio"][
        [
            "chosen_package",
            "energy_saving",
            "energy_saving_without_pv",
            "saving_fraction",
            "capital_cost",
            "touched",
            "budget",
        ]
    ]
    inputs = material["inputs"][["baseline_energy", "energy_saving", "capital_cost"]]
    write_report(tmp_path / "bare.html", portfolio, inputs=inputs)
    data = Parsed((tmp_path / "bare.html").read_text(encoding="utf-8")).data
    assert set(data["figures"]) == {"fractions", "measures", "frontier"}


def test_an_empty_plan_says_so_and_names_the_cheapest_way(material, tmp_path):
    portfolio = material["portfolio"].isel(scenario=[0]).copy(deep=True)
    for name, values in portfolio.data_vars.items():
        if values.dims == ("scenario", "building"):
            portfolio[name] = values.copy(
                data=np.full(values.shape, "none")
                if values.dtype.kind in "UO"
                else np.zeros(values.shape, dtype=values.dtype)
            )
    portfolio["cheapest_building"] = ("scenario", np.array(["JD-0007"]))
    portfolio["cheapest_package"] = ("scenario", np.array(["led"]))
    portfolio["money_missing"] = ("scenario", np.array([12345.0]))
    write_report(tmp_path / "empty.html", portfolio, inputs=material["inputs"])
    text = (tmp_path / "empty.html").read_text(encoding="utf-8")
    assert "the best plan touches no building" in text
    assert re.search(r"led at JD-0007; 12,345 CNY are missing", text)


@pytest.mark.parametrize("languages", [["en"], ["zh"], ["zh", "en"]])
def test_first_language_is_shown_first(material, tmp_path, languages):
    write_report(tmp_path / "l.html", material["portfolio"], inputs=material["inputs"], languages=languages)
    text = (tmp_path / "l.html").read_text(encoding="utf-8")
    assert f'data-language="{languages[0]}"' in text
    assert ('id="language"' in text) == (len(languages) > 1)


def test_basis_baseline_and_illustrative_are_said(written):
    text = written.read_text(encoding="utf-8").partition('<script type="application/json"')[0]
    assert "0.1229 kg of standard coal per kWh" in text
    assert "of the simulated baseline" in text
    assert "bills have not been used" in text
    assert "Illustrative data: all figures: invented for a test." in text


def test_calibrated_baselines_are_said(material, tmp_path):
    inputs = material["inputs"].assign_attrs(baseline="calibrated")
    write_report(tmp_path / "c.html", material["portfolio"], inputs=inputs)
    text = (tmp_path / "c.html").read_text(encoding="utf-8").partition('<script type="application/json"')[0]
    assert "calibrated against bills" in text
    assert "bills have not been used" not in text


def test_every_word_that_is_asked_for_exists():
    words = set(load_words())
    asked = set()
    for path in [*ROOM.glob("*.py"), *ROOM.glob("templates/*")]:
        text = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r"\{t:([a-z_0-9]+)\}", text)) - {"key"}
        asked |= set(re.findall(r"""\bw\('([a-z_0-9]+)'""", text)) | set(
            re.findall(r'sentence\(\s*"([a-z_0-9]+)"', text)
        )
        asked |= set(re.findall(r'(?:word\(|data-word=)"([a-z_0-9]+)"', text))
        asked |= set(re.findall(r"options\(\"[a-z]+\", \"([a-z_]+)\"", text))
    asked |= {key for column in page.TABLE_COLUMNS if column["shown"] for key in (column["key"], column["unit"]) if key}
    asked |= {key for pair in (*page.TOTAL_COLUMNS, *page.CONTRACT_COLUMNS) for key in pair if key}
    assert asked - words == set()


def test_both_languages_have_the_same_places_to_fill():
    for key, texts in load_words().items():
        assert len(texts) == len(LANGUAGES)
        first, second = (set(re.findall(r"\{(\w+)\}", text)) for text in texts)
        assert first == second, key


@pytest.mark.parametrize("languages", [[], ["fr"]])
def test_unknown_languages_are_refused(material, tmp_path, languages):
    with pytest.raises(InputError, match="languages"):
        write_report(tmp_path / "x.html", material["portfolio"], inputs=material["inputs"], languages=languages)
    assert list(tmp_path.iterdir()) == []


def test_parts_that_do_not_fit_are_refused(material):
    with pytest.raises(InputError, match="building"):
        Material(material["portfolio"], material["inputs"].isel(building=slice(3, None)))
    with pytest.raises(InputError, match="scenario"):
        Material(material["portfolio"].isel(scenario=0, drop=True), material["inputs"])


def test_missing_folder_is_named(material, tmp_path):
    with pytest.raises(InputError, match="absent"):
        write_report(tmp_path / "absent" / "r.html", material["portfolio"], inputs=material["inputs"])


def test_the_115_of_the_district_stay_below_six_megabytes(make_study, tmp_path):
    write_report(tmp_path / "r.html", **make_study(115))
    assert (tmp_path / "r.html").stat().st_size < 6e6


@pytest.mark.long
def test_a_thousand_stay_below_fifteen_megabytes(make_study, tmp_path):
    write_report(tmp_path / "r.html", **make_study(1000))
    assert (tmp_path / "r.html").stat().st_size < 15e6
