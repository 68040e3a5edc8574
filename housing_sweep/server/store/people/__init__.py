"""Rows of users, entities, members and keys."""
