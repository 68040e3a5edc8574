"""What a server is started with; every path and timeout in one frozen value."""

from dataclasses import dataclass
from pathlib import Path

MAX_BODY_BYTES = 64 * 2**20
"""Largest JSON request accepted: `wandb verify` sends 10 MB, a history line may have 10 MB."""

LOGIN_BYTES = 64 * 2**10
"""Largest JSON request, unpacked, that is read of somebody unknown."""

MOST_BODY_BYTES = 512 * 2**20
"""Memory for all requests that are read or answered at once; others are told to try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """How one server runs.

    Attributes:
        data_dir: folder that holds the database and the blobs; created when missing, mode 0700.
        host: address to bind; anything but loopback exposes the server.
        port: TCP port; 0 takes a free one.
        trials_per_agent: trials one agent may run at once (`--trials-per-agent`).
        crash_after: seconds without a sign of life after which a running run counts as crashed.
            Above the SDK's 30 s heartbeat plus its 60 s retry backoff.
        offer_again_after: seconds until a trial handed out but never started is offered again.
        retries: times that a failed or crashed trial is tried again by itself (`--retries`).
        busy_timeout: seconds that a request waits for the database's lock before "retry later".
        url_lifetime: seconds that a signed upload or download URL is good for.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8080
    trials_per_agent: int = 1
    crash_after: float = 120.0
    offer_again_after: float = 60.0
    retries: int = 0
    busy_timeout: float = 10.0
    url_lifetime: int = 6 * 3600

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "housing-sweep.db"

    @property
    def blobs(self) -> Path:
        """The folder of content-addressed files."""
        return self.data_dir / "blobs"

    @property
    def client_env(self) -> Path:
        """Where `housing-sweep env` finds the owner's URL and key; mode 0600."""
        return self.data_dir / "client.json"
