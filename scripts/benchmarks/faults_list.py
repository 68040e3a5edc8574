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
_JUMPS = "tests/server/sweeping/test_clock_jumps.py"
_LIARS = "tests/tamper/test_liars.py"
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
        "user=users.user_by_key(db, key) if key else None,",
        "user=users.user_by_id(db, users.UserId(1)),",
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
        'return {"allows": "get", "artifact": "1", "name": "a/b.txt"}',
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
        _S + "graphql/artifacts/access.py",
        "    if all(role == projects.LOOKS_ONLY for role in _roles(ctx, artifact)):",
        "    if False:",
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
        "leases by the system's clock",
        _S + "services/runtime.py",
        "Steady(max(clock(), heard), ticks)",
        "Steady(clock(), clock)",
        _JUMPS,
    ),
    Fault(
        "leases that ended while the server was down",
        _S + "store/steady.py",
        "return now - seconds if now - self._began > seconds else -math.inf",
        "return now - seconds",
        _JUMPS,
    ),
    Fault(
        "a stop that was asked for counts the time a server was down",
        _S + "store/steady.py",
        "return self.now() - max(moment, self._began)",
        "return self.now() - moment",
        _JUMPS,
    ),
    Fault(
        "a clock put back between two servers stops the time",
        _S + "services/runtime.py",
        "Steady(max(clock(), heard), ticks)",
        "Steady(clock(), ticks)",
        _JUMPS,
    ),
    Fault(
        "signed URLs by the system's clock",
        _S + "services/runtime.py",
        "Signer(secret, config.url_lifetime, database.steady.now)",
        "Signer(secret, config.url_lifetime, clock)",
        "tests/server/services/test_runtime.py",
    ),
    Fault(
        "a clock that jumped ahead ends what is dated",
        _S + "services/context.py",
        "return min(self.now, self.steady.now())",
        "return self.now",
        "tests/server/chores/test_collector.py",
    ),
    Fault(
        "an empty file taken for a database",
        _S + "store/database_file.py",
        "    if not size:\n",
        "    if size < 0:\n",
        "tests/server/store/test_database_file.py",
    ),
    Fault(
        "a database that is cut off",
        _S + "store/database_file.py",
        "    if len(first) < 100 or size < expected:\n",
        "    if len(first) < 100:\n",
        "tests/server/store/test_database_file.py",
    ),
    Fault(
        "another program's database made ours",
        _S + "store/db.py",
        "    database_file.open_to_read(path).close()",
        "    ",
        "tests/server/store/test_database_file.py",
    ),
    Fault(
        "a database that two starts make",
        _S + "store/database_file.py",
        "            os.link(beside, path)\n",
        "            beside.rename(path)\n",
        "tests/server/store/test_database_file.py",
    ),
    Fault(
        "a missing database made anew",
        _S + "services/data_folder.py",
        "    if not os.path.lexists(config.database) and (traces := _traces(config)):\n",
        "    if not os.path.lexists(config.database) and (traces := ''):\n",
        "tests/server/services/test_data_folder.py",
    ),
    Fault(
        "missing files made an empty folder",
        _S + "services/data_folder.py",
        "    if count:\n",
        "    if count < 0:\n",
        "tests/server/services/test_data_folder.py",
    ),
    Fault(
        "rights that nobody looks at",
        _S + "services/data_folder.py",
        "    if not os.access(path, rights):\n",
        "    if not os.path.lexists(path):\n",
        "tests/server/services/test_data_folder.py",
    ),
    Fault(
        "a blob that is not what it is called",
        _S + "services/checkup.py",
        "        if examined.sha256 != file.name:\n",
        "        if not examined.sha256:\n",
        "tests/server/services/test_checkup.py",
    ),
    Fault(
        "a blob that is missing",
        _S + "services/checkup.py",
        "    return [*blobs, *_missing_parts(root, database.parts)]\n",
        "    return _missing_parts(root, database.parts)\n",
        "tests/server/services/test_checkup.py",
    ),
    Fault(
        "a gap in the history",
        _S + "store/books.py",
        '    gap = "count(l.line) <> c" if table == "history" else "count(l.line) > c"\n',
        '    gap = "count(l.line) > c"\n',
        "tests/server/store/test_books.py",
    ),
    Fault(
        "a damaged blob copied to a backup",
        _S + "backup.py",
        "        if sha256 is not None and examined.sha256 != sha256:\n",
        "        if sha256 is None and examined.sha256 == sha256:\n",
        "tests/server/test_backup.py",
    ),
    Fault(
        "a damaged database copied over a good backup",
        _S + "store/database_file.py",
        "        if problems:\n",
        "        if len(problems) > 9:\n",
        "tests/server/test_backup.py",
    ),
    Fault(
        "a backup that does not notice the collector",
        _S + "backup.py",
        "copied.problems and rounds_left and _changed(source, fresh)",
        "copied.problems and not rounds_left",
        "tests/server/test_backup.py",
    ),
    Fault(
        "a restore over what is there",
        _S + "backup.py",
        "        if occupied and not replace:\n",
        "        if occupied and replace is None:\n",
        "tests/server/test_backup.py",
    ),
    Fault(
        "a restore under a running server",
        _S + "backup.py",
        "    with failures_in_words(data_dir), exclusive(data_dir):\n",
        "    with failures_in_words(data_dir):\n        data_dir.mkdir(exist_ok=True)\n",
        "tests/server/test_backup.py",
    ),
    Fault(
        "a restore that keeps what was signed",
        _S + "store/people/users.py",
        "WHERE key LIKE '%secret%'",
        "WHERE key LIKE 'nothing'",
        "tests/server/test_backup.py",
    ),
    Fault(
        "a lock that goes with its file",
        _S + "services/lock.py",
        "        for part in (file, folder):\n",
        "        for part in (file,):\n",
        "tests/server/services/test_lock.py",
    ),
]
"""Every one is a lie that a careless server could tell, or a careless verifier believe."""
