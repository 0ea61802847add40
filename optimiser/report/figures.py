"""The pictures, drawn by plotly: each function returns a figure as plain data, words as `{t:key}` for the page to fill.

Colours are those of the light theme; the page swaps them for the dark one. Names from users are escaped here because
plotly reads a little HTML in its texts.
"""

from __future__ import annotations

import html
import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from optimiser.report.material import Material

BLUE, ORANGE, GREEN, PURPLE, GREY, RED, PALE = (
    "#0b6e99",
    "#c4663a",
    "#4d7c3a",
    "#7b5ea7",
    "#7d8790",
    "#b3261e",
    "#c9d2d9",
)
LANE_COLOURS = {"own_funds": BLUE, "guaranteed": GREEN, "shared_savings": ORANGE, "trusteeship": PURPLE, "none": BLUE}
PRACTICE_COLOURS = (ORANGE, GREEN, PURPLE, GREY)
KWH_PER_MWH = 1_000.0
CNY_PER_WAN = 10_000.0
MOST_SINGLE_TICKS = 20
Figure = dict[str, Any]


def numbers(values: Iterable[float], scale: float = 1.0, digits: int = 5) -> list[float | None]:
    """Return plain numbers with a few significant digits, None for what is not finite.

    Examples
    --------
    >>> numbers([123456.789, float("nan")], scale=1000.0)
    [123.46, None]
    """
    return [_rounded(float(value) / scale, digits) for value in values]


def _rounded(value: float, digits: int) -> float | None:
    if not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


def _plain(figure: go.Figure) -> Figure:
    made = figure.to_plotly_json()
    layout = {key: value for key, value in made["layout"].items() if key != "template"}
    return {"data": [{key: value for key, value in trace.items()} for trace in made["data"]], "layout": layout}


def _figure(traces: list[go.Scatter] | list[go.Bar], x: str, y: str, **layout: Any) -> Figure:  # noqa: ANN401 - plotly's own keys
    figure = go.Figure(traces, layout=go.Layout(template=go.layout.Template()))
    figure.update_layout(xaxis_title_text=x, yaxis_title_text=y, **layout)
    return _plain(figure)


def frontier(material: Material, totals: pd.DataFrame) -> Figure:
    """Draw saving over investment: scenarios with and without PV, the exact frontier, present ways of planning."""
    traces: list[go.Scatter] = []
    found = material.frontier
    if found is not None and "frontier_budget" in found:
        budget = numbers(found["frontier_budget"].values, CNY_PER_WAN)
        traces.append(_line(budget, found["energy_saving"].values, "{t:exact_choice}", BLUE))
        if "practice_saving" in found:
            for i, practice in enumerate(map(str, found["practice"].values)):
                colour = PRACTICE_COLOURS[i % len(PRACTICE_COLOURS)]
                saving = found["practice_saving"].sel(practice=practice).values
                traces.append(_line(budget, saving, f"{{t:{practice}}}", colour, dash="dash"))
    traces += [
        _scenario_points(totals, "energy_saving", "{t:with_pv}", "circle"),
        _scenario_points(totals, "energy_saving_without_pv", "{t:without_pv}", "circle-open"),
    ]
    return _figure(traces, "{t:axis_investment}", "{t:axis_saving}", xaxis_rangemode="tozero", yaxis_rangemode="tozero")


def _line(x: list[float | None], kwh: np.ndarray, name: str, colour: str, dash: str = "solid") -> go.Scatter:
    return go.Scatter(
        x=x,
        y=numbers(kwh, KWH_PER_MWH),
        name=name,
        mode="lines",
        line={"color": colour, "width": 2, "dash": dash},
        hovertemplate="%{x:,.0f} {t:wan_cny}<br>%{y:,.0f} MWh<extra>" + name + "</extra>",
    )


