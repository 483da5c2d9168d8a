"""spinecast: prognosis models for people with spinal metastases. Research use only.

Importing the package loads nothing heavy: rooms are imported by the command that needs them.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
