"""Training of studies that predict ordered levels: the same splits, search and rules, on cumulative log-odds."""
