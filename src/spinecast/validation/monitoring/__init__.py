"""After deployment: outcomes come back, predictions meet them, and what has changed since the development shows."""
