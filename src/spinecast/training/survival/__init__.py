"""Training of studies that predict a time: the same splits, search and rules, on curves."""
