"""The mixed-integer model: columns, one file per constraint family, objective, bounds, solve."""
