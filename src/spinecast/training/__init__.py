"""The study: configuration in, registered model out; tuning, resampling, resume.

Nothing is imported here, so that reading a study file loads none of the libraries that fit models.
"""
