"""Put an alias back to the version that the last promotion displaced."""

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.ports import Promotions, Registry
from housing_sweep.registry.alias_history import ROLLBACK, Move, back_from
from housing_sweep.registry.promotion import Version, rollback_record
from housing_sweep.registry.references import SweepRef, Target


def rollback(
    registry: Registry,
    promotions: Promotions,
    alias: str,
    reason: str,
    to_version: str = "",
    *,
    dry_run: bool = False,
) -> tuple[Version, Version]:
    """Move an alias back and record it; return (the version that lost it, the one that has it).

    Args:
        registry: holds the alias.
        promotions: the record of its moves.
        alias: its name.
        reason: why, for the record.
        to_version: such as v3; default what the last promotion displaced.
        dry_run: change nothing.

    Raises:
        NotFound: nothing holds the alias, or the version is gone.
        Conflict: there is no earlier version, or the alias was moved by other means.
    """
    target, home = Target(alias), registry.home
    holder = registry.champion(home, target)
    if holder is None:
        raise NotFound(f"nothing holds {target}", fix="promote a version first")
    moves = promotions.moves(home, target)
    unfinished = _unfinished(moves, holder)
    name = to_version or (
        holder.version if unfinished else back_from(alias, holder.name, moves).rpartition(":")[2]
    )
    version = registry.version(home, target.path, name)
    if version is None:
        raise NotFound(
            f"{target.path}:{name} is not there any more",
            fix="name another version with --to-version",
        )
    if dry_run or (version.name == holder.name and unfinished is None):
        return holder, version
    record = rollback_record(target, version, holder.name, promotions.who, reason)
    ref, run_id = home, None
    if unfinished is not None:  # the alias has moved: complete its record
        entity, project, run_id = unfinished.record.split("/")
        ref = SweepRef(entity, project, home.id)
        record["displaced"] = unfinished.displaced
    with promotions.write(ref, target, run_id, record) as run:
        run.uses(version.source)
        run.wait_for_turn()
        registry.move_alias(home, target, version)
        run.applied({"promoted": version.name})
    return holder, version


def _unfinished(moves: list[Move], holder: Version) -> Move | None:
    """Return a rollback that moved the alias to its holder, but died before it said so."""
    newest = moves[-1] if moves else None
    if newest is None or newest.kind != ROLLBACK or newest.applied:
        return None
    return newest if newest.artifact_id == holder.source_id else None
