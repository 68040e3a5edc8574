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
_RUNS = "tests/sdk/test_runs.py"
_ART = "tests/sdk/test_artifacts.py"
_FEATURES = "tests/sdk/test_run_features.py"
_STREAM = "tests/server/edge/test_filestream.py"
_EVERYTHING = f"{_RUNS}::test_everything_a_run_logs_comes_back_in_another_process"
_FILTERS = f"{_RUNS}::test_filters_and_orders_do_what_they_say"
_SUMMARIES = f"{_FEATURES}::test_summary_rules_nan_and_every_way_to_read_a_history"
_DEDUPE = f"{_ART}::test_versions_dedupe_by_content_and_aliases_move"
_LINKS = f"{_ART}::test_lineage_and_links_tell_where_a_model_comes_from"
_DIGESTS = "tests/sdk/test_digests.py"
_SHARED = (
    "tests/sdk/test_portfolios.py::"
    "test_processes_that_share_a_version_make_one_and_the_next_round_another"
)
_LIARS = "tests/tamper/test_liars.py"
_WALK = "tests/server/graphql/test_decisions.py"
_CHANGES = "tests/server/graphql/test_who_may_change.py"
_RIGHTS = "tests/server/services/test_rights.py"
_TEAMS = "tests/server/graphql/people/test_teams.py"
_USERS = "tests/server/graphql/people/test_users.py"
_SESSION = "tests/server/web/test_session.py"
_RUN_BYTES = "tests/server/edge/test_run_file_bytes.py"
_ARTIFACT_BYTES = "tests/server/edge/test_artifact_bytes.py"
_RESTRICTED = (
    "tests/sdk/test_artifact_rights.py::"
    "test_a_restricted_viewers_page_of_a_version_shows_it_without_its_files"
)

