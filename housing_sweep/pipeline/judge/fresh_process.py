"""Judge models in a fresh process, which holds no API key and may be killed.

A model file is a pickle: loading it runs whatever it says. Only files whose SHA-256 was verified
come this far; the child reads the file once, hashes what it read, and loads exactly that.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from housing_sweep.errors import HousingSweepError

TIMEOUT_SECONDS = 1800.0
SECRETS = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")


class ChildFailed(HousingSweepError):
    """The child said why it cannot do what was asked, or died."""


def run_in_fresh_process(
    command: str, request: Mapping[str, object], code: Path | None = None
) -> dict[str, object]:
    """Run one command of `pipeline.child` in a new process and return its answer.

    Args:
        command: its name.
        request: what it needs.
        code: folder with the package to run; default the one running now.

    Raises:
        ChildFailed: naming what it said last.
    """
    with tempfile.TemporaryDirectory() as scratch:
        question, answer = Path(scratch) / "request.json", Path(scratch) / "answer.json"
        question.write_text(json.dumps(dict(request)))
        env = {name: value for name, value in os.environ.items() if name not in SECRETS}
        env |= {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        if code is not None:
            env["PYTHONPATH"] = str(code)
        module = "housing_sweep.pipeline.child"
        try:
            done = subprocess.run(
                [sys.executable, "-m", module, command, str(question), str(answer)],
                env=env,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
                check=False,
                cwd=code,
            )
        except subprocess.TimeoutExpired:
            raise ChildFailed(f"{command} took longer than {TIMEOUT_SECONDS:g} s") from None
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            last = lines[-1] if lines else f"exit code {done.returncode}"
            raise ChildFailed(last.removeprefix("error: "))
        result: dict[str, object] = json.loads(answer.read_text())
        return result
