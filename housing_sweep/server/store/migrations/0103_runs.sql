-- What happened: runs, their lines and files.

CREATE TABLE runs (
    id            INTEGER PRIMARY KEY,
    project_id    INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,                  -- W&B's run id, in paths
    display_name  TEXT,
    state         TEXT NOT NULL,                  -- pending running finished failed crashed killed preempting preempted
    user_id       INTEGER REFERENCES users (id) ON DELETE SET NULL,
    sweep_id      INTEGER REFERENCES sweeps (id) ON DELETE SET NULL,
    agent_id      INTEGER REFERENCES agents (id) ON DELETE SET NULL,
    trial_number  INTEGER,                        -- 0, 1, ... within its sweep
    offered_at    REAL,                           -- when an agent was last told to run it
    group_name    TEXT,
    job_type      TEXT,
    description   TEXT,
    notes         TEXT,
    host          TEXT,
    program       TEXT,
    commit_sha    TEXT,
    repo          TEXT,
    tags          TEXT NOT NULL DEFAULT '[]',     -- JSON list
    config        TEXT NOT NULL DEFAULT '{}',     -- as the SDK sends it: {"lr": {"value": 0.1}}
    summary       TEXT NOT NULL DEFAULT '{}',
    history_lines INTEGER NOT NULL DEFAULT 0,
    event_lines   INTEGER NOT NULL DEFAULT 0,
    log_lines     INTEGER NOT NULL DEFAULT 0,
    exit_code     INTEGER,
    should_stop   INTEGER NOT NULL DEFAULT 0,
    created_at    REAL NOT NULL,
    updated_at    REAL NOT NULL,
    started_at    REAL,                           -- first sign of life
    heartbeat_at  REAL,                           -- last sign of life
    finished_at   REAL,
    rewriting     INTEGER NOT NULL DEFAULT 0,     -- 1, 2: started over after an end, after a kill;
                                                  -- lines beyond its counts are of before
    UNIQUE (project_id, name)
) STRICT;
CREATE INDEX runs_by_created ON runs (project_id, created_at, id);
CREATE INDEX runs_by_heartbeat ON runs (project_id, coalesce(heartbeat_at, created_at), id);
CREATE INDEX runs_by_state ON runs (project_id, state, created_at, id);
CREATE INDEX runs_by_job_type ON runs (project_id, job_type, created_at, id);
CREATE INDEX runs_by_group ON runs (project_id, group_name, created_at, id);
CREATE INDEX runs_by_sweep_created ON runs (sweep_id, created_at, id);
CREATE INDEX runs_by_sweep ON runs (sweep_id, trial_number);
CREATE INDEX runs_by_display_name ON runs (project_id, coalesce(display_name, name), id);
CREATE INDEX runs_by_agent ON runs (agent_id, state);
CREATE INDEX runs_by_sweep_state ON runs (sweep_id, state);
CREATE INDEX runs_alive ON runs (state, heartbeat_at) WHERE state IN ('running', 'pending', 'preempting');

-- What pages of runs are ordered by, ties by id; a run without a group comes before those with one.
CREATE INDEX runs_ordered_by_group ON runs (project_id, coalesce(group_name, ''), id);
CREATE INDEX runs_ordered_by_job_type ON runs (project_id, coalesce(job_type, ''), id);
CREATE INDEX runs_ordered_by_state ON runs (project_id, state, id);

-- Tags one by one: what filters look runs up by.
CREATE TABLE run_tags (
    run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    project_id INTEGER NOT NULL,
    PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_tags_by_name ON run_tags (project_id, name, run_id);
CREATE TRIGGER run_tagged_at_first AFTER INSERT ON runs WHEN NEW.tags <> '[]' BEGIN
    INSERT OR IGNORE INTO run_tags SELECT NEW.id, t.value, NEW.project_id FROM json_each(NEW.tags) t;
END;
CREATE TRIGGER run_tagged AFTER UPDATE OF tags ON runs WHEN NEW.tags <> OLD.tags BEGIN
    DELETE FROM run_tags WHERE run_id = NEW.id;
    INSERT OR IGNORE INTO run_tags SELECT NEW.id, t.value, NEW.project_id FROM json_each(NEW.tags) t;
END;

-- How many runs a project has: the SDK asks with every page, and counting 100,000 takes longer.
CREATE TABLE run_counts (
    project_id INTEGER PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL
) STRICT;
CREATE TRIGGER run_added AFTER INSERT ON runs BEGIN
    INSERT INTO run_counts VALUES (NEW.project_id, 1)
        ON CONFLICT (project_id) DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER run_removed AFTER DELETE ON runs BEGIN
    UPDATE run_counts SET number = number - 1 WHERE project_id = OLD.project_id;
END;

-- Values of summaries and configs, flattened with dots: what filters and orders look at.
CREATE TABLE run_values (
    run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    scope      TEXT NOT NULL CHECK (scope IN ('config', 'summary')),
    key        TEXT NOT NULL,
    project_id INTEGER NOT NULL,
    sweep_id   INTEGER,
    number     REAL,                              -- of numbers and booleans
    text       TEXT,                              -- of strings, lists (as JSON) and NaN
    PRIMARY KEY (run_id, scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_values_by_project ON run_values (project_id, scope, key, number, text, run_id);
CREATE INDEX run_values_by_sweep ON run_values (sweep_id, scope, key, number, text, run_id)
    WHERE sweep_id IS NOT NULL;

-- One row per line the SDK sent, as it sent it; its number, not its arrival, is its identity.
CREATE TABLE history (
    run_id  INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    line    INTEGER NOT NULL,
    step    INTEGER,                              -- `_step`
    content TEXT NOT NULL,
    PRIMARY KEY (run_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX history_by_step ON history (run_id, step);

CREATE TABLE events (                             -- system metrics
    run_id  INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    line    INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (run_id, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_lines (                          -- console; lines may be rewritten
    run_id  INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    line    INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (run_id, line)
) STRICT, WITHOUT ROWID;

-- Processes that write one run together (`mode="shared"`): each counts its own lines from 0.
CREATE TABLE writers (
    run_id        INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,                  -- `X-WANDB-ASYNC-CLIENT-ID`, new for each process
    history_lines INTEGER NOT NULL DEFAULT 0,     -- lines it has sent
    event_lines   INTEGER NOT NULL DEFAULT 0,
    log_lines     INTEGER NOT NULL DEFAULT 0,
    log_offset    INTEGER NOT NULL DEFAULT 0,     -- its own number of a console line ...
    log_line      INTEGER NOT NULL DEFAULT 0,     -- ... that the run has as this; others follow
    PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_files (
    id         INTEGER PRIMARY KEY,
    run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    sha256     TEXT,                              -- null until the bytes came
    md5        TEXT,
    size       INTEGER NOT NULL DEFAULT 0,
    updated_at REAL NOT NULL,
    UNIQUE (run_id, name)
) STRICT;
CREATE INDEX run_files_by_blob ON run_files (sha256);

CREATE TABLE alerts (
    id         INTEGER PRIMARY KEY,
    run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    title      TEXT NOT NULL,
    text       TEXT NOT NULL,
    level      TEXT,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX alerts_by_run ON alerts (run_id);
