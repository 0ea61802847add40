"""What is asked for on the command line reaches the engine."""

import pytest

from scripts import __main__ as command
from scripts import simulate as stage
from scripts.context import Options


@pytest.mark.parametrize(("words", "kept"), [([], False), (["--keep-raw"], True)])
def test_keeping_raw_output_is_asked_of_every_run(monkeypatch, tmp_path, words, kept):
    """Through the real parser: the options of the stage, then the call of `sim.simulate` made from them."""
    asked = {}
    monkeypatch.setattr(command, "_run_stage", lambda *given, **options: asked.update(options))
    command.app(["simulate", "study.yaml", "--out", str(tmp_path), *words], standalone_mode=False)
    assert asked["keep_raw"] is kept
    called = {}
    monkeypatch.setattr(stage, "simulate", lambda cases, **options: called.update(options))
    stage.run_cases(_Context(Options(keep_raw=asked["keep_raw"])), [])
    assert called["keep_raw"] is kept


class _Context:
    """As much of a context as running cases asks for."""

    weather = calendar = store = None

    def __init__(self, options):
        self.options = options
        self.study = type("Study", (), {"simulation": _Block()})()

    def count_runs(self, found):
        """Count nothing."""


class _Block:
    settings = cluster = None
    timeout_s = 60.0
