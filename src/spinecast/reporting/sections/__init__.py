"""The sections of a report, each drawn from the run record alone."""
