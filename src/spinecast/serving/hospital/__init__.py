"""The hospital's own record system: CDS Hooks 3.0 and FHIR R4."""
