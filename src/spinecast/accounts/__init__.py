"""Accounts: who may come in, by what proof, for how long, and what each role may do."""
