"""How many patients a development or a validation needs."""
