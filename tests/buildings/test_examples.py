"""Every example in the room's docstrings gives the number it shows."""

import doctest
import importlib
import pkgutil

import pytest

import buildings

MODULES = [name for _, name, _ in pkgutil.walk_packages(buildings.__path__, "buildings.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
