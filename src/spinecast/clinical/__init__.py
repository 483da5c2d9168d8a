"""Clinical knowledge: the variable dictionary with its units, ranges, levels and codes.

Knows nothing of machine learning, files or HTTP. Everything that names a variable (the cohort contract, reports,
explanations, forms) reads it from here and restates nothing.
"""
