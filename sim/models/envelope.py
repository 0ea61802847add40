"""Constructions and surfaces: walls, windows, roof, floors, ground contact, thermal mass."""

from __future__ import annotations

import math
from functools import cache

from pydantic import Field

from buildings.design import Design
from datafile import Frozen
from sim.models.datafile import load
from sim.models.geometry import Facade, Plan, PlanZone, Polygon, Storey, Wall, area
from sim.models.idd import OfficeIDF, add

LARGEST_WINDOW_HEIGHT = 0.99
"""Of the wall's height: the engine wants a window to lie inside its wall."""


class Material(Frozen):
    """One layer (frozen)."""

    thickness_m: float = Field(gt=0)
    conductivity_w_per_mk: float = Field(gt=0)
    density_kg_per_m3: float = Field(gt=0)
    specific_heat_j_per_kgk: float = Field(gt=0)

    @property
    def resistance_m2k_per_w(self) -> float:
        """Thermal resistance of the layer."""
        return self.thickness_m / self.conductivity_w_per_mk


class Insulation(Frozen):
    """Insulation, whose thickness follows from the U-value (frozen)."""

    conductivity_w_per_mk: float
    density_kg_per_m3: float
    specific_heat_j_per_kgk: float


class OuterLayers(Frozen):
    """Layers of a wall or roof from outside to inside (frozen)."""

    layers: tuple[str, ...]
    mass_layer: str
    film_resistance_m2k_per_w: float


class InnerLayers(Frozen):
    """Layers of a floor or partition (frozen)."""

    layers: tuple[str, ...]


class Ground(Frozen):
    """Soil and slab edge for ISO 13370 (frozen)."""

    soil_conductivity_w_per_mk: float
    wall_thickness_m: float
    film_resistance_m2k_per_w: float


class ConstructionData(Frozen):
    """The data file `sim/data/constructions.yaml` (frozen, unknown keys refused)."""

    source: str
    materials: dict[str, Material]
    insulation: Insulation
    wall: OuterLayers
    roof: OuterLayers
    storey_floor: InnerLayers
    partition_wall: InnerLayers
    interior_mass_m2_per_m2: float
    solar_absorptance: dict[str, float]
    window_width_fraction: float = Field(gt=0.95, le=1)
    ground: Ground


@cache
def construction_data() -> ConstructionData:
    """Return the validated data file.

    Raises
    ------
    InputError
        If the file breaks a rule.
    """
    return load("constructions.yaml", ConstructionData)


def layer_properties(u_value_w_per_m2k: float, outer: OuterLayers) -> list[tuple[str, Material]]:
    """Return the layers that give a U-value, films included.

    Parameters
    ----------
    u_value_w_per_m2k : float
        Wanted U-value.
    outer : OuterLayers
        Layers from outside to inside; `insulation` is as thick as it must be, or left out.

    Examples
    --------
    A wall of 2.0 W/m2K needs 4 mm of insulation on 240 mm of brick: its layers' resistance is 0.35 m2K/W.
    """
    data = construction_data()
    wanted = 1.0 / u_value_w_per_m2k - outer.film_resistance_m2k_per_w
    solid = {name: data.materials[name] for name in outer.layers if name != "insulation"}
    missing = wanted - sum(m.resistance_m2k_per_w for m in solid.values())
    found = []
    for name in outer.layers:
        if name == "insulation":
            if missing > 0.01:
                soft = data.insulation
                found.append((name, Material(thickness_m=missing * soft.conductivity_w_per_mk, **soft.model_dump())))
            continue
        material = solid[name]
        if name == outer.mass_layer and missing <= 0.01:
            conductivity = material.thickness_m / max(material.resistance_m2k_per_w + missing, 0.02)
            material = material.model_copy(update={"conductivity_w_per_mk": conductivity})
        found.append((name, material))
    return found


def ground_u_value(design: Design, plan: Plan) -> float:
    """Return the U-value of the slab on ground between indoor air and outdoor air, W/m2K.

    U = 2 k / (pi B + d) ln(pi B / d + 1) for d < B, else k / (0.457 B + d); B = area over half the perimeter,
    d = wall thickness + k (slab resistance + films).

    Source: ISO 13370:2017, clause 7.

    Examples
    --------
    50 m x 18 m, slab of 0.3 m2K/W, soil of 1.5 W/mK: B = 13.2 m, d = 1.07 m, U = 0.26 W/m2K.
    """
    data = construction_data().ground
    k = data.soil_conductivity_w_per_mk
    b = sum(zone.area_m2 for zone in plan.zones) / (plan.perimeter_m / 2)
    d = data.wall_thickness_m + k * (design.ground_floor_resistance_m2k_per_w + data.film_resistance_m2k_per_w)
    if d < b:
        return 2 * k / (math.pi * b + d) * math.log(math.pi * b / d + 1)
    return k / (0.457 * b + d)


