"""What an alias points at over time: promote moves it, rollback undoes the last move."""

from dataclasses import dataclass, replace

from housing_sweep.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Collection:
    """A registry collection: how many versions it holds and every alias move, oldest first."""

    n_versions: int
    moves: tuple[tuple[str, int], ...] = ()

    def points_at(self, alias: str) -> int | None:
        """Return the version that holds the alias, or None."""
        return next((v for name, v in reversed(self.moves) if name == alias), None)

    def promote(self, alias: str, version: int) -> "Collection":
        """Move the alias to a version; moving it to where it is changes nothing.

        Raises:
            NotFound: there is no such version.
        """
        if not 0 <= version < self.n_versions:
            raise NotFound(f"there is no version v{version}", fix="link it first")
        if self.points_at(alias) == version:
            return self
        return replace(self, moves=(*self.moves, (alias, version)))

    def rollback(self, alias: str) -> "Collection":
        """Undo the last `promote` of `alias`.

        Raises:
            Conflict: the alias has no earlier version.
        """
        at = [i for i, (name, _) in enumerate(self.moves) if name == alias]
        if len(at) < 2:
            raise Conflict(f"{alias!r} has no earlier version", fix="promote one explicitly")
        return replace(self, moves=self.moves[: at[-1]] + self.moves[at[-1] + 1 :])
