"""The calendar: known days of 2025, and refusals."""

import datetime as dt

import pytest
from pydantic import ValidationError

from sim.calendar import Calendar, Holiday, load_calendar
from vocabulary import InputError


def test_2025_as_published():
    calendar = load_calendar("cn_2025")
    assert calendar.start_weekday == "Wednesday"
    assert calendar.workdays.sum() == 248  # State Council notice: 365 days, 117 off
    day = {text: bool(calendar.workdays[dt.date.fromisoformat(text).timetuple().tm_yday - 1]) for text in (
        "2025-01-01", "2025-01-26", "2025-01-28", "2025-02-04", "2025-02-05", "2025-02-08", "2025-09-28",
        "2025-10-08", "2025-10-09", "2025-10-11", "2025-12-31")}
    assert day == {"2025-01-01": False, "2025-01-26": True, "2025-01-28": False, "2025-02-04": False,
                   "2025-02-05": True, "2025-02-08": True, "2025-09-28": True, "2025-10-08": False,
                   "2025-10-09": True, "2025-10-11": True, "2025-12-31": True}


def test_workdays_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        load_calendar().workdays[0] = True


def test_unknown_calendar_names_the_nearest():
    with pytest.raises(InputError, match="cn_2025"):
        load_calendar("cn_2052")


@pytest.mark.parametrize(("changes", "word"), [
    ({"year": 2024}, "leap"),
    ({"make_up_days": ["2026-01-01"]}, "outside"),
    ({"make_up_days": ["2025-05-01"]}, "inside a holiday"),
    ({"holidays": [Holiday(name="x", first=dt.date(2025, 5, 3), last=dt.date(2025, 5, 1))]}, "ends before"),
    ({"holydays": []}, "holydays"),
])
def test_bad_calendars_are_refused(changes, word):
    good = {"year": 2025, "holidays": [Holiday(name="May", first=dt.date(2025, 5, 1), last=dt.date(2025, 5, 1))],
            "make_up_days": [], "source": "test"}
    with pytest.raises(ValidationError, match=word):
        Calendar(**{**good, **changes})
