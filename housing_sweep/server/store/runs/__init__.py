"""Rows of runs: history, values, files, and queries over them."""
