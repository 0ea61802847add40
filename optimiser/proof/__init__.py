"""Proof of a plan: independent check and re-simulation."""
