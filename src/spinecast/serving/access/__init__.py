"""Access: signing in and out, keys of programs, how often somebody may ask, and from where."""
