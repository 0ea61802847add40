import pytest


def pytest_collection_modifyitems(items):
    """Whatever lives in tests/benchmarks measures wall-clock time: run by `make bench` only."""
    for item in items:
        if "benchmarks" in item.path.parts:
            item.add_marker(pytest.mark.benchmark)
            item.add_marker(pytest.mark.long)
