"""The output folder of a study: whose it is, what each file was made from, and its log."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

import netcdf
from scripts.study import Study, study_text
from vocabulary import Fault, InputError

LOG = logging.getLogger("retrofolio")
ROOMS = ("retrofolio", "weather", "buildings", "sim", "optimiser")


def digest(value: object) -> str:
    """Return a digest of anything that JSON can say.

    Examples
    --------
    >>> digest({"a": 1}) == digest({"a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: Path | None) -> str:
    """Return the digest of a file's bytes, or an empty text where there is no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path and path.is_file() else ""


@dataclass(frozen=True)
class Workspace:
    """One output folder."""

    folder: Path

    def path(self, name: str) -> Path:
        """Return the path of a file of the folder."""
        return self.folder / name

    def claim(self, study: Study) -> None:
        """Make the folder this study's own and write `study.yaml`.

        Raises
        ------
        InputError
            If the folder belongs to a study of another name, or cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            owner = self._owner()
            if owner and owner != study.name:
                raise InputError([
                    Fault(str(self.folder), "study.yaml: name", repr(owner), f"{study.name!r}, or another --out folder")
                ])
            text = study_text(study)
            temporary = self.path(f".study.{os.getpid()}.yaml")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(self.path("study.yaml"))
        except OSError as error:
            raise InputError([
                Fault(str(self.folder), "--out", error.strerror or str(error), "a folder that can be written")
            ]) from error

    def _owner(self) -> str:
        path = self.path("study.yaml")
        if not path.is_file():
            return ""
        try:
            given = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):
            return "unreadable study.yaml"
        return str(given.get("name", "")) if isinstance(given, dict) else "unreadable study.yaml"

    def made_from(self, name: str) -> dict[str, str] | None:
        """Return what a file of the folder says it was made from, or None where it is absent or says nothing."""
        path = self.path(name)
        if not path.is_file():
            return None
        try:
            return dict(json.loads(str(netcdf.read_attributes(path).get("made_from", "{}"))))
        except (InputError, ValueError):
            return None

    def is_current(self, name: str, wanted: Mapping[str, str]) -> bool:
        """Tell whether a file was made from exactly these inputs; says in the log which keys changed."""
        found = self.made_from(name)
        if found is None:
            return False
        changed = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
        if changed:
            LOG.info("%s is made anew: changed %s", name, ", ".join(changed))
        return not changed

    def start_log(self) -> None:
        """Write what happens to `log.txt` as well."""
        handler = logging.FileHandler(self.path("log.txt"), encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        for room in ROOMS:
            logging.getLogger(room).addHandler(handler)
            logging.getLogger(room).setLevel(logging.INFO)
