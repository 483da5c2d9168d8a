"""Models: the algorithms a study compares, and the one model it ends in."""
