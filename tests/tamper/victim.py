"""Commands of `housing-sweep`, one after another in one process: importing the SDK costs 2 s."""

import contextlib
import io
import traceback
from collections.abc import Sequence
from typing import Any


def run_commands(commands: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Run command lines; return code, out and err of each. A traceback is its err, its code -1."""
    from housing_sweep.cli.main import cli, run

    answers = []
    for command in commands:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = run(cli, list(command))
            except SystemExit as leaving:
                code = leaving.code if isinstance(leaving.code, int) else 1
            except BaseException:  # noqa: BLE001  what a user would see as a traceback
                code = -1
                traceback.print_exc()
        answers.append({"code": code, "out": out.getvalue(), "err": err.getvalue()})
    return answers
