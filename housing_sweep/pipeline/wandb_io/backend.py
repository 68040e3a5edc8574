"""Whatever answers at one address, as the parts that `ports` asks for. Start reading here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from housing_sweep.pipeline import ports
from housing_sweep.pipeline.wandb_io.artifacts import WandbArtifacts
from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.pipeline.wandb_io.lineage_reader import WandbLineage
from housing_sweep.pipeline.wandb_io.promotions import WandbPromotions
from housing_sweep.pipeline.wandb_io.registry_versions import WandbRegistry
from housing_sweep.pipeline.wandb_io.run_queries import WandbRuns, WandbSweeps
from housing_sweep.pipeline.wandb_io.run_records import WandbRunRecords
from housing_sweep.pipeline.wandb_io.stored_models import WandbStoredModels
from housing_sweep.pipeline.wandb_io.sweep_queries import WandbSweepDesk
from housing_sweep.pipeline.wandb_io.sweep_report import WandbSweepReports


@dataclass(frozen=True, slots=True)
class WandbBackend:
    """One login and what can be asked and written through it; no part knows another address."""

    connection: Connection
    sweeps: WandbSweeps
    runs: WandbRuns
    artifacts: WandbArtifacts
    registry: WandbRegistry
    promotions: WandbPromotions
    desk: WandbSweepDesk
    stored_models: WandbStoredModels
    reports: WandbSweepReports
    records: WandbRunRecords
    lineage: WandbLineage

    @classmethod
    def connect(
        cls, url: str | None = None, key: str | None = None, entity: str | None = None
    ) -> Self:
        """Log in; what is not given comes from the environment and `wandb login`.

        Args:
            url: of the backend.
            key: an API key for it.
            entity: meant where none is named; it chooses the registry.

        Raises:
            BadInput: no API key; an address of another backend without a key for it.
            NotLoggedIn: the backend does not know the key.
            Unavailable: nothing answers there.
        """
        return cls.over(Connection.open(url, key, entity))

    @classmethod
    def over(cls, connection: Connection) -> Self:
        """Return every part over one connection."""
        sweeps, runs = WandbSweeps(connection), WandbRuns(connection)
        registry = WandbRegistry(connection)
        return cls(
            connection=connection,
            sweeps=sweeps,
            runs=runs,
            artifacts=WandbArtifacts(connection),
            registry=registry,
            promotions=WandbPromotions(connection),
            desk=WandbSweepDesk(connection, sweeps),
            stored_models=WandbStoredModels(connection),
            reports=WandbSweepReports(connection, registry),
            records=WandbRunRecords(connection, runs),
            lineage=WandbLineage(connection, sweeps),
        )


if TYPE_CHECKING:
    _backend: ports.Backend = WandbBackend.connect()
    _desk: ports.SweepDesk = WandbBackend.connect().desk
    _models: ports.StoredModels = WandbBackend.connect().stored_models
    _reports: ports.SweepReports = WandbBackend.connect().reports
    _records: ports.RunRecords = WandbBackend.connect().records
    _lineage: ports.Lineage = WandbBackend.connect().lineage
