"""Promote a sweep's best run: `python scripts/finalize.py ENTITY/PROJECT/ID --alias staging`.

The same command as `housing-sweep promote`; `--help` lists the options.
"""

import sys

from housing_sweep.cli.main import run
from housing_sweep.cli.model import promote

if __name__ == "__main__":
    sys.exit(run(promote))
