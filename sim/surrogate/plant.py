"""From a table of designs and sizes to the part-load models of their source systems (arrays for `kernels_plant`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datafile import Confidence, Frozen
from sim.models.datafile import load
from sim.models.systems import curve_data, system_data
from sim.surrogate.climate import Climate
from sim.surrogate.inputs import CHOICES, Table
from sim.surrogate.zones import DAY_TYPES, day_types
from vocabulary import SOURCE_SYSTEMS

Array = NDArray[np.float64]
SYSTEM = {name: code for code, name in enumerate(SOURCE_SYSTEMS)}
WATER_KJ_PER_KG_K = 4.186
_PUMP_EFFICIENCY = 0.78 * 0.9
"""Pump times motor, EnergyPlus' sizing of a pump's power (engineering reference, Pump:VariableSpeed)."""
_ROOM_WET_BULB_C = 18.5
_KIND = ("source_system", "chiller_type", "boiler_type")
_AIR_FLOW = 3600.0 / (1.2 * 1.006)
"""m3/h of air per kW and K."""


class UnitCurve(Frozen):
    """One curve of a room unit (frozen)."""

    coefficients: tuple[float, ...] = Field(min_length=7, max_length=7)
    x: tuple[float, float]
    y: tuple[float, float]
    cubic_x: float = 0.0

    @property
    def row(self) -> list[float]:
        """The curve as a row of the kernel."""
        return [*self.coefficients, *self.x, *self.y, self.cubic_x]


class RoomUnitCurves(Frozen):
    """The data file `sim/data/room_unit_curves.yaml` (frozen, unknown keys refused)."""

    source: str
    confidence: Confidence
    vrf: dict[str, UnitCurve]
    split: dict[str, UnitCurve]


@cache
def room_unit_curves() -> RoomUnitCurves:
    """Return the validated curves of room units.

    Raises
    ------
    InputError
        If the file breaks a rule.
    """
    return load("room_unit_curves.yaml", RoomUnitCurves)


def curve_row(name: str, rating: tuple[float, float] | None) -> list[float]:
    """Return a curve of `sim/data/curves.yaml` as a row of the kernel, scaled to 1 at the rating point.

    Examples
    --------
    >>> row = curve_row("screw_eir", (7.0, 30.0))
    >>> round(row[0] + 7 * row[1] + 49 * row[2] + 30 * row[3] + 900 * row[4] + 210 * row[5], 6)
    1.0
    """
    curve = curve_data()[name]
    c = [*curve.coefficients]
    two_sided = curve.form == "Biquadratic"
    cubic_x = 0.0 if two_sided or len(c) < 4 else c[3]
    plain = [*c, 0.0] if two_sided else [*c[:3], 0.0, 0.0, 0.0, 0.0]
    y_limits = curve.y_limits if two_sided and curve.y_limits else (0.0, 1.0)
    row = np.array([*plain, *curve.x_limits, *y_limits, cubic_x])
    if rating is not None:
        x, y = rating
        at = row[0] + row[1] * x + row[2] * x * x + row[3] * y + row[4] * y * y + row[5] * x * y + cubic_x * x**3
        row[[0, 1, 2, 3, 4, 5, 6, 11]] /= at
    return [float(v) for v in row]


_FLAT = [1.0, 0, 0, 0, 0, 0, 0, -1e9, 1e9, -1e9, 1e9, 0.0]
_NO_SPLIT = [0.0, 0, 0, 0, 0, 0, 0, 0.0, 1.0, 0.0, 0.0, 0.0]


@cache
def curves_of(system: str, chiller_type: str, boiler_type: str) -> NDArray[np.float64]:
    """Return the curves of a source system, shape (CURVE_ROWS, CURVE_SIZE), see `kernels_plant`."""
    from sim.surrogate import kernels_machines as k

    out = np.array([_FLAT] * k.CURVE_ROWS)
    out[[k.C_SPLIT, k.H_SPLIT]] = _NO_SPLIT
    data = system_data()
    if system in ("vrf", "split"):
        _room_unit(out, system)
    elif system in ("air_source_heat_pump", "ground_source_heat_pump"):
        pump = data.air_source_heat_pump if system.startswith("air") else data.ground_source_heat_pump
        side = "air" if system.startswith("air") else "water"
        for rows, use, at in (((k.C_CAPACITY, k.C_EIR), "cooling", pump.cooling_rating),
                              ((k.H_CAPACITY, k.H_EIR), "heating", pump.heating_rating)):
            out[rows[0]] = curve_row(f"{side}_{use}_capacity", (at.load_c, at.source_c))
            out[rows[1]] = curve_row(f"{side}_{use}_eir", (at.load_c, at.source_c))
        out[k.C_PART] = out[k.H_PART] = curve_row("heat_pump_eir_plr", (1.0, 0.0))
    else:
        rating = (data.chiller_rating.leaving_c, data.chiller_rating.condenser_c)
        kind = data.chillers[chiller_type]
        absorbs = system == "absorption"
        names = (("double_effect_capacity", "double_effect_fuel", "double_effect_plr") if absorbs else
                 (kind.capacity_curve, kind.eir_curve, kind.plr_curve))
        out[k.C_CAPACITY], out[k.C_EIR] = curve_row(names[0], rating), curve_row(names[1], rating)
        out[k.C_PART] = curve_row(names[2], (1.0, 0.0))
        boiler = data.boilers[boiler_type]
        if not absorbs:
            out[k.H_PART] = curve_row(boiler.curve, None)
            out[k.H_PART, [0, 1, 2, 3, 4, 5, 6, 11]] /= boiler.rating_value
    return out


def _room_unit(out: NDArray[np.float64], system: str) -> None:
    from sim.surrogate import kernels_machines as k

    found = room_unit_curves().vrf if system == "vrf" else room_unit_curves().split
    places = {
        "cooling_capacity": k.C_CAPACITY, "cooling_capacity_low": k.C_CAPACITY_LOW, "cooling_eir": k.C_EIR,
        "cooling_eir_low": k.C_EIR_LOW, "cooling_split": k.C_SPLIT, "cooling_part": k.C_PART,
        "heating_capacity": k.H_CAPACITY, "heating_capacity_low": k.H_CAPACITY_LOW, "heating_eir": k.H_EIR,
        "heating_eir_low": k.H_EIR_LOW, "heating_split": k.H_SPLIT, "heating_part": k.H_PART,
    }
    for name, curve in found.items():
        out[places[name]] = curve.row
    for name in ("cooling_split", "heating_split"):
        if name in found:
            # the kernel tells a split curve by upper limit of y above the lower
            out[places[name], 9:11] = (0.0, 1.0)


def is_system(table: Table, *names: str) -> NDArray[np.bool_]:
    """Return which cases have one of the source systems."""
    return np.isin(table.code("source_system"), [SYSTEM[name] for name in names])


def drives(table: Table, name: str) -> Array:
    """Return whether flow or tower speed varies, 0 or 1: what the design says, always in a high-efficiency plant."""
    return np.maximum(table[name], is_system(table, "high_efficiency_plant"))


def circuits(table: Table, cooling_kw: Array, heating_kw: Array) -> Array:
    """Return the nominal motor power of cold, sink and hot pumps, shape (case, 3) [kW].

    Power = flow x head / (pump x motor efficiency), flow = heat / (4.186 x difference); room units have no pumps.

    Examples
    --------
    350 kW of cooling at 5 K and 300 kPa: 16.7 kg/s, 7.2 kW.
    """
    data = system_data()
    ratio = data.head_ratio
    pumped = ~is_system(table, "vrf", "split")
    water_cooled = is_system(table, "chiller_boiler", "absorption", "high_efficiency_plant", "ground_source_heat_pump")
    boiler = is_system(table, "chiller_boiler", "absorption", "high_efficiency_plant")
    hot_k = np.where(boiler, data.hot_water.boiler.difference_k, data.hot_water.heat_pump.difference_k)
    per_kw = table["pump_head_kpa"] / 1000.0 / _PUMP_EFFICIENCY / WATER_KJ_PER_KG_K
    sink = cooling_kw * (1.0 + 1.0 / table["cooling_cop"]) / 5.0 * np.where(
        is_system(table, "ground_source_heat_pump"), ratio["ground"], ratio["condenser"])
    cold = cooling_kw / data.chilled_water.difference_k
    hot = heating_kw / hot_k * ratio["hot_water"]
    return per_kw[:, None] * np.stack([pumped * cold, water_cooled * sink, pumped * hot], axis=1)


def plant_rows(table: Table, sizes: Mapping[str, Array], swing_k: Array) -> Array:
    """Return the kernel's plant rows, shape (case, PLANT_ROWS).

    Parameters
    ----------
    table : Table
        Designs.
    sizes : dict
        `cooling_capacity`, `heating_capacity`, `pump_motor_power`, `tower_fan_power` [kW].
    swing_k : ndarray (case, 2)
        From `ground.loop_temperatures` [K].
    """
    from sim.surrogate import kernels_machines as k

    rows = np.zeros((table.size, k.PLANT_ROWS))
    rows[:, k.COOL_COP], rows[:, k.COOL_CAPACITY] = table["cooling_cop"], sizes["cooling_capacity"]
    rows[:, k.HEAT_CAPACITY] = sizes["heating_capacity"]
    _kinds(rows, table)
    _waters(rows, table)
    nominal = circuits(table, sizes["cooling_capacity"], sizes["heating_capacity"])
    share = nominal / np.maximum(nominal.sum(1, keepdims=True), 1e-9)
    power = share * sizes["pump_motor_power"][:, None]
    rows[:, k.PUMP_COLD], rows[:, k.PUMP_SINK], rows[:, k.PUMP_HOT] = power.T
    rows[:, k.PUMP_SOURCE] = power[:, 1]
    rows[:, k.FLOW_COLD] = rows[:, k.FLOW_HOT] = 0.1 * drives(table, "variable_flow")
    data = system_data()
    rows[:, k.TOWER_FAN] = sizes["tower_fan_power"]
    rows[:, k.TOWER_SPEED] = data.tower.minimum_air_ratio * drives(table, "tower_variable_speed")
    rows[:, k.FAN_COLD], rows[:, k.FAN_HOT] = terminal_fan_shares(table)
    rows[:, k.GROUND_WARMER], rows[:, k.GROUND_COLDER] = swing_k.T
    return rows


def terminal_fan_shares(table: Table) -> tuple[Array, Array]:
    """Return the electricity of terminal fans per sensible cooling and per heating, over case.

    Examples
    --------
    0.12 W/(m3/h) at rooms of 26 and supply air of 14 degC: 0.12 x 2.98 / 12 = 0.030 of the cooling.
    """
    air = system_data().supply_air_c
    fan = table["terminal_fan_power_w_per_m3_h"] * _AIR_FLOW / 1000.0
    colder, hotter = table["cooling_setpoint_c"] - air.cooling.value, air.heating.value - table["heating_setpoint_c"]
    return fan / colder, fan / hotter


def _kinds(rows: Array, table: Table) -> None:
    from sim.surrogate import kernels_machines as k

    data = system_data()
    boiler = is_system(table, "chiller_boiler", "high_efficiency_plant")
    absorbs = is_system(table, "absorption")
    pumps = is_system(table, "air_source_heat_pump", "ground_source_heat_pump")
    vrf, split = is_system(table, "vrf"), is_system(table, "split")
    chiller = [data.chillers[name] for name in CHOICES["chiller_type"]]
    code = table.code("chiller_type")
    rows[:, k.COOL_KIND] = np.select([pumps, split], [k.HEAT_PUMP, k.ROOM_UNIT], k.CHILLER)
    rows[:, k.HEAT_KIND] = np.select([pumps, vrf | split], [k.HEATING_PUMP, k.ROOM_HEATER], k.BOILER)
    rows[:, k.SINK] = np.select(
        [boiler | absorbs, is_system(table, "ground_source_heat_pump")], [k.TOWER, k.GROUND], k.AIR)
    least = np.array([kind.minimum_part_load for kind in chiller])[code]
    unload = np.array([kind.minimum_unloading for kind in chiller])[code]
    other = np.select([absorbs, vrf, pumps], [data.absorption.minimum_part_load, data.vrf.minimum_part_load,
                                              data.air_source_heat_pump.minimum_part_load], 0.0)
    rows[:, k.COOL_MIN] = np.where(boiler, least, other)
    rows[:, k.COOL_UNLOAD] = np.where(boiler, unload, other)
    rows[:, k.HEAT_MIN] = np.where(vrf | pumps, other, 0.0)
    rows[:, k.HEAT_COP] = np.where(boiler | absorbs, table["boiler_efficiency"], table["heating_cop"])
    rows[:, k.COOL_GAS] = absorbs
    rows[:, k.COOL_AUX] = absorbs * data.absorption.electric_per_cooling.value
    rows[:, k.HEAT_AUX] = absorbs * data.absorption.electric_per_heating.value


def _waters(rows: Array, table: Table) -> None:
    """Set the supply temperatures and their resets."""
    from sim.surrogate import kernels_machines as k

    data = system_data()
    reset = table["supply_temperature_reset"] > 0
    cold = data.chilled_water_reset
    rows[:, k.WATER_LOW] = np.where(reset, cold.at_low_c, data.chilled_water.supply_c)
    rows[:, k.WATER_HIGH] = np.where(reset, cold.at_high_c, data.chilled_water.supply_c)
    rows[:, k.WATER_LOW_OUT], rows[:, k.WATER_HIGH_OUT] = cold.low_outdoor_c, cold.high_outdoor_c
    boiler = is_system(table, "chiller_boiler", "absorption", "high_efficiency_plant")
    for low, high, lo, hi, rule, supply, where in (
        (k.HOT_LOW, k.HOT_HIGH, k.HOT_LOW_OUT, k.HOT_HIGH_OUT, data.hot_water_reset, data.hot_water.boiler, boiler),
        (k.HOT_LOW, k.HOT_HIGH, k.HOT_LOW_OUT, k.HOT_HIGH_OUT, data.heat_pump_water_reset, data.hot_water.heat_pump,
         ~boiler),
    ):
        rows[where, low] = np.where(reset, rule.at_low_c, supply.supply_c)[where]
        rows[where, high] = np.where(reset, rule.at_high_c, supply.supply_c)[where]
        rows[where, lo], rows[where, hi] = rule.low_outdoor_c, rule.high_outdoor_c
    tower = data.condenser_water
    rows[:, k.SINK_SET] = np.where(drives(table, "tower_variable_speed") > 0, 0.0, tower.supply_c)
    rows[:, k.SINK_APPROACH], rows[:, k.SINK_LOW], rows[:, k.SINK_HIGH] = tower.approach_k, tower.low_c, tower.high_c


@dataclass(frozen=True)
class HourWeights:
    """What is asked of the hours of electricity without keeping them.

    Parameters
    ----------
    weights : ndarray (weight, hour)
        Numbers that electricity and PV used at once are multiplied by, a price for instance.
    pv_yield : ndarray (hour,)
        Generation of 1 kW of PV [kW].
    pv_size : ndarray (node,)
        PV sizes [kW].
    pv_peaks : bool
        Whether monthly peaks behind PV are wanted.
    """

    weights: Array
    pv_yield: Array
    pv_size: Array
    pv_peaks: bool = False


NOTHING_ASKED = HourWeights(np.zeros((0, 8760)), np.zeros(8760), np.zeros(0))


@dataclass(frozen=True)
class Energy:
    """What the plant kernel writes, see `kernels_plant.run_plant`: energy [kW h], power [kW], over case."""

    model: Array
    use: Array
    peaks: Array
    weighted: Array
    pv_used: Array
    pv_peak: Array
    electricity: NDArray[np.float32]
    gas: NDArray[np.float32]


@dataclass(frozen=True)
class Correction:
    """What is learnt of the uses: share of the year's (case, 7, 12), and the yearly use from which on [kW h]."""

    share: Array
    least: Array


