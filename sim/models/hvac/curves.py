"""Performance curves: evaluation, and writing them scaled to 1 at the rating point.

A curve that is 1 at the rating point makes the model's reference COP and capacity the rated ones.
"""

from __future__ import annotations

from sim.models.idd import OfficeIDF, add
from sim.models.systems import curve_data


def evaluate(name: str, x: float, y: float = 0.0) -> float:
    """Return the value of a curve inside its limits (outside, of the nearest limit, as the engine does).

    Parameters
    ----------
    name : str
        Name in `sim/data/curves.yaml`.
    x, y : float
        Arguments in the curve's own units.

    Examples
    --------
    >>> round(evaluate("screw_capacity", 7.0, 30.0), 3)
    0.958
    """
    curve = curve_data()[name]
    x = min(max(x, curve.x_limits[0]), curve.x_limits[1])
    c = curve.coefficients
    if curve.form != "Biquadratic":
        return sum(value * x**power for power, value in enumerate(c))
    if curve.y_limits is not None:
        y = min(max(y, curve.y_limits[0]), curve.y_limits[1])
    return c[0] + c[1] * x + c[2] * x * x + c[3] * y + c[4] * y * y + c[5] * x * y


_FIELDS = {
    "Quadratic": ("Coefficient1_Constant", "Coefficient2_x", "Coefficient3_x2"),
    "Cubic": ("Coefficient1_Constant", "Coefficient2_x", "Coefficient3_x2", "Coefficient4_x3"),
    "Biquadratic": ("Coefficient1_Constant", "Coefficient2_x", "Coefficient3_x2", "Coefficient4_y", "Coefficient5_y2",
                    "Coefficient6_xy"),
}


def add_curve(idf: OfficeIDF, name: str, scale: float = 1.0, label: str = "") -> str:
    """Add a curve of the data file, divided by `scale`, and return its name in the model.

    Examples
    --------
    `add_curve(idf, "screw_capacity", evaluate("screw_capacity", 7, 30))` writes a curve that is 1 at 7/30 C.
    """
    curve = curve_data()[name]
    title = label or name.replace("_", " ")
    fields: dict[str, object] = dict(zip(_FIELDS[curve.form], (c / scale for c in curve.coefficients), strict=True))
    fields |= {"Minimum_Value_of_x": curve.x_limits[0], "Maximum_Value_of_x": curve.x_limits[1]}
    if curve.form == "Biquadratic" and curve.y_limits is not None:
        fields |= {"Minimum_Value_of_y": curve.y_limits[0], "Maximum_Value_of_y": curve.y_limits[1]}
    add(idf, f"Curve:{curve.form}", Name=title, **fields)
    return title
