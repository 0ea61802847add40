from pathlib import Path

import pytest

from sim.engine import errfile

DATA = Path(__file__).parents[2] / "data" / "engine"


def read(name):
    return errfile.parse((DATA / name).read_text())


def test_completed_run_with_warnings():
    report = read("completed.err")
    assert report.completed
    assert report.version == "25.2.0-cf7368216c"
    assert (report.fatal, report.severe, report.warning_count) == ("", (), 2)


def test_refused_model():
    report = read("refused.err")
    assert not report.completed
    assert report.fatal == "GetSurfaceData: Errors discovered, program terminates."
    assert report.severe == (
        "GetConstructData: Construction = NO SUCH MATERIAL Name = NO SUCH MATERIAL, item not found.",
        "Nominal U is zero, for construction=BROKEN",
    )


def test_engine_counts_agree_with_ours():
    text = (DATA / "refused.err").read_text()
    said = text.rsplit("Terminated--Fatal Error Detected. ", 1)[1]
    report = read("refused.err")
    assert said.startswith(f"{report.warning_count} Warning; {len(report.severe)} Severe")


@pytest.mark.parametrize("length", [0, 40, 200, 700])
def test_cut_file_is_neither_completed_nor_a_crash_of_ours(length):
    report = errfile.parse((DATA / "refused.err").read_text()[:length])
    assert not report.completed
    assert report.fatal == ""


def test_missing_file(tmp_path):
    assert not errfile.read(tmp_path).completed


def test_recurring_severe_is_listed_once():
    line = "   ** Severe  ** Plant loop exceeding maximum\n   **   ~~~   **   Environment=X\n"
    assert errfile.parse(line * 5).severe == ("Plant loop exceeding maximum Environment=X",)
