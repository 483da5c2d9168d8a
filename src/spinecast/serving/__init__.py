"""Serving: registered models answer over HTTP, and nothing is answered that is not recorded first."""
