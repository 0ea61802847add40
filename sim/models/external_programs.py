"""Programs inside a foreign model (`EnergyManagementSystem:*`) that command the power of lamps in watts."""

from __future__ import annotations

import re

from sim.models.idd import OfficeIDF

ASSIGNMENT = re.compile(r"^\s*SET\s+(\w+)\s*=\s*(.*?)\s*$", re.IGNORECASE)
LAMP_READINGS = ("lights electricity rate", "lights electricity energy")
PROGRAMS = ("ENERGYMANAGEMENTSYSTEM:PROGRAM", "ENERGYMANAGEMENTSYSTEM:SUBROUTINE")


def _actuators(idf: OfficeIDF) -> set[str]:
    return {str(entry.Name).lower() for entry in idf.idfobjects["ENERGYMANAGEMENTSYSTEM:ACTUATOR"]
            if str(entry.Actuated_Component_Type).lower() == "lights"}


def _sensors(idf: OfficeIDF) -> set[str]:
    return {str(entry.Name).lower() for entry in idf.idfobjects["ENERGYMANAGEMENTSYSTEM:SENSOR"]
            if str(entry.OutputVariable_or_OutputMeter_Name).lower().endswith(LAMP_READINGS)}


def _line(line: str, actuators: set[str], sensors: set[str], factor: float) -> str:
    """Rewrite one line: readings are given back as of the old lamps, commands go out as to the new ones."""
    assignment = ASSIGNMENT.match(line)
    target = assignment.group(1) if assignment else ""
    text = assignment.group(2) if assignment else line

    def of_old_lamps(word: re.Match[str]) -> str:
        return f"({word[0]}/{factor:.6f})" if word[0].lower() in sensors else word[0]

    text = re.sub(r"[A-Za-z_]\w*", of_old_lamps, text)
    if target.lower() in actuators and text.lower() != "null":
        text = f"{factor:.6f}*({text})"
    return f"SET {target} = {text}" if assignment else text


def scale_lamp_programs(idf: OfficeIDF, factor: float) -> int:
    """Let the programs that command lamps command lamps of another power.

    A program goes on thinking of the old lamps: what it reads of lighting power is divided by the factor, what it
    commands is multiplied by it. So its thresholds, in watts, switch at the same moments as before.

    Parameters
    ----------
    idf : OfficeIDF
        The model, changed in place.
    factor : float
        New over old lighting power, above 0.

    Returns
    -------
    int
        Number of programs changed; those that command no lamps stay.

    Examples
    --------
    At a factor of 0.5, `SET hall = 200` becomes `SET hall = 0.500000*(200)` where `hall` commands lamps.
    """
    actuators, sensors = _actuators(idf), _sensors(idf)
    changed = 0
    for kind in PROGRAMS:
        for program in idf.idfobjects[kind]:
            lines = [str(line) for line in program.obj[2:]]
            targets = {found.group(1).lower() for found in map(ASSIGNMENT.match, lines) if found}
            if targets & actuators:
                program.obj[2:] = [_line(line, actuators, sensors, factor) for line in lines]
                changed += 1
    return changed
