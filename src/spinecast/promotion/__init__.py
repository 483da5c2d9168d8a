"""Who a registered version may be called: gates before a model becomes champion, the moves of aliases, their history.

What a gate asks for stands in ``configs/gates.yaml``; what a version has to show is read from the registry. Every move
is in the audit log before and after it is made.
"""
