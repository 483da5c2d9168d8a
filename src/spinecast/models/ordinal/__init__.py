"""Models of an ordered outcome: the log-odds of reaching each of its levels."""
