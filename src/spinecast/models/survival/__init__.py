"""Times to an event: learners whose answer is a curve, and the one model whose curve is served at every horizon."""
