import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.engine.record import CorruptRecordError, ForeignRecordError, Record, decode, encode

texts = st.text(max_size=60)
numbers = st.floats(allow_nan=False, allow_infinity=False)
records = st.builds(
    Record, run_key=texts, engine_version=texts, failure_class=st.sampled_from(["", "fatal", "timeout"]),
    failure_message=texts, run_seconds=numbers, timeout_s=numbers, severe=st.lists(texts, max_size=3).map(tuple),
    warning_count=st.integers(0, 10**6),
    results=st.dictionaries(texts, st.one_of(numbers, st.lists(numbers, max_size=12), st.none()), max_size=4),
)


@given(records)
def test_round_trip(record):
    assert decode(encode(record)) == record


@given(arrays(np.float32, (2, 8760), elements=st.floats(0, 1e6, width=32), fill=st.just(0.5)))
def test_hourly_values_come_back_to_the_last_bit(hourly):
    names = ("electricity_hourly", "natural_gas_hourly")
    content = encode(Record("k", "v", hourly_names=names, hourly=hourly))
    assert decode(content).hourly is None
    np.testing.assert_array_equal(decode(content, hourly=True).hourly, hourly)


@given(records, st.data())
def test_any_changed_byte_is_noticed(record, data):
    content = bytearray(encode(record))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((CorruptRecordError, ForeignRecordError)):
        decode(bytes(content))


@given(records, st.data())
def test_any_cut_is_noticed(record, data):
    content = encode(record)
    with pytest.raises((CorruptRecordError, ForeignRecordError)):
        decode(content[:data.draw(st.integers(0, len(content) - 1))])


def test_ordinary_year_takes_less_than_100_kb():
    random = np.random.default_rng(1)  # noise does not compress: a real year takes less
    hourly = random.uniform(5, 200, (2, 8760)).astype(np.float32)
    results = {"energy_use": random.uniform(0, 1e5, (2, 10, 12)).tolist()}
    names = ("electricity_hourly", "natural_gas_hourly")
    assert len(encode(Record("k", "v", results=results, hourly_names=names, hourly=hourly))) < 100_000
