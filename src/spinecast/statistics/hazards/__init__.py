"""Models of the hazard, fitted exactly: what validation statistics need."""
