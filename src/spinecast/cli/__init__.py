"""The command line: one thin function a command; everything else is imported by the command that needs it."""

from spinecast.cli.app import main

__all__ = ["main"]
