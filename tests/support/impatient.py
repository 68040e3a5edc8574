"""The real server, but for timeouts that a test can wait for."""

import time
from pathlib import Path

from tests.support.local_server import PATIENCE, LocalServer

SERVE = """
import sys
from pathlib import Path
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.serve import serve

def announce(url, key):
    print(f"export WANDB_BASE_URL={url}\\nexport WANDB_API_KEY={key}", flush=True)

serve(ServerConfig(data_dir=Path(sys.argv[1]), port=int(sys.argv[2]),
                   crash_after=float(sys.argv[3]), busy_timeout=float(sys.argv[4])), announce)
"""


class ImpatientServer(LocalServer):
    """A server that takes a run for crashed after `crash_after` seconds of silence.

    A request waits for the database's lock for `busy_timeout` seconds.
    """

    def __init__(
        self, folder: Path, crash_after: float = 120.0, busy_timeout: float = 10.0
    ) -> None:
        super().__init__(folder)
        self.timeouts = (str(crash_after), str(busy_timeout))

    def command(self, port: int) -> list[str]:
        """Return the command line that starts it."""
        return [self.python, "-c", SERVE, str(self.data_dir), str(port), *self.timeouts]

    def __enter__(self) -> "ImpatientServer":
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def state(self, project: str, run: str) -> str | None:
        """Return a run's state, asked without the SDK."""
        query = "query Q($p: String!, $r: String!) {project(name: $p) {run(name: $r) {state}}}"
        status, answer = self.graphql(query, p=project, r=run)
        assert status == 200, answer
        found = answer["data"]["project"]
        return found["run"]["state"] if found and found["run"] else None

    def wait_for_state(self, path: str, wanted: str, seconds: float = PATIENCE) -> None:
        """Wait until a run (`project/run`) is in a state."""
        project, run = path.split("/")
        deadline = time.monotonic() + seconds
        while (state := self.state(project, run)) != wanted:
            assert time.monotonic() < deadline, f"{path} is {state}, not {wanted}"
            time.sleep(0.1)