def _add_layers(idf: OfficeIDF, construction: str, layers: list[tuple[str, Material]], absorptance: float) -> None:
    names = []
    for name, material in layers:
        names.append(f"{construction} {name}")
        add(idf, "Material", Name=names[-1], Roughness="MediumRough", Thickness=material.thickness_m,
            Conductivity=material.conductivity_w_per_mk, Density=material.density_kg_per_m3,
            Specific_Heat=material.specific_heat_j_per_kgk, Solar_Absorptance=absorptance)
    fields = {("Outside_Layer" if i == 0 else f"Layer_{i + 1}"): name for i, name in enumerate(names)}
    add(idf, "Construction", Name=construction, **fields)


def add_constructions(idf: OfficeIDF, design: Design, plan: Plan) -> None:
    """Add all materials and constructions of a design."""
    data = construction_data()
    absorb = data.solar_absorptance
    _add_layers(idf, "wall", layer_properties(design.wall_u_value_w_per_m2k, data.wall), absorb["wall"])
    _add_layers(idf, "roof", layer_properties(design.roof_u_value_w_per_m2k, data.roof), absorb["roof"])
    for name, inner in (("storey", data.storey_floor), ("partition", data.partition_wall)):
        layers = [(f"{i} {layer}", data.materials[layer]) for i, layer in enumerate(inner.layers)]
        _add_layers(idf, name, layers, 0.7)
        _add_layers(idf, f"{name} reversed", layers[::-1], 0.7)
    add(idf, "WindowMaterial:SimpleGlazingSystem", Name="glazing", UFactor=design.window_u_value_w_per_m2k,
        Solar_Heat_Gain_Coefficient=design.window_shgc)
    add(idf, "Construction", Name="window", Outside_Layer="glazing")
    storey_m2 = sum(zone.area_m2 for zone in plan.zones)
    add(idf, "Construction:FfactorGroundFloor", Name="ground slab", Area=storey_m2,
        FFactor=ground_u_value(design, plan) * storey_m2 / plan.perimeter_m, PerimeterExposed=plan.perimeter_m)


def _add_polygon(idf: OfficeIDF, kind: str, points: list[tuple[float, float, float]], **fields: object) -> None:
    label = "Vertex_{number}_{axis}coordinate" if kind.startswith("Fen") else "Vertex_{axis}coordinate_{number}"
    vertices: dict[str, object] = {}
    for number, point in enumerate(points, 1):
        for axis, value in zip("XYZ", point, strict=True):
            vertices[label.format(number=number, axis=axis)] = round(float(value), 5)
    add(idf, kind, Number_of_Vertices=len(points), **fields, **vertices)


def _add_horizontal(idf: OfficeIDF, zone: str, number: int, polygon: Polygon, z_m: float, **fields: str) -> None:
    floor = fields["Surface_Type"] == "Floor"
    points = [(x, y, z_m) for x, y in (polygon[::-1] if floor else polygon)]
    _add_polygon(idf, "BuildingSurface:Detailed", points, Name=f"{zone} {fields['Surface_Type']} {number}".lower(),
                 Zone_Name=zone, **fields)


def _upright(wall: Wall, low_m: float, high_m: float, inset: float = 0.0) -> list[tuple[float, float, float]]:
    """Return the corners of an upright rectangle, seen from outside counter-clockwise from the lower left."""
    (x0, y0), (x1, y1) = wall.start, wall.end
    ax, ay = x0 + inset * (x1 - x0), y0 + inset * (y1 - y0)
    bx, by = x1 - inset * (x1 - x0), y1 - inset * (y1 - y0)
    return [(ax, ay, low_m), (bx, by, low_m), (bx, by, high_m), (ax, ay, high_m)]


def _window_ratio(design: Design, facade: Facade) -> float:
    return float(getattr(design, f"window_to_wall_ratio_{facade}"))


def _add_wall(idf: OfficeIDF, design: Design, zone: str, number: int, wall: Wall, z_m: float) -> None:
    name, height = f"{zone} wall {number}", design.storey_height_m
    _add_polygon(idf, "BuildingSurface:Detailed", _upright(wall, z_m, z_m + height), Name=name, Surface_Type="Wall",
                 Construction_Name="wall", Zone_Name=zone, Outside_Boundary_Condition="Outdoors",
                 Sun_Exposure="SunExposed", Wind_Exposure="WindExposed")
    ratio = _window_ratio(design, wall.facade)
    if ratio == 0.0:
        return
    width = construction_data().window_width_fraction
    glass = min(ratio / width, LARGEST_WINDOW_HEIGHT) * height
    sill = z_m + (height - glass) / 2
    _add_polygon(idf, "FenestrationSurface:Detailed", _upright(wall, sill, sill + glass, (1 - width) / 2),
                 Name=f"{name} window", Surface_Type="Window", Construction_Name="window",
                 Building_Surface_Name=name)
    if design.shading_projection_factor > 0 and wall.facade != "north":
        add(idf, "Shading:Overhang:Projection", Name=f"{name} overhang", Window_or_Door_Name=f"{name} window",
            Height_above_Window_or_Door=0.0, Left_extension_from_WindowDoor_Width=0.0,
            Right_extension_from_WindowDoor_Width=0.0,
            Depth_as_Fraction_of_WindowDoor_Height=design.shading_projection_factor)


