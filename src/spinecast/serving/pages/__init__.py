"""The clinician's pages: rendered on the server, working without a script, loading nothing from anywhere else."""
