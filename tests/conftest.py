import netCDF4
import pytest

CANNOT_RUN = "check_invalid_same_named_dimension_across_groups"
STRICT = 1  # what the command line makes of `--criteria=strict`


def pytest_collection_modifyitems(items):
    """Whatever lives in tests/benchmarks measures wall-clock time: run by `make bench` only."""
    for item in items:
        if "benchmarks" in item.path.parts:
            item.add_marker(pytest.mark.benchmark)
            item.add_marker(pytest.mark.long)


def _messages(result):
    passed = result.value in (True, None) or (isinstance(result.value, tuple) and result.value[0] == result.value[1])
    own = [] if passed else [f"{result.name}: {result.msgs}"]
    return own + [message for child in result.children or [] for message in _messages(child)]


def _cf_findings(path, skipped=None):
    """What cf:1.11 strict says of a file: failed checks, exceptions inside the checker, exit code.

    One check is left out for files with two or more groups at the top, and only there; see
    `tests/test_netcdf_compliance.py`, which fails when a release of the checker no longer needs this.
    """
    from compliance_checker.runner import CheckSuite

    if skipped is None:
        with netCDF4.Dataset(path) as file:
            skipped = [CANNOT_RUN] if len(file.groups) > 1 else []
    CheckSuite.load_all_available_checkers()
    suite = CheckSuite()
    dataset = suite.load_dataset(str(path))
    results, errors = suite.run_all(dataset, ["cf:1.11"], skip_checks=skipped)["cf:1.11"]
    dataset.close()
    failed = [message for result in results for message in _messages(result)]
    return failed, sorted(errors), 2 if errors else 0 if suite.passtree(results, STRICT) else 1


@pytest.fixture(scope="session")
def cf_findings():
    return _cf_findings
