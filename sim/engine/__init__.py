"""The engine: one run, many runs, the store."""
