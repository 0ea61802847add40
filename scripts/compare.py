"""Command `compare`: scenarios of one or more output folders side by side on one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import netcdf
from optimiser.report import Material, write_comparison
from scripts.outcome import Outcome
from vocabulary import Fault, InputError


def compare_folders(folders: Sequence[Path], out: Path, outcome: Outcome) -> None:
    """Write the comparison of finished studies.

    Raises
    ------
    InputError
        If a folder holds no portfolio, more than eight are given, or they hold one scenario only.
    """
    files = {folder: folder / "portfolio.nc" for folder in folders}
    faults = [
        Fault(str(folder), "portfolio.nc", "no such file", "the output folder of a finished study")
        for folder, file in files.items() if not file.is_file()
    ]
    if not 1 <= len(files) <= 8:
        faults.append(Fault("compare", "folders", str(len(files)), "one to eight different folders"))
    if faults:
        raise InputError(faults)
    materials = {
        str(folder): Material(netcdf.read_dataset(file), netcdf.read_dataset(file, "inputs"), title=folder.name)
        for folder, file in files.items()
    }
    write_comparison(out, materials)
    outcome.lines.append(f"Comparison of {len(materials)} portfolios: {out}")