FAULTS = [
    Fault(
        "no history rows",
        _S + "store/runs/history.py",
        'f"SELECT content FROM history WHERE {bounds} ORDER BY {order}",',
        'f"SELECT content FROM history WHERE 0 AND {bounds} ORDER BY {order}",',
        _EVERYTHING,
    ),
    Fault(
        "last history line of a chunk dropped",
        _S + "store/runs/history.py",
        "[(run_id, offset + i, step_of(line), storable(line)) for i, line in enumerate(lines)],",
        "[(run_id, offset + i, step_of(x), storable(x)) for i, x in enumerate(lines[:-1])],",
        _EVERYTHING,
    ),
    Fault(
        "last history chunk dropped",
        _S + "edge/filestream.py",
        "        elif name in APPEND:",
        '        elif name in APPEND and not body.get("complete"):',
        _EVERYTHING,
    ),
    Fault(
        "duplicate lines after a resend",
        _S + "store/runs/history.py",
        "        if offset > count:",
        "        offset = count\n        if offset > count:",
        f"{_STREAM}::test_a_chunk_that_comes_twice_is_stored_once",
    ),
    Fault(
        "NaN turned into null in history lines",
        _S + "store/runs/history.py",
        "[(run_id, offset + i, step_of(line), storable(line)) for i, line in enumerate(lines)],",
        '[(run_id, offset + i, None, x.replace("NaN", "null")) for i, x in enumerate(lines)],',
        _SUMMARIES,
    ),
    Fault(
        "NaN turned into null in samples",
        _S + "rules/json_text.py",
        'return "NaN" if math.isnan(value) else',
        "return None if math.isnan(value) else",
        _SUMMARIES,
    ),
    Fault(
        "order ignored",
        _S + "store/runs/query.py",
        "order = filter_sql.parse_order(order_text)",
        "order = filter_sql.parse_order(None)",
        _FILTERS,
    ),
    Fault(
        "one filter operator ignored",
        _S + "store/runs/filter_sql.py",
        'COMPARISONS = {"$eq": "=", "$lt": "<",',
        'COMPARISONS = {"$eq": "=", "$lt": "<>",',
        _FILTERS,
    ),
    Fault(
        "second page equal to the first",
        _S + "store/runs/query.py",
        "for start in _starts(order, after):",
        "for start in _starts(order, None):",
        _FILTERS,
    ),
    Fault(
        "a filter's rarest condition taken for the whole filter",
        _S + "store/runs/query.py",
        "    if len(where.narrow) == 1 and where.is_one_value:",
        "    if where.narrow:",
        "tests/server/store/runs/test_query.py",
    ),
    Fault(
        "alias not moved",
        _S + "store/artifacts/memberships.py",
        '" DO UPDATE SET membership_id = excluded.membership_id"\n'
        '            " WHERE membership_id <> excluded.membership_id",',
        '" DO NOTHING",',
        _DEDUPE,
    ),
    Fault(
        "latest not moved",
        _S + "store/artifacts/versions.py",
        "        for alias in json.loads(artifact.pending_aliases):",
        "        for alias in set(json.loads(artifact.pending_aliases)) - {'latest'}:",
        _DEDUPE,
    ),
    Fault(
        "download of the wrong version",
        _S + "store/artifacts/memberships.py",
        '"m.collection_id = ? AND m.version_index = ?", collection_id, index)',
        '"m.collection_id = ? AND m.version_index > ? - 2 ORDER BY m.version_index DESC",'
        " collection_id, index)",
        _DEDUPE,
    ),
    Fault(
        "dedupe by digest off",
        _S + "graphql/artifacts/making.py",
        'elif input.get("enableDigestDeduplication", True):',
        "elif False:",
        _DEDUPE,
    ),
    Fault(
        "a deleted version is still listed",
        _S + "store/artifacts/versions.py",
        "            memberships.remove_version(db, membership)",
        "            pass",
        f"{_FEATURES}::test_a_deleted_run_takes_its_artifacts_along_only_if_asked",
    ),
    Fault(
        "used_by empty",
        _S + "store/artifacts/versions.py",
        '" WHERE u.artifact_id = ? ORDER BY r.id",',
        '" WHERE 0 AND u.artifact_id = ? ORDER BY r.id",',
        _LINKS,
    ),
    Fault(
        "a link counted in the wrong collection",
        _S + "graphql/artifacts/links.py",
        "memberships.add_version(ctx.db, portfolio.id, artifact.id, ctx.now)",
        "memberships.add_version(ctx.db, artifact.collection_id, artifact.id, ctx.now)",
        _LINKS,
    ),
    Fault(
        "run files 404",
        _S + "store/runs/files.py",
        '" AND (:pattern IS NULL OR name LIKE :pattern) ORDER BY name LIMIT :limit",',
        '" AND 0 AND (:pattern IS NULL OR name LIKE :pattern) ORDER BY name LIMIT :limit",',
        _EVERYTHING,
    ),
    Fault(
        "console lines lost",
        _S + "edge/filestream.py",
        '    "output.log": history.append_log,\n',
        "",
        f"{_FEATURES}::test_console_lines_come_back_page_by_page",
    ),
    Fault(
        "stopped never sent",
        _S + "edge/filestream.py",
        '"stopped": bool(run.should_stop),',
        '"stopped": False,',
        f"{_FEATURES}::test_a_run_stopped_through_the_api_ends_by_itself_with_all_its_lines",
    ),
    Fault(
        "run state never leaves running",
        _S + "store/runs/runs.py",
        'state = "finished"',
        'state = "running"',
        _EVERYTHING,
    ),
    Fault(
        "any key accepted",
        _S + "edge/request.py",
        "        user=user,",
        "        user=users.user_by_id(db, users.UserId(1)),",
        f"{_RUNS}::test_a_wrong_key_is_refused_at_once",
    ),
    Fault(
        "roles ignored",
        _S + "store/projects/projects.py",
        "    if own_role not in WRITERS:",
        "    if False:",
        "tests/server/graphql/projects/test_projects.py",
    ),
    Fault(
        "strangers see every project",
        _S + "store/projects/projects.py",
        "    own_role = role(db, user, project)\n    if own_role is None:",
        '    own_role = role(db, user, project) or "member"\n    if own_role is None:',
        "tests/server/graphql/projects/test_projects.py",
    ),
    Fault(
        "signed URLs accepted whatever they say",
        _S + "services/signing.py",
        'raise PermissionDenied("this URL is not signed by this server") from None',
        'return {"allows": "get", "artifact": "1", "name": "a/b.txt", "user": "1"}',
        f"{_ART}::test_a_signed_url_is_good_for_its_file_only",
    ),
    Fault(
        "signed URLs accepted after they expired",
        _S + "services/signing.py",
        "self._serializer.loads(token, max_age=self._lifetime)",
        "self._serializer.loads(token)",
        "tests/server/services/test_signing.py",
    ),
    Fault(
        "a grid that ends one early",
        "housing_sweep/search/grid.py",
        "    return total\n",
        "    return total - 1\n",
        "tests/search/test_grid.py",
    ),
    Fault(
        "a trial handed out twice",
        _S + "store/sweeps/trials.py",
        '"  OR (r.agent_id <> :agent AND r.offered_at < :before AND NOT (a.',
        '"  OR (r.agent_id <> :agent AND NOT (1e12 + a.',
        "tests/server/sweeping/test_heartbeat.py",
    ),
    Fault(
        "a transaction left open after its commit failed",
        _S + "store/db.py",
        "            if db.in_transaction:",
        "            if False:",
        "tests/server/store/test_db.py",
    ),
    Fault(
        "a full disk answered as a bug of ours",
        _S + "store/failures.py",
        '_TRANSIENT = ("locked", "busy", "full", "disk I/O", "unable to open")',
        '_TRANSIENT = ("locked", "busy")',
        "tests/server/store/test_failures.py",
    ),
    Fault(
        "an upload not held to its XXH128 digest",
        _S + "edge/artifact_bytes.py",
        'announced = Digests(scope.get("md5"), scope.get("xxh128"))',
        'announced = Digests(scope.get("md5"))',
        f"{_DIGESTS}::test_an_upload_must_have_both_digests_that_were_announced",
    ),
    Fault(
        "a collection by MD5 that forgets so",
        _S + "graphql/artifacts/collections.py",
        '"digestAlgorithm": lambda c, info: versions.algorithm_of(info.context.db, c.id),',
        '"digestAlgorithm": lambda c, info: None,',
        f"{_DIGESTS}::test_a_collection_by_md5_stays_so_and_one_by_xxh128_takes_both",
    ),
    Fault(
        "parts of a large file that stay",
        _S + "graphql/artifacts/multipart.py",
        "        uploads.forget(ctx.db, upload)\n    ctx.services.blobs.forget_parts(upload)\n",
        "        uploads.forget(ctx.db, upload)\n",
        "tests/sdk/test_multipart.py",
    ),
    Fault(
        "a shared version that holds the one before",
        _S + "graphql/artifacts/making.py",
        'if base is not None and newest.type == "INCREMENTAL":',
        "if base is not None:",
        _SHARED,
    ),
    Fault(
        "a restricted viewer who gets links to files",
        _S + "services/rights.py",
        "    return any(own != projects.LOOKS_ONLY for own in roles)",
        "    return bool(roles)",
        _RESTRICTED,
    ),
    Fault(
        "a preempted trial that other agents must wait for",
        _S + "sweeping/consequences.py",
        "        trials.requeue_preempted(ctx.db, run)",
        "        pass",
        "tests/server/sweeping/test_heartbeat.py",
    ),
    Fault(
        "a sweep that waits for a trial whose run was deleted",
        _S + "sweeping/consequences.py",
        "    return isinstance(event, RunEnded | RunDeleted)",
        "    return isinstance(event, RunEnded)",
        "tests/server/sweeping/test_consequences.py",
    ),
    Fault(
        "an agent sent away from a trial to be retried",
        _S + "sweeping/heartbeat.py",
        "        settle(ctx.db)  # a trial that crashed just now waits to be retried",
        "        pass",
        "tests/server/sweeping/test_consequences.py",
    ),
    Fault(
        "events of a write that was undone",
        _S + "store/db.py",
        "            db.events, db.unsettled = {}, {}",
        "            db.unsettled = {}",
        "tests/server/store/test_db.py",
    ),
    Fault(
        "streams that outlive their server",
        _S + "serve.py",
        "        self._feed.close()",
        "        pass",
        "tests/server/web/test_live.py::test_a_server_that_stops_ends_its_streams_in_order",
    ),
    Fault(
        "a reader sent away who is still told",
        _S + "web/live.py",
        "                await server.run(lambda: admit(server, request))",
        "                pass",
        "tests/server/web/test_live.py::test_a_reader_who_was_sent_away_is_told_nothing_more",
    ),
    Fault(
        "a preempted trial that is never offered again",
        _S + "store/sweeps/trials.py",
        "r.state IN ('pending', 'preempted')\"",
        "r.state IN ('pending')\"",
        "tests/sdk/test_sweep_preemption.py",
    ),
    Fault(
        "a trial that is done and does not come to save its model",
        "housing_sweep/pipeline/wandb_io/stopping.py",
        "            print(note, file=sys.stderr)  # noqa: T201\n        _wait(done)\n",
        "            print(note, file=sys.stderr)  # noqa: T201\n        raise\n",
        "tests/pipeline/test_trial.py",
    ),
    Fault(
        "versions ordered by another thing than asked",
        _S + "graphql/artifacts/collection_versions.py",
        'members = _ordered(info, source, order or "", start, size + 1)',
        'members = _ordered(info, source, "+version", start, size + 1)',
        "tests/sdk/test_artifact_features.py",
    ),
    Fault(
        "suggestions that see the newest trials only",
        _S + "store/sweeps/trials.py",
        "            values += [sweep_id, key, -LARGEST, LARGEST, best]",
        "            values += [sweep_id, key, -LARGEST, LARGEST, 0]",
        "tests/server/sweeping/test_objectives.py",
    ),
    Fault(
        "pages of runs that sort all of them",
        _S + "store/migrations/0103_runs.sql",
        "CREATE INDEX runs_ordered_by_group ON runs (project_id, coalesce(group_name, ''), id);",
        "",
        "tests/server/store/runs/test_query.py",
    ),
    Fault(
        "a run's own word for its score",
        "housing_sweep/registry/proof.py",
        "        if value is None or not abs(value - truth) <= allowed:",
        "        if value is None:",
        f"{_LIARS} -k run-edited-score",
    ),
    Fault(
        "facts written by hand beside the right bits",
        "housing_sweep/registry/proof.py",
        "        if item.name not in _NOT_COMPARED and one != two:",
        "        if item.name not in _NOT_COMPARED and one is None:",
        f"{_LIARS} -k artifact-interval",
    ),
    Fault(
        "a model file that is compared with nothing",
        "housing_sweep/registry/proof.py",
        '    for name in (*BITS, *(["skops_sha256"] if recorded.skops_sha256 else [])):',
        '    for name in (["skops_sha256"] if recorded.skops_sha256 else []):',
        f"{_LIARS} -k pickle-exits-with-0",
    ),
    Fault(
        "a trial that says it is a refit",
        "housing_sweep/registry/proof.py",
        '    if facts.refit_of:\n        return f"it says that it is a refit of',
        "    if facts.refit_of == '?':\n        return f\"it says that it is a refit of",
        f"{_LIARS} -k refit-refit-of-by-hand",
    ),
    Fault(
        "predictions that are unpickled",
        "housing_sweep/tabular/arrays.py",
        "    file = io.BytesIO(content)\n",
        "    file = io.BytesIO(content)\n    np.load(file, allow_pickle=True)\n    file.seek(0)\n",
        "tests/tamper/test_marked_files.py -k strangers",
    ),
    Fault(
        "a sweep's dataset that is the newest of today",
        "housing_sweep/pipeline/judge/expect.py",
        'fetched = _fetch(artifacts, named, facts.ref, "" if dataset else facts.created_at)',
        'fetched = _fetch(artifacts, named, facts.ref, "")',
        "tests/tamper/test_datasets.py -k came_later",
    ),
    Fault(
        "a table that flatters",
        "housing_sweep/registry/promotion.py",
        "    refused = [finding for finding in case.findings if finding.refused]",
        "    refused = list(case.findings[:0])",
        "tests/tamper/test_datasets.py -k flatters",
    ),
    Fault(
        "a version by hand that is moved on without a proof",
        "housing_sweep/pipeline/judge/contest.py",
        '        return "" if isinstance(proved, Proved) else f"rejected: {plain(proved)}"',
        '        return ""',
        "tests/tamper/test_registry.py -k moved_on",
    ),
    Fault(
        "somebody else's interrupted promotion",
        "housing_sweep/registry/promotion.py",
        "    return (record.of, record.built, record.who) == (model.name, case.built, case.who)",
        "    return (record.of, record.built) == (model.name, case.built)",
        "tests/tamper/test_registry.py -k interrupted",
    ),
    Fault(
        "an alias that is not looked at again before it moves",
        "housing_sweep/pipeline/promote/promote.py",
        "        if _id(holder) != _id(case.champion) and _id(holder) != model.id:",
        "        if holder is None and case.champion is not None:",
        "tests/tamper/test_races.py -k alias",
    ),
    Fault(
        "an upload URL for who reads a run",
        _S + "graphql/runs/files.py",
        "if rights.writes(ctx, run) else None",
        "if rights.sees(ctx, run) else None",
        _WALK,
    ),
    Fault(
        "an upload URL for who reads a draft",
        _S + "graphql/artifacts/files.py",
        "    writes = rights.writes(ctx, artifact)",
        "    writes = rights.sees(ctx, artifact)",
        _WALK,
    ),
    Fault(
        "objects that nobody asks about",
        _S + "graphql/decisions.py",
        "        if sees(info.context, value):\n            return value\n",
        "        if value:\n            return value\n",
        _WALK,
    ),
    Fault(
        "lists that nobody asks about",
        _S + "graphql/decisions.py",
        "return [item for item in value if sees(info.context, item)]",
        "return list(value)",
        _WALK,
    ),
    Fault(
        "pages that nobody asks about",
        _S + "graphql/decisions.py",
        "edges = [edge for edge in page.edges if sees(info.context, edge.node)]",
        "edges = list(page.edges)",
        _WALK,
    ),
    Fault(
        "a type without a decision",
        _S + "graphql/decisions.py",
        "    if type_name.endswith(PAGES):",
        "    if type_name:",
        _WALK,
    ),
    Fault(
        "a source that is open behind its name",
        _S + "graphql/decisions.py",
        "            return Closed(value)\n",
        "            return value\n",
        _WALK,
    ),
    Fault(
        "a type of a source that is open",
        _S + "services/rights.py",
        "    ArtifactType: lambda ctx, row: _reads(ctx, row.project_id),",
        "    ArtifactType: lambda ctx, row: True,",
        _WALK,
    ),
    Fault(
        "a collection that everybody sees",
        _S + "services/rights.py",
        "    Collection: lambda ctx, row: _reads(ctx, row.project_id),",
        "    Collection: lambda ctx, row: True,",
        _WALK,
    ),
    Fault(
        "an alias that everybody sees",
        _S + "services/rights.py",
        "    Alias: lambda ctx, row: _reads(ctx, home(ctx, row.collection_id)),",
        "    Alias: lambda ctx, row: True,",
        _WALK,
    ),
    Fault(
        "a person whom outsiders see",
        _S + "services/rights.py",
        "    User: lambda ctx, row: _knows(ctx, row.id),",
        "    User: lambda ctx, row: True,",
        _WALK,
    ),
    Fault(
        "teams of elsewhere shown to colleagues",
        _S + "graphql/people/users.py",
        "listed = [team.name for team in teams if rights.lists(info.context, team)]",
        "listed = [team.name for team in teams]",
        _USERS,
    ),
    Fault(
        "a role that outlives the write that took it",
        _S + "services/rights.py",
        " or known.changes != changes:",
        ":",
        _RIGHTS,
    ),
    Fault(
        "a member who says what the team's admin is",
        _S + "store/projects/projects.py",
        '    if in_entity == "admin":\n        return in_entity\n',
        "",
        _RIGHTS,
    ),
    Fault(
        "a member who names members",
        _S + "store/projects/projects.py",
        '    if role(db, user, project) != "admin":\n        raise',
        "    if role(db, user, project) not in WRITERS:\n        raise",
        _CHANGES,
    ),
    Fault(
        "a member who shuts the others out",
        _S + "graphql/projects/projects.py",
        "        if not inserted and access is not None and access != project.access:\n",
        "        if inserted and not access:\n",
        _CHANGES,
    ),
    Fault(
        "a role in a team's project that outlives the team",
        _S + "store/people/members.py",
        "AND e.id NOT IN (SELECT entity_id",
        "AND 0 AND e.id NOT IN (SELECT entity_id",
        _RIGHTS,
    ),
    Fault(
        "a viewer of a team who writes registries",
        _S + "store/people/users.py",
        '    return "viewer" if only_looks else "member"\n',
        '    return "member"\n',
        _TEAMS,
    ),
    Fault(
        "a stranger enrolled by an invitation",
        _S + "graphql/people/teams.py",
        "        if not (ctx.viewer.is_admin or _belongs(info, user, team.organization_id)):\n",
        "        if not user:\n",
        _TEAMS,
    ),
    Fault(
        "a stranger made admin of a team",
        _S + "graphql/people/teams.py",
        "    if not ctx.viewer.is_admin:\n        theirs",
        "    if not theirs:\n        theirs",
        _TEAMS,
    ),
    Fault(
        "a team in the maker's organization, not its admin's",
        _S + "graphql/people/teams.py",
        "    theirs = users.organizations_of_user(ctx.db, admin.id)\n",
        "    theirs = users.organizations_of_user(ctx.db, ctx.viewer.id)\n",
        _TEAMS,
    ),
    Fault(
        "a new user outside of the organization",
        _S + "graphql/people/users.py",
        "        if organization is not None and not organization.is_default:",
        "        if organization is None:",
        _USERS,
    ),
    Fault(
        "one namespace for the ids of all clients",
        _S + "store/artifacts/versions.py",
        'WHERE user_id = ? AND client_id = ?"',
        'WHERE ? AND client_id = ?"',
        "tests/server/graphql/artifacts/test_versions.py",
    ),
    Fault(
        "a link by who may not download",
        _S + "graphql/artifacts/links.py",
        "        rights.require_download(ctx, artifact)\n",
        "",
        _CHANGES,
    ),
    Fault(
        "a number given twice",
        _S + "store/migrations/0106_ids_once.sql",
        "CREATE TABLE new_runs (\n    id INTEGER PRIMARY KEY AUTOINCREMENT,",
        "CREATE TABLE new_runs (\n    id INTEGER PRIMARY KEY,",
        _RUN_BYTES,
    ),
    Fault(
        "rows that go with a table made anew",
        _S + "store/db.py",
        '        db.execute("PRAGMA foreign_keys = OFF")\n',
        '        db.execute("PRAGMA foreign_keys = ON")\n',
        "tests/server/store/test_db.py",
    ),
    Fault(
        "a URL that outlives its user's role to read",
        _S + "edge/run_file_bytes.py",
        "            rights.require_download(ctx, run)\n",
        "",
        _RUN_BYTES,
    ),
    Fault(
        "a URL that outlives its user's role to write",
        _S + "edge/run_file_bytes.py",
        "    if not rights.writes(ctx, run):\n",
        "    if not run:\n",
        _RUN_BYTES,
    ),
    Fault(
        "a URL of a version that outlives a role to read",
        _S + "edge/artifact_bytes.py",
        "        rights.require_download(ctx, manifest or artifact)\n",
        "",
        _ARTIFACT_BYTES,
    ),
    Fault(
        "a URL of a version that outlives a role to write",
        _S + "edge/artifact_bytes.py",
        "    if not rights.writes(ctx, artifact):\n",
        "    if not artifact:\n",
        _ARTIFACT_BYTES,
    ),
    Fault(
        "a URL that outlives its key",
        _S + "edge/signed_urls.py",
        '    if "key" in scope:\n',
        '    if "nokey" in scope:\n',
        _RUN_BYTES,
    ),
    Fault(
        "a URL that outlives its session",
        _S + "edge/signed_urls.py",
        '    if "session" in scope:\n',
        '    if "nosession" in scope:\n',
        _SESSION,
    ),
    Fault(
        "a cookie that works after the logout",
        _S + "web/session.py",
        "    sessions.end(services.database.connection(), session.id)\n",
        "",
        _SESSION,
    ),
    Fault(
        "a login from another site's form",
        _S + "web/session.py",
        "    if not ours:\n        raise",
        "    if ours is None:\n        raise",
        _SESSION,
    ),
    Fault(
        "pages whose forms have no origin",
        _S + "web/rendering.py",
        '"same-origin"}',
        '"no-referrer"}',
        _SESSION,
    ),
    Fault(
        "a link from a chat that asks for a login",
        _S + "web/session.py",
        'samesite="lax",  # a link',
        'samesite="strict",  # a link',
        _SESSION,
    ),
    Fault(
        "a key made by looking",
        _S + "web/pages.py",
        '    if request.method == "POST":\n        require_own_form(request)\n        secret',
        "    if request.method:\n        require_own_form(request)\n        secret",
        _SESSION,
    ),
    Fault(
        "a file that is written outside of its version",
        _S + "content/manifests.py",
        '        check_inner_path(path, "the version of this manifest")\n',
        "",
        "tests/server/graphql/artifacts/test_making.py",
    ),
    Fault(
        "a path that goes up on Windows only",
        _S + "content/inner_paths.py",
        'parts = path.replace("\\\\", "/").split("/")',
        'parts = path.split("/")',
        "tests/server/content/test_inner_paths.py",
    ),
    Fault(
        "a data folder that stays open",
        _S + "services/data_folder.py",
        "        folder.chmod(stat.S_IMODE(mode) & ~_OTHERS)\n",
        "        pass\n",
        "tests/server/services/test_data_folder.py",
    ),
    Fault(
        "a key that is printed at every start",
        _S + "serve.py",
        'announce(url, None if "url" in connection else connection["api_key"])',
        'announce(url, connection["api_key"])',
        "tests/cli/test_server.py -k printed_once",
    ),
]
"""Every one is a lie that a careless server could tell, or a careless verifier believe."""
