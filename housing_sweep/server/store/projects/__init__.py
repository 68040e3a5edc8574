"""Rows of projects and of the roles that people have in them."""
