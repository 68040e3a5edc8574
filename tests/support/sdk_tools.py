"""Helpers for the Python code that tests run in another process: put it in front of that code."""

TOOLS = """
import json, pathlib, sys, time, wandb
def log(run, name, text, kind="model", **more):
    made = wandb.Artifact(name, kind, **more)
    with made.new_file("f.txt") as file:
        file.write(text)
    return run.log_artifact(made).wait()
def tries(what):
    began = time.monotonic()
    try:
        told = what()
        return [f"done: {told}", time.monotonic() - began]
    except Exception as error:
        return [f"{type(error).__name__}: {error}", time.monotonic() - began]
"""
