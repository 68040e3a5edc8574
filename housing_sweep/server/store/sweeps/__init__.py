"""Rows of sweeps, their trials, agents and bands."""
