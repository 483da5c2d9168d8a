"""Published results as data, and what they amount to together: meta-analysis of what the literature prints.

A table (`reading`) holds one result a row (`results`), as printed and with what is known to be wrong beside it. Some
are chosen (`selection`) and pooled (`pooling`); what a review prints about its own table is computed again (`printed`).
Knows numbers and published tables; no patients, no cohorts, no models of ours.
"""

from __future__ import annotations
