"""Tracking: the one door to MLflow. Runs, cohort datasets, model versions and their aliases."""
