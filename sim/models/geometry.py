"""Plan shapes and thermal zones: polygons of one storey, perimeter zones by orientation, core and service zone.

Plan coordinates in metres, x to the east and y to the north before the building is turned. All polygons run
counter-clockwise seen from above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import Field
from scipy.optimize import brentq

from buildings.design import Design
from datafile import Frozen
from sim.models.datafile import load

Point = tuple[float, float]
Polygon = tuple[Point, ...]
Facade = Literal["north", "east", "south", "west"]
FACADES: tuple[Facade, ...] = ("south", "east", "north", "west")


class ZoningData(Frozen):
    """The data file `sim/data/zoning.yaml` (frozen, unknown keys refused)."""

    perimeter_depth_m: float = Field(gt=0)
    largest_perimeter_depth_m: float = Field(gt=0)
    smallest_service_fraction: float = Field(ge=0, lt=1)
    smallest_core_fraction: float = Field(ge=0, lt=1)
    wing_over_short_side: dict[str, float]


@cache
def zoning_data() -> ZoningData:
    """Return the validated data file.

    Raises
    ------
    InputError
        If the file breaks a rule.
    """
    return load("zoning.yaml", ZoningData)


def area(polygon: Polygon) -> float:
    """Return the area of a polygon in m2 (shoelace formula; positive when counter-clockwise).

    Examples
    --------
    >>> area(((0, 0), (4, 0), (4, 3), (0, 3)))
    12.0
    """
    pairs = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs) / 2


def outward(start: Point, end: Point) -> Facade:
    """Return the facade that an edge of a counter-clockwise outline belongs to.

    Examples
    --------
    >>> outward((0, 0), (4, 0))
    'south'
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    if abs(dx) > abs(dy):
        return "south" if dx > 0 else "north"
    return "east" if dy > 0 else "west"


def inset(polygon: Polygon, depth_m: float) -> Polygon:
    """Move every edge of a right-angled polygon inwards by a depth, keeping the corners' order.

    Parameters
    ----------
    polygon : polygon
        Counter-clockwise for an outline; a clockwise one (a courtyard's rim seen from the building) moves outwards.
    depth_m : float
        Depth in m.

    Examples
    --------
    >>> inset(((0, 0), (10, 0), (10, 8), (0, 8)), 2)
    ((2.0, 2.0), (8.0, 2.0), (8.0, 6.0), (2.0, 6.0))
    """
    moved = []
    count = len(polygon)
    for i, (x, y) in enumerate(polygon):
        before, after = polygon[i - 1], polygon[(i + 1) % count]
        normals = [_inward(before, (x, y)), _inward((x, y), after)]
        moved.append((float(x + depth_m * sum(n[0] for n in normals)),
                      float(y + depth_m * sum(n[1] for n in normals))))
    return tuple(moved)


def _inward(start: Point, end: Point) -> Point:
    length = math.dist(start, end)
    return -(end[1] - start[1]) / length, (end[0] - start[0]) / length


def _l_shape(a: float, b: float, w: float) -> Polygon:
    return ((0, 0), (a, 0), (a, w), (w, w), (w, b), (0, b))


def _u_shape(a: float, b: float, w: float) -> Polygon:
    return ((0, 0), (a, 0), (a, b), (a - w, b), (a - w, w), (w, w), (w, b), (0, b))


def _rectangle(a: float, b: float) -> Polygon:
    return ((0, 0), (a, 0), (a, b), (0, b))


def _outlines(shape: str, a: float, b: float) -> tuple[Polygon, ...]:
    """Return the outlines of a shape in its bounding rectangle a x b: the outer one, then a courtyard's rim."""
    wing = zoning_data().wing_over_short_side.get(shape, 1.0) * b
    if shape == "l":
        return (_l_shape(a, b, wing),)
    if shape == "u":
        return (_u_shape(a, b, wing),)
    if shape == "courtyard":
        rim = _rectangle(a - 2 * wing, b - 2 * wing)
        return _rectangle(a, b), tuple((x + wing, y + wing) for x, y in reversed(rim))
    return (_rectangle(a, b),)


