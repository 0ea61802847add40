"""The words of the page in English and Chinese, and numbers as people read them."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Literal

from markupsafe import Markup, escape
from pydantic import RootModel

from buildings import load_catalogue
from datafile import load_yaml

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
DATA_DIR = Path(__file__).parent / "data"


class _Words(RootModel[dict[str, tuple[str, str]]]):
    """Key to the words in each language, in the order of `LANGUAGES`."""


@lru_cache(maxsize=1)
def load_words() -> dict[str, tuple[str, str]]:
    """Read the words of the page.

    Raises
    ------
    InputError
        If the file breaks its schema.

    Examples
    --------
    >>> load_words()["floor"]
    ('floor', '下限')
    """
    return load_yaml(DATA_DIR / "words.yaml", _Words).root


def measure_labels() -> dict[str, tuple[str, str]]:
    """Return the labels of all measures of the shipped catalogue.

    Examples
    --------
    >>> "rooftop_pv" in measure_labels()
    True
    """
    catalogue = {key: (m.label_en, m.label_zh) for key, m in load_catalogue().measures.items()}
    return {**catalogue, "rooftop_pv": load_words()["rooftop_pv"]}


def sentence(key: str, **values: object) -> Markup:
    """Return a sentence in both languages as two elements, of which the page shows one; values are escaped.

    A value that is a pair holds one text per language.

    Raises
    ------
    KeyError
        If there are no such words.

    Examples
    --------
    >>> sentence("illustrative", what="<b>")
    Markup('<span lang="en">Illustrative data: &lt;b&gt;.</span><span lang="zh">示例数据：&lt;b&gt;。</span>')
    """
    texts = []
    for i, language in enumerate(LANGUAGES):
        own = {name: escape(v[i] if isinstance(v, tuple) else v) for name, v in values.items()}
        texts.append(
            Markup('<span lang="{}">{}</span>').format(language, Markup(escape(load_words()[key][i])).format(**own))
        )
    return Markup("").join(texts)


def number(value: float | None, decimals: int = 0, scale: float = 1.0) -> str:
    """Return a number with thousands, or an en dash where there is none.

    Examples
    --------
    >>> number(1234567.8), number(float("nan")), number(1234567.8, 1, 1000.0)
    ('1,234,568', '–', '1,234.6')
    """
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value / scale:,.{decimals}f}"


def percent(fraction: float | None, decimals: int = 1) -> str:
    """Return a fraction as percent.

    Examples
    --------
    >>> percent(0.2346), percent(5e-05, 3)
    ('23.5 %', '0.005 %')
    """
    return "–" if fraction is None or not math.isfinite(fraction) else f"{fraction * 100:,.{decimals}f} %"
