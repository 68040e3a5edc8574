"""The soak in short: kills, a full disk and garbage, and every acknowledged line is there once."""

import subprocess
import sys

import pytest

from tests.support.local_server import PATIENCE, ROOT

pytestmark = pytest.mark.slow


def test_what_was_acknowledged_outlives_kills_and_a_full_disk() -> None:
    options = ["--minutes", "0.5", "--kill-every", "6", "--pace", "2", "--beat", "1.5"]
    crowd = ["--agents", "4", "--writers", "12", "--readers", "1"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "benchmarks" / "soak.py"), *options, *crowd],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert sum(line.startswith(("ok ", "BAD ")) for line in lines) >= 8, done.stdout + done.stderr
    bad = [line for line in lines if line.startswith("BAD ")]
    assert bad == [], done.stdout
