"""Ordered levels: proportional odds, their test, and how well predicted probabilities hold."""
