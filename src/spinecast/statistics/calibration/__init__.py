"""Whether predicted risks of a binary outcome agree with what is observed."""
