"""One result from several studies."""
