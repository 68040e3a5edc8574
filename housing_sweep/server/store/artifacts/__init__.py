"""Rows of artifacts: versions, collections, memberships, files, uploads."""
