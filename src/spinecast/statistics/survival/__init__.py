"""Censored follow-up described: curves, tests of groups, weights and pseudo-values."""