def energy(
    table: Table, demand: NDArray[np.float32], loads: NDArray[np.int64], factor: Array, sizes: Mapping[str, Array],
    climate: Climate, *, ground: tuple[Array, Array], correction: Correction | None = None, known: Array | None = None,
    asked: HourWeights = NOTHING_ASKED, peaks: bool = True, hourly: bool = False,
) -> Energy:
    """Return energy of the source systems by end use and month, and what the hours decide.

    Parameters
    ----------
    table : Table
        Designs.
    demand : ndarray (load, 3, hour)
        From `network.demand` [W].
    loads : ndarray (case,)
        Row of `demand` of each case; cheapest in rising order.
    factor : ndarray (case, 24)
        Correction of cooling (12 months) and heating (12 months).
    sizes : mapping
        As in `plant_rows`.
    climate : Climate
        Weather.
    ground : tuple of ndarray (case, 12) and (case, 2)
        From `ground.loop_temperatures`.
    correction : Correction, optional
        None corrects nothing.
    known : ndarray (case, day type, 24), optional
        Power of what is no part of the plant [kW].
    asked : HourWeights
        What is asked of the hours.
    peaks, hourly : bool
        Whether monthly peaks, and the hours themselves, are wanted.
    """
    from sim.surrogate import kernels_plant as kernel

    n, nodes, weights = table.size, len(asked.pv_size), len(asked.weights)
    kinds, kind = np.unique(table.keys(_KIND), axis=0, return_inverse=True)
    curves = np.stack([curves_of(*(CHOICES[name][int(code)] for name, code in zip(_KIND, row, strict=True)))
                       for row in kinds])
    months, hours = (n, kernel.USE_ROWS, 12), (n if hourly else 0, climate.sky.shape[1])
    found = Energy(
        model=np.zeros(months), use=np.zeros(months), peaks=np.zeros((n if peaks else 0, 12)),
        weighted=np.zeros((n, weights)), pv_used=np.zeros((n, 1 + weights, nodes)), pv_peak=np.zeros((n, nodes)),
        electricity=np.zeros(hours, dtype=np.float32), gas=np.zeros(hours, dtype=np.float32),
    )
    plan = correction or Correction(np.zeros((n, kernel.USE_ROWS, 12)), np.full(n, np.inf))
    kernel.run_plant(
        demand, loads, plant_rows(table, sizes, ground[1]), curves, kind.reshape(-1).astype(np.int64), factor,
        ground[0], climate.sky[0], climate.wet_bulb,
        np.stack([np.full(n, _ROOM_WET_BULB_C), table["heating_setpoint_c"]], axis=1),
        plan.share, plan.least, np.zeros((n, DAY_TYPES, 24)) if known is None else known,
        day_types(climate.workdays),
        asked.weights, asked.pv_yield, np.tile(asked.pv_size, (n, 1)), asked.pv_peaks,
        found.model, found.use, found.peaks, found.weighted, found.pv_used, found.pv_peak, found.electricity, found.gas,
    )
    return found