def outlines(design: Design) -> tuple[Polygon, ...]:
    """Return the outlines of one storey: the outer one and, for a courtyard, its rim (clockwise).

    The bounding rectangle has the design's aspect ratio and is scaled so that the area is the storey's.

    Examples
    --------
    A rectangle of 900 m2 with aspect ratio 4 has the corners (0, 0), (60, 0), (60, 15), (0, 15).
    """
    unit = _outlines(design.plan_shape, design.aspect_ratio, 1.0)
    scale = math.sqrt(design.floor_area_m2 / design.storeys / sum(area(p) for p in unit))
    return tuple(tuple((x * scale, y * scale) for x, y in polygon) for polygon in unit)


@dataclass(frozen=True)
class Wall:
    """One straight outside wall of a zone on plan, or a partition to the zone behind it."""

    start: Point
    end: Point
    facade: Facade

    @property
    def length_m(self) -> float:
        """Length on plan."""
        return math.dist(self.start, self.end)


@dataclass(frozen=True)
class PlanZone:
    """One thermal zone on plan: floor polygons, outside walls, partitions to the inner zone behind."""

    name: str
    conditioned: bool
    floors: tuple[Polygon, ...]
    walls: tuple[Wall, ...] = ()
    partitions: tuple[Wall, ...] = ()

    @property
    def area_m2(self) -> float:
        """Floor area of one storey."""
        return sum(area(polygon) for polygon in self.floors)


@dataclass(frozen=True)
class Plan:
    """The zones of one storey; the zone that the partitions lead to is named `inner`."""

    zones: tuple[PlanZone, ...]
    inner: str
    depth_m: float
    perimeter_m: float


def _inner_area(shape: tuple[Polygon, ...], depth_m: float) -> float:
    return sum(area(inset(polygon, depth_m)) for polygon in shape)


def _largest_depth(shape: tuple[Polygon, ...]) -> float:
    """Return the depth at which the inner area vanishes (half the width of a wing)."""
    edges = [math.dist(p[i], p[i - 1]) for p in shape for i in range(len(p))]
    high = min(edges) / 2 if len(shape) == 1 else (shape[1][0][0] - shape[0][0][0]) / 2
    return 0.98 * high


def _depth_for(shape: tuple[Polygon, ...], inner_m2: float) -> float:
    """Return the perimeter depth that leaves the wanted inner area (or the largest depth)."""
    high = _largest_depth(shape)
    if _inner_area(shape, high) >= inner_m2:
        return high
    return float(brentq(lambda depth: _inner_area(shape, depth) - inner_m2, 0.0, high))


def service_fraction(design: Design) -> float:
    """Return the unconditioned share of each storey; a share below the data file's smallest counts as none."""
    share = 1.0 - design.conditioned_fraction
    return share if share >= zoning_data().smallest_service_fraction else 0.0


def perimeter_depth(design: Design) -> float:
    """Return the depth of the perimeter zones in m.

    Without service zone: 4.57 m (ASHRAE 90.1 appendix G), less in narrow plans. With one: rooms lie along the
    facade and reach to the corridor, so the depth follows from the service area, up to the data file's largest.
    """
    data, shape, share = zoning_data(), outlines(design), service_fraction(design)
    total = sum(area(polygon) for polygon in shape)
    if share == 0.0:
        return min(data.perimeter_depth_m, 0.6 * _largest_depth(shape))
    depth = _depth_for(shape, share * total)
    spare = _inner_area(shape, data.largest_perimeter_depth_m) / total - share
    deep = depth > data.largest_perimeter_depth_m and spare > data.smallest_core_fraction
    return data.largest_perimeter_depth_m if deep else depth


def _perimeter_zones(shape: tuple[Polygon, ...], depth_m: float) -> list[PlanZone]:
    """Return one zone per orientation, whatever the number of its facades."""
    strips: dict[Facade, list[tuple[Polygon, Wall, Wall]]] = {facade: [] for facade in FACADES}
    for outline in shape:
        inner = inset(outline, depth_m)
        for i, start in enumerate(outline):
            j = (i + 1) % len(outline)
            facade = outward(start, outline[j])
            strip = (start, outline[j], inner[j], inner[i])
            strips[facade].append((strip, Wall(start, outline[j], facade), Wall(inner[i], inner[j], facade)))
    return [
        PlanZone(facade, True, tuple(s[0] for s in found), tuple(s[1] for s in found), tuple(s[2] for s in found))
        for facade, found in strips.items()
    ]


