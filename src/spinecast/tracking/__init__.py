"""Tracking: the one door to MLflow. Runs, cohort datasets, model versions and their aliases.

MLflow's telemetry is on by default and is decided once, while MLflow is imported. Whichever module of this room
imports a part of MLflow first, the door has switched the telemetry off before.
"""

import os


def switch_telemetry_off() -> None:
    """Tell MLflow, in the two variables it reads, to send nothing; whatever the user's shell says."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"


switch_telemetry_off()
