"""Opens the door: click commands that parse, call and show. One file per command group.

May import everything of ours, inside the command that needs it, so that `--help` and `server`
start without wandb. Start reading at `main.py`.
"""