def _add_partition(idf: OfficeIDF, names: tuple[str, str], number: int, wall: Wall, z_m: float, high_m: float) -> None:
    """Add a partition between two zones: one surface on each side."""
    points = _upright(wall, z_m, high_m)
    for side, other, corners, construction in (
        (names[1], names[0], points, "partition"),
        (names[0], names[1], points[::-1], "partition reversed"),
    ):
        _add_polygon(idf, "BuildingSurface:Detailed", corners, Name=f"{side} to {other} {number}",
                     Surface_Type="Wall", Construction_Name=construction, Zone_Name=side,
                     Outside_Boundary_Condition="Surface",
                     Outside_Boundary_Condition_Object=f"{other} to {side} {number}",
                     Sun_Exposure="NoSun", Wind_Exposure="NoWind")


def _add_floors_and_ceilings(idf: OfficeIDF, design: Design, zone: str, plan_zone: PlanZone, storey: Storey) -> None:
    for number, polygon in enumerate(plan_zone.floors, 1):
        if storey.on_ground:
            below = {"Construction_Name": "ground slab", "Outside_Boundary_Condition": "GroundFCfactorMethod"}
        else:
            below = {"Construction_Name": "storey", "Outside_Boundary_Condition": "Adiabatic"}
        _add_horizontal(idf, zone, number, polygon, storey.z_m, Surface_Type="Floor", Sun_Exposure="NoSun",
                        Wind_Exposure="NoWind", **below)
        top = storey.z_m + design.storey_height_m
        if storey.under_roof:
            _add_horizontal(idf, zone, number, polygon, top, Surface_Type="Roof", Construction_Name="roof",
                            Outside_Boundary_Condition="Outdoors", Sun_Exposure="SunExposed",
                            Wind_Exposure="WindExposed")
        else:
            _add_horizontal(idf, zone, number, polygon, top, Surface_Type="Ceiling",
                            Construction_Name="storey reversed", Outside_Boundary_Condition="Adiabatic",
                            Sun_Exposure="NoSun", Wind_Exposure="NoWind")


def add_zone(idf: OfficeIDF, design: Design, plan: Plan, plan_zone: PlanZone, storey: Storey) -> None:
    """Add one thermal zone with its surfaces, windows, overhangs and interior mass."""
    zone = f"{storey.name} {plan_zone.name}"
    add(idf, "Zone", Name=zone, Multiplier=storey.multiplier, Ceiling_Height=design.storey_height_m,
        Volume=plan_zone.area_m2 * design.storey_height_m, Floor_Area=plan_zone.area_m2)
    _add_floors_and_ceilings(idf, design, zone, plan_zone, storey)
    for number, wall in enumerate(plan_zone.walls, 1):
        _add_wall(idf, design, zone, number, wall, storey.z_m)
    for number, wall in enumerate(plan_zone.partitions, 1):
        _add_partition(idf, (zone, f"{storey.name} {plan.inner}"), number, wall, storey.z_m,
                       storey.z_m + design.storey_height_m)
    add(idf, "InternalMass", Name=f"{zone} mass", Construction_Name="partition", Zone_or_ZoneList_Name=zone,
        Surface_Area=plan_zone.area_m2 * construction_data().interior_mass_m2_per_m2)


def envelope_areas(design: Design, plan: Plan) -> dict[str, float]:
    """Return window, opaque outside wall, roof and conditioned floor area of the whole building, m2.

    Examples
    --------
    A rectangle of 900 m2, 3 storeys of 3.6 m, window share 0.4 on all sides: a facade of 1 469 m2 has 588 m2 of
    windows.
    """
    windows = walls = 0.0
    largest = LARGEST_WINDOW_HEIGHT * construction_data().window_width_fraction
    for zone in plan.zones:
        for wall in zone.walls:
            facade = wall.length_m * design.storey_height_m * design.storeys
            windows += facade * min(_window_ratio(design, wall.facade), largest)
            walls += facade
    storey_m2 = sum(area(polygon) for zone in plan.zones for polygon in zone.floors)
    conditioned = sum(zone.area_m2 for zone in plan.zones if zone.conditioned) * design.storeys
    return {"window_area": windows, "wall_area": walls - windows, "roof_area": storey_m2,
            "conditioned_area": conditioned}
