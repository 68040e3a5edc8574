"""Runs on the wire: their start, history, files and who may touch them."""
