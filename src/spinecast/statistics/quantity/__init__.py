"""Predicted quantiles against measured values."""
