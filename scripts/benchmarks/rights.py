"""The walk through the schema as a table: fields by how they are decided, and what each was given.

    scripts/bench rights

Seven people, from an admin to a stranger, ask every field that returns an object, from everything
that can be named on (`tests/support/schema_walk.py`), and every mutation. Prints Markdown; exits
with the number of wrong answers.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from graphql import get_named_type

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from housing_sweep.errors import NotFound, NotSupported, PermissionDenied  # noqa: E402
from housing_sweep.server.graphql import decisions  # noqa: E402
from tests.server.graphql import test_decisions as walks  # noqa: E402
from tests.server.graphql import test_who_may_change as changes  # noqa: E402
from tests.support.inprocess import House, shared_api  # noqa: E402
from tests.support.shared_world import World, make_world  # noqa: E402


def main() -> int:
    """Walk, print, and return how many answers were wrong."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="rights-") as folder:
        house = House(Path(folder))
        world = make_world(house)
        show_fields()
        wrong = show_walk(world) + show_changes(world)
        house.close()
    return min(wrong, 100)


def show_fields() -> None:
    """Print how many fields that return an object are decided how."""
    kinds: Counter[str] = Counter()
    for kind, name in walks.object_fields(shared_api().schema):
        target = get_named_type(kind.fields[name].type)
        how = decisions.decision_of(target.name)
        kinds[f"{how}, by name" if (kind.name, name) in decisions.NAMED else how] += 1
    print("| fields that return an object | |\n|---|---|")
    for how, number in sorted(kinds.items()):
        print(f"| {how} | {number} |")


def show_walk(world: World) -> int:
    """Print what each was given of each kind of object."""
    walk, table = walks.walk_of(world), walks.expected(world)
    seen = {who: walk.run(who) for who in walks.PEOPLE}
    print(f"\n| objects given | {' | '.join(walks.PEOPLE)} |\n|---|{'---|' * len(walks.PEOPLE)}")
    for kind in sorted({name.partition(":")[0] for name in table}):
        print(f"| {kind} | {' | '.join(str(len(seen[who].of(kind))) for who in seen)} |")
    wrong = [
        (name, who)
        for name in table
        for who in walks.PEOPLE
        if (name in seen[who].open) != (who in table[name])
    ]
    questions = len(table) * len(walks.PEOPLE)
    print(f"\n{questions} questions of who sees what, {len(wrong)} wrong answers {wrong}")
    return len(wrong)


def show_changes(world: World) -> int:
    """Print how many mutations were answered as they should be."""
    wrong, number = [], 0
    for question in changes.questions(world):
        for who in changes.EVERYBODY:
            with changes.taken_back(world):
                error = changes.attempt(world, who, question)
            may = not isinstance(error, NotFound | PermissionDenied | NotSupported)
            number += 1
            if may != (who in question.may):
                wrong.append((question.mutation, who))
    print(f"{number} questions of who may change what, {len(wrong)} wrong answers {wrong}")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
