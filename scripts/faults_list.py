"""The faults that `scripts/bench faults` tries: what breaks, and the test that must notice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to be broken: replace `old` by `new` in `file`; `tests` must notice."""

    name: str
    file: str
    old: str
    new: str
    tests: str


_S = "housing_sweep/server/"
_RUNS = "tests/server/test_sdk_runs.py"
_ART = "tests/server/test_sdk_artifacts.py"
_EVERYTHING = f"{_RUNS}::test_everything_a_run_logs_comes_back_in_another_process"
_FILTERS = f"{_RUNS}::test_filters_and_orders_do_what_they_say"
_DEDUPE = f"{_ART}::test_versions_dedupe_by_content_and_aliases_move"
_LINKS = f"{_ART}::test_lineage_and_links_tell_where_a_model_comes_from"

FAULTS = [
    Fault(
        "no history rows",
        _S + "store/history.py",
        'f"SELECT content FROM history WHERE {bounds} ORDER BY {order}",',
        'f"SELECT content FROM history WHERE 0 AND {bounds} ORDER BY {order}",',
        _EVERYTHING,
    ),
    Fault(
        "last history line of a chunk dropped",
        _S + "store/history.py",
        "[(run_id, offset + i, step_of(line), storable(line)) for i, line in enumerate(lines)],",
        "[(run_id, offset + i, step_of(x), storable(x)) for i, x in enumerate(lines[:-1])],",
        _EVERYTHING,
    ),
    Fault(
        "order ignored",
        _S + "store/run_query.py",
        "order = run_filters.parse_order(order_text)",
        "order = run_filters.parse_order(None)",
        _FILTERS,
    ),
    Fault(
        "one filter operator ignored",
        _S + "store/run_filters.py",
        'COMPARISONS = {"$eq": "=", "$lt": "<",',
        'COMPARISONS = {"$eq": "=", "$lt": "<>",',
        _FILTERS,
    ),
    Fault(
        "second page equal to the first",
        _S + "store/run_query.py",
        "for place in _places(order, after):",
        "for place in _places(order, None):",
        _FILTERS,
    ),
    Fault(
        "alias not moved",
        _S + "store/collections.py",
        '" DO UPDATE SET membership_id = excluded.membership_id",',
        '" DO NOTHING",',
        _DEDUPE,
    ),
    Fault(
        "dedupe by digest off",
        _S + "graphql/artifacts.py",
        'elif input.get("enableDigestDeduplication", True):',
        "elif False:",
        _DEDUPE,
    ),
    Fault(
        "a deleted version is still listed",
        _S + "store/artifacts.py",
        'db.execute("DELETE FROM memberships WHERE artifact_id = ?", (artifact.id,))',
        'db.execute("DELETE FROM memberships WHERE 0 AND artifact_id = ?", (artifact.id,))',
        f"{_ART}::test_versions_are_edited_and_deleted_by_the_rules",
    ),
    Fault(
        "used_by empty",
        _S + "store/artifacts.py",
        '" WHERE u.artifact_id = ? ORDER BY r.id",',
        '" WHERE 0 AND u.artifact_id = ? ORDER BY r.id",',
        _LINKS,
    ),
    Fault(
        "console lines and run files 404",
        _S + "store/files.py",
        '" AND (:pattern IS NULL OR name LIKE :pattern) ORDER BY name LIMIT :limit",',
        '" AND 0 AND (:pattern IS NULL OR name LIKE :pattern) ORDER BY name LIMIT :limit",',
        _EVERYTHING,
    ),
    Fault(
        "run state never leaves running",
        _S + "store/runs.py",
        'state = "finished"',
        'state = "running"',
        _EVERYTHING,
    ),
    Fault(
        "any key accepted",
        _S + "http.py",
        "user=people.user_by_key(db, key) if key else None,",
        "user=people.user_by_id(db, people.UserId(1)),",
        f"{_RUNS}::test_a_wrong_key_is_refused_at_once",
    ),
    Fault(
        "signed URLs accepted whatever they say",
        _S + "signing.py",
        'raise PermissionDenied("this URL is not signed by this server") from None',
        'return {"allows": "get", "artifact": "1", "name": "a/b.txt"}',
        f"{_ART}::test_a_signed_url_is_good_for_its_file_only",
    ),
    Fault(
        "a grid that ends one early",
        "housing_sweep/search/grid.py",
        "    return total\n",
        "    return total - 1\n",
        "tests/search/test_grid.py",
    ),
]
"""Every one is a lie a careless server could tell."""