def _scenario_points(totals: pd.DataFrame, column: str, name: str, symbol: str) -> go.Scatter:
    return go.Scatter(
        x=numbers(totals["capital_cost"], CNY_PER_WAN),
        y=numbers(totals[column], KWH_PER_MWH),
        name=name,
        mode="markers",
        marker={"symbol": symbol, "size": 10, "color": BLUE, "line": {"width": 2, "color": BLUE}},
        text=[html.escape(s) for s in totals["scenario"]],
        hovertemplate="<b>%{text}</b><br>%{x:,.0f} {t:wan_cny}<br>%{y:,.0f} MWh<extra>" + name + "</extra>",
    )


def fractions(table: pd.DataFrame, floor: float) -> Figure:
    """Draw the saving fraction of each touched building with its interval, without PV, simulated, and the floor."""
    on = table[table["touched"]].sort_values("saving_fraction", ascending=False)
    names = [html.escape(_title(row)) for row in on.to_dict("records")]
    rank = list(range(1, len(on) + 1))
    margin = numbers((on["fraction_high"] - on["saving_fraction"]).fillna(0.0), 0.01)
    share = {"hovertemplate": "%{text}<br>%{y:.1f} %<extra>%{fullData.name}</extra>", "text": names, "x": rank}
    traces = [
        go.Scatter(
            y=numbers(on["saving_fraction"], 0.01),
            name="{t:with_pv}",
            mode="markers",
            error_y={"array": margin, "color": GREY, "thickness": 1, "width": 0},
            marker={"size": 8, "color": BLUE},
            **share,
        ),
        go.Scatter(
            y=numbers(on["fraction_without_pv"], 0.01),
            name="{t:without_pv}",
            mode="markers",
            marker={"size": 8, "color": BLUE, "symbol": "circle-open"},
            **share,
        ),
    ]
    if on["fraction_simulated"].notna().any():
        traces.append(
            go.Scatter(
                y=numbers(on["fraction_simulated"], 0.01),
                name="{t:simulated}",
                mode="markers",
                marker={"size": 6, "color": ORANGE, "symbol": "diamond"},
                **share,
            )
        )
    line = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": floor * 100,
        "y1": floor * 100,
        "line": {"color": RED, "width": 1.5, "dash": "dot"},
    }
    label = {
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "y": floor * 100,
        "yanchor": "bottom",
        "showarrow": False,
        "text": f"{{t:floor}} {floor * 100:.0f} %",
        "font": {"color": RED, "size": 11},
    }
    return _figure(
        traces,
        "{t:axis_buildings_ranked}",
        "{t:axis_fraction}",
        shapes=[line],
        annotations=[label],
        yaxis_rangemode="tozero",
        **({"xaxis_dtick": 1} if len(on) <= MOST_SINGLE_TICKS else {}),
    )


def _title(row: Mapping[Hashable, Any]) -> str:
    return f"{row['building']} {row['name']}".strip()


