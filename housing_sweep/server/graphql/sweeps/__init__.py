"""Sweeps on the wire: specs, agents, the queue of trials that others chose."""
