"""Explanation: why a model says what it says, in dictionary variables, adding up to what is served."""