def promised(trials: pd.DataFrame) -> Figure:
    """Draw the first prediction over the simulation of every case that a verification round chose."""
    top = float(trials[["saving_predicted", "saving_simulated"]].max().max()) if len(trials) else 1.0
    diagonal = go.Scatter(
        x=[0, _rounded(top / KWH_PER_MWH, 4)],
        y=[0, _rounded(top / KWH_PER_MWH, 4)],
        mode="lines",
        name="{t:equal}",
        line={"color": GREY, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    points = go.Scatter(
        x=numbers(trials["saving_simulated"], KWH_PER_MWH),
        y=numbers(trials["saving_predicted"], KWH_PER_MWH),
        mode="markers",
        name="{t:cases_tried}",
        marker={"size": 8, "color": BLUE, "opacity": 0.75},
        text=[html.escape(f"{b} · {p}") for b, p in zip(trials["building"], trials["package"], strict=True)],
        hovertemplate="%{text}<br>{t:simulated} %{x:,.1f} MWh<br>{t:promised} %{y:,.1f} MWh<extra></extra>",
    )
    return _figure(
        [diagonal, points],
        "{t:axis_simulated}",
        "{t:axis_promised}",
        xaxis_rangemode="tozero",
        yaxis_rangemode="tozero",
    )


def place_map(material: Material, table: pd.DataFrame) -> Figure | None:
    """Draw buildings at their coordinates, by contract lane, larger the more they save; None without places."""
    latitude, longitude = material.of_building("latitude"), material.of_building("longitude")
    if latitude is None or longitude is None or not np.isfinite(latitude).any():
        return None
    placed = table.assign(latitude=latitude, longitude=longitude)
    rest = placed[~placed["touched"]]
    traces = [_places(rest, "{t:untouched}", PALE, 6.0)]
    most = float(placed["energy_saving"].max()) or 1.0
    for lane, group in placed[placed["touched"]].groupby("lane"):
        size = 8 + 18 * np.sqrt(np.clip(group["energy_saving"].fillna(0.0) / most, 0, 1))
        traces.append(
            _places(
                group,
                f"{{t:lane_{lane}}}" if lane != "none" else "{t:touched}",
                LANE_COLOURS.get(str(lane), GREY),
                numbers(size, digits=3),
            )
        )
    stretch = 1.0 / math.cos(math.radians(float(np.nanmean(latitude))))
    return _figure(
        traces,
        "{t:axis_longitude}",
        "{t:axis_latitude}",
        yaxis_scaleanchor="x",
        yaxis_scaleratio=round(stretch, 4),
        xaxis_ticksuffix="°",
        yaxis_ticksuffix="°",
        xaxis_tickformat=".2f",
        yaxis_tickformat=".2f",
    )


def _places(group: pd.DataFrame, name: str, colour: str, size: float | list[float | None]) -> go.Scatter:
    saving = (group["energy_saving"].fillna(0.0) / KWH_PER_MWH).map("{:,.0f} MWh".format)
    share = (group["saving_fraction"].fillna(0.0) * 100).map("{:.1f} %".format)
    names = [html.escape(_title(row)) for row in group.to_dict("records")]
    return go.Scatter(
        x=numbers(group["longitude"], digits=7),
        y=numbers(group["latitude"], digits=7),
        mode="markers",
        name=name,
        marker={"size": size, "color": colour, "opacity": 0.85, "line": {"width": 0.5, "color": "#ffffff"}},
        text=[f"<b>{n}</b><br>{s} · {f}" for n, s, f in zip(names, saving, share, strict=True)],
        hovertemplate="%{text}<extra></extra>",
    )


def measure_bars(measures: pd.DataFrame) -> Figure:
    """Draw in how many buildings each measure is done."""
    ordered = measures.sort_values("buildings")
    bar = go.Bar(
        y=[f"{{m:{m}}}" for m in ordered["measure"]],
        x=[int(n) for n in ordered["buildings"]],
        orientation="h",
        marker_color=BLUE,
        text=[str(int(n)) for n in ordered["buildings"]],
        textposition="outside",
        hovertemplate="%{y}: %{x} {t:buildings_unit}<extra></extra>",
        cliponaxis=False,
    )
    return _figure([bar], "{t:axis_buildings}", "", showlegend=False, yaxis_automargin=True)


def end_use_bars(table: pd.DataFrame) -> Figure:
    """Draw end uses before and after, gas apart from electricity."""
    labels = [
        f"{{t:{row.end_use}}}" + (" ({t:natural_gas})" if row.carrier == "natural_gas" else "")
        for row in table.itertuples()
    ]
    traces = [
        go.Bar(
            y=labels[::-1],
            x=numbers(table[side], KWH_PER_MWH)[::-1],
            orientation="h",
            name=f"{{t:{side}}}",
            marker_color=colour,
            hovertemplate="%{y}<br>%{x:,.0f} MWh<extra>%{fullData.name}</extra>",
        )
        for side, colour in (("after", BLUE), ("before", PALE))
    ]
    return _figure(traces, "{t:axis_energy}", "", barmode="group", yaxis_automargin=True, legend_traceorder="reversed")


def month_bars(table: pd.DataFrame) -> Figure:
    """Draw energy of each month, before and after, electricity and gas."""
    traces = []
    for carrier, colours in (("electricity", (PALE, BLUE)), ("natural_gas", ("#ecd6c9", ORANGE))):
        part = table[table["carrier"] == carrier]
        if part[["before", "after"]].to_numpy().sum() <= 0:
            continue
        for side, colour in zip(("before", "after"), colours, strict=True):
            traces.append(
                go.Bar(
                    x=[int(m) for m in part["month"]],
                    y=numbers(part[side], KWH_PER_MWH),
                    marker_color=colour,
                    name=f"{{t:{carrier}}}, {{t:{side}}}",
                    offsetgroup=side,
                    hovertemplate="%{x}: %{y:,.1f} MWh<extra>%{fullData.name}</extra>",
                )
            )
    return _figure(traces, "{t:axis_month}", "{t:axis_energy}", barmode="relative", xaxis_dtick=1)


def profiles(table: pd.DataFrame) -> Figure:
    """Draw mean electric power by hour of the day and season, before and after."""
    traces = []
    for season, colour in (("summer", ORANGE), ("winter", BLUE), ("between", GREEN)):
        part = table[table["season"] == season]
        for side, dash in (("before", "dot"), ("after", "solid")):
            traces.append(
                go.Scatter(
                    x=[int(h) for h in part["hour"]],
                    y=numbers(part[side]),
                    mode="lines",
                    line={"color": colour, "dash": dash, "width": 2, "shape": "hvh"},
                    name=f"{{t:{season}}}, {{t:{side}}}",
                    hovertemplate="%{x}:00, %{y:,.0f} kW<extra>%{fullData.name}</extra>",
                )
            )
    return _figure(traces, "{t:axis_hour}", "{t:axis_power}", xaxis_dtick=3, yaxis_rangemode="tozero")


def cash_bars(flows: pd.DataFrame) -> Figure:
    """Draw what owner and service companies receive or do not spend each year, and the owner's sum so far.

    `meta` names what a trace shows: the page puts the flow of one contract in its place.
    """
    by_year = flows.groupby("year")[["owner", "service_company", "owner_cumulative"]].sum()
    years = [int(y) for y in by_year.index]
    traces: list[Any] = []
    for name, colour in (("owner", BLUE), ("service_company", ORANGE)):
        if name == "owner" or (by_year[name].abs() > 0).any():
            traces.append(go.Bar(x=years, marker_color=colour, **_flow(by_year, name)))
    line = {"mode": "lines+markers", "line": {"color": GREEN, "width": 2}, "marker": {"size": 4}}
    traces.append(go.Scatter(x=years, **line, **_flow(by_year, "owner_cumulative")))
    return _figure(traces, "{t:axis_year}", "{t:axis_money}", barmode="group")


def _flow(by_year: pd.DataFrame, name: str) -> dict[str, Any]:
    return {
        "y": numbers(by_year[name], CNY_PER_WAN),
        "name": f"{{t:{name}}}",
        "meta": name,
        "hovertemplate": "%{x}: %{y:,.1f} {t:wan_cny}<extra>%{fullData.name}</extra>",
    }


def comparison_bars(totals: pd.DataFrame) -> Figure:
    """Draw the saving of each portfolio with and without PV, and its investment as points on a second axis."""
    names = [html.escape(str(name)) for name in totals["portfolio"]]
    hover = "%{x}<br>%{y:,.0f} MWh<extra>%{fullData.name}</extra>"
    traces = [
        go.Bar(x=names, y=numbers(totals[column], KWH_PER_MWH), name=name, marker_color=colour, hovertemplate=hover)
        for column, name, colour in (
            ("energy_saving", "{t:with_pv}", BLUE),
            ("energy_saving_without_pv", "{t:without_pv}", PALE),
        )
    ]
    investment = go.Scatter(
        x=names,
        y=numbers(totals["capital_cost"], CNY_PER_WAN),
        name="{t:axis_investment}",
        mode="markers",
        yaxis="y2",
        marker={"color": ORANGE, "size": 11, "symbol": "diamond"},
        hovertemplate="%{x}<br>%{y:,.0f} {t:wan_cny}<extra></extra>",
    )
    second = {
        "overlaying": "y",
        "side": "right",
        "title_text": "{t:axis_investment}",
        "rangemode": "tozero",
        "showgrid": False,
        "tickmode": "auto",
    }
    return _figure([*traces, investment], "", "{t:axis_saving}", barmode="group", yaxis2=second)
