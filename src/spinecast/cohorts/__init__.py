"""Cohorts: tables of patients that passed the contract, what happened to them, and where they came from.

`spinecast.cohorts.sources.build_cohort` is the way in; a `Cohort` carries its provenance, its attrition and its
fingerprint wherever it goes.
"""
