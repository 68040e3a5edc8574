"""The adapters: the only files that import wandb; its errors become ours here, with the fix.

`backend.py` is the whole: `WandbBackend.connect()`. `connection.py`: one login, and how to ask.
Over it stands one small class per port, and none inherits from another: `run_queries`,
`artifacts`, `registry_versions`, `promotions`, `sweep_queries`, `sweep_report`, `stored_models`,
`run_records`, `lineage_reader`. `tracking.py` and `stopping.py`: what a trial's own run writes and
hears. `sdk_errors.py`: errors by class and status. May import: `ports`, `values`.
"""
