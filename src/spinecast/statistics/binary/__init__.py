"""Predictions of an outcome that is present or not: ranking, accuracy, usefulness, optimism."""
