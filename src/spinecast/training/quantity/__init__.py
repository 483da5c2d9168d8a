"""Training of studies that predict a measured quantity: the same splits, search and rules, on quantiles."""
