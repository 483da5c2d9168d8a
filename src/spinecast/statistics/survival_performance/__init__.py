"""How good predictions of censored outcomes are: concordance, scores and calibration at a horizon."""