def _core_floors(shape: tuple[Polygon, ...], depth_m: float) -> tuple[Polygon, ...]:
    inner = [inset(polygon, depth_m) for polygon in shape]
    if len(inner) == 1:
        return (inner[0],)
    outer, rim = inner[0], tuple(reversed(inner[1]))
    rim = tuple(sorted(rim, key=lambda p: [math.dist(p, q) for q in outer].index(min(math.dist(p, q) for q in outer))))
    return tuple((outer[i], outer[(i + 1) % 4], rim[(i + 1) % 4], rim[i]) for i in range(4))


def _scaled(polygon: Polygon, factor: float) -> Polygon:
    """Shrink a polygon about its first corner to a share of its area."""
    (x0, y0), root = polygon[0], math.sqrt(factor)
    return tuple((x0 + root * (x - x0), y0 + root * (y - y0)) for x, y in polygon)


def _service_beside_core(floors: tuple[Polygon, ...]) -> PlanZone:
    """Return a service zone that shares two sides of a square block of its area with the core."""
    x, y = floors[0][0]
    length = 2 * math.sqrt(sum(area(polygon) for polygon in floors))
    return PlanZone("service", False, floors, (), (Wall((x, y), (x + length, y), "south"),))


def zone_plan(design: Design) -> Plan:
    """Return the thermal zones of one storey.

    Parameters
    ----------
    design : Design
        Uses floor area, storeys, plan shape, aspect ratio and conditioned fraction.

    Returns
    -------
    Plan
        Perimeter zones by orientation and an inner zone. Fully conditioned: the inner zone is a conditioned core.
        Else it is the unconditioned service zone (corridor, stairs, lavatories); where the plan is deeper than
        rooms reach, a conditioned core of its own stands beside it.

    Examples
    --------
    A rectangle 50 m x 18 m, fully conditioned: 4 perimeter zones 4.57 m deep and a core of 361.9 m2.
    """
    shape, depth, share = outlines(design), perimeter_depth(design), service_fraction(design)
    total = sum(area(polygon) for polygon in shape)
    zones = _perimeter_zones(shape, depth)
    floors = _core_floors(shape, depth)
    inner_m2 = sum(area(polygon) for polygon in floors)
    rest = 1.0 - share * total / inner_m2
    if share == 0.0:
        zones.append(PlanZone("core", True, floors))
        inner = "core"
    elif rest <= 1e-6:
        zones.append(PlanZone("service", False, floors))
        inner = "service"
    else:
        zones.append(PlanZone("core", True, tuple(_scaled(p, rest) for p in floors)))
        zones.append(_service_beside_core(tuple(_scaled(p, 1.0 - rest) for p in floors)))
        inner = "core"
    perimeter = sum(math.dist(p[i], p[i - 1]) for p in shape for i in range(len(p)))
    return Plan(tuple(zones), inner, depth, perimeter)


@dataclass(frozen=True)
class Storey:
    """One modelled storey: how many real ones it stands for, and where it begins."""

    name: str
    multiplier: int
    z_m: float
    on_ground: bool
    under_roof: bool


def modelled_storeys(design: Design) -> tuple[Storey, ...]:
    """Return the storeys that are modelled: ground, middle (multiplied) and top.

    Examples
    --------
    Six storeys of 3.6 m become ground (x 1, 0 m), middle (x 4, at 9 m) and top (x 1, at 18 m).
    """
    height, count = design.storey_height_m, design.storeys
    if count == 1:
        return (Storey("ground", 1, 0.0, True, True),)
    ends = (Storey("ground", 1, 0.0, True, False), Storey("top", 1, (count - 1) * height, False, True))
    if count == 2:
        return ends
    middle = Storey("middle", count - 2, height * (count - 1) / 2, False, False)
    return ends[0], middle, ends[1]
