"""Synthetic cohorts: made-up patients drawn from recipes of published numbers, with their true risks kept beside.

A recipe (YAML, `spinecast.cohorts.synthetic.recipe`) states the marginals of dictionary variables, how they go
together, what raises which hazard or odds, what gets lost, how sites differ and how the years drift. The generator
draws patients from it in chunks of fixed size, so that memory is bounded and patient i is the same however many are
asked for. Everything made from a recipe says SYNTHETIC and carries the recipe's hash.
"""
