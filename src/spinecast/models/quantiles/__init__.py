"""Models of a measured quantity: its quantiles in each patient, and the chance of passing a threshold."""
