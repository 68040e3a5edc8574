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
    UNIQUE (project_id, name)
) STRICT;
CREATE INDEX runs_by_created ON runs (project_id, created_at, id);
CREATE INDEX runs_by_sweep ON runs (sweep_id, trial_number);
CREATE INDEX runs_by_agent ON runs (agent_id);
CREATE INDEX runs_alive ON runs (state, heartbeat_at) WHERE state IN ('running', 'pending', 'preempting');
