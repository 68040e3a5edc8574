"""Python processes that begin with wandb, pandas and scikit-learn imported: forks of one parent.

Most tests of the real SDK start processes, and a process spent most of its time on imports (2 to
3 s of CPU). `commands.folder()` is a folder for the front of PATH with commands `python`, `wandb`
and `housing-sweep`: each is a process that lends its name, its signals, its exit code and its
standard streams to a fork of a parent that imported everything (`parent.py`). A fork has its own
environment, working folder, arguments and `__main__`, and no thread and no wandb-core of anybody
else. What would not be the same is started cold, as the installed command: other flags of Python,
other variables that are read before or at an import, other open files than the three streams.

Always cold, so that imports, entry points and signals are proved where nothing is imported:
`tests/test_architecture.py` (what may be missing), `tests/cli/test_server.py` (a server that
refuses), `tests/pipeline/judge/test_fresh_process.py`, `tests/test_same_bits.py`, the real data in
`tests/tabular/test_fit.py`, the killed ones of `tests/sdk/test_resume.py` and
`tests/sdk/test_sweep_complaints.py`, the memory in `tests/sdk/test_large_file.py`, and
`tests/sdk/test_cold_start.py`.
"""
