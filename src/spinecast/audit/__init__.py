"""The audit log: what was served, to whom, from which model, in an order that cannot be changed unseen.

`spinecast.audit` knows records, hashes and databases. It knows no model and no HTTP: what a record says is made by
those who serve.
"""
