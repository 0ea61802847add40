"""ExpandObjects: `HVACTemplate:*` objects to real plant."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sim.models.idd import idd_folder
from vocabulary import RetrofolioError

EXPAND_SECONDS = 60


class ExpandError(RetrofolioError):
    """ExpandObjects refused a model."""

    exit_code = 1


@cache
def _program() -> Path:
    spec = find_spec("pyenergyplus")
    if spec is None or spec.origin is None:
        raise ExpandError("the package pyenergyplus-lbnl is not installed")
    name = "ExpandObjects.exe" if sys.platform == "win32" else "ExpandObjects"
    return Path(spec.origin).parent.parent / name


def expand(text: str) -> str:
    """Expand the templates of a model.

    Parameters
    ----------
    text : str
        IDF with `HVACTemplate:*` objects.

    Returns
    -------
    str
        IDF with real plant; the used templates stand in it as comments.

    Raises
    ------
    ExpandError
        If ExpandObjects reports an error; the message holds its own words.
    """
    with tempfile.TemporaryDirectory(prefix="expand-") as name:
        folder = Path(name)
        folder.joinpath("in.idf").write_text(text, encoding="utf-8")
        idd = idd_folder() / "Energy+.idd"
        try:
            os.symlink(idd, folder / "Energy+.idd")
        except OSError:  # Windows without the right to make links
            shutil.copyfile(idd, folder / "Energy+.idd")
        done = subprocess.run([str(_program())], cwd=folder, capture_output=True, text=True, timeout=EXPAND_SECONDS,
                              check=False)
        expanded, errors = folder / "expanded.idf", folder / "expandedidf.err"
        said = errors.read_text(encoding="utf-8", errors="replace") if errors.exists() else ""
        if done.returncode != 0 or not expanded.exists():
            raise ExpandError(f"ExpandObjects: {said.strip() or done.stdout[-500:]}")
        text = expanded.read_text(encoding="utf-8", errors="replace")
    messages = [line for line in text.splitlines() if line.startswith("Output:PreprocessorMessage")]
    if messages:
        raise ExpandError("ExpandObjects: " + "; ".join(dict.fromkeys(messages)))
    return text
