"""Surrogates of the engine: thermal network, part-load plant, and Gaussian processes on what they miss."""

from sim.surrogate.surrogate import Surrogate

__all__ = ["Surrogate"]
