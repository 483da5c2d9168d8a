"""What shows in time that a model no longer fits those it is used on: other inputs, another level of risk."""
