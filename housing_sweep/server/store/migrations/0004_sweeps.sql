-- The sweep and its agents. Trials are runs with a sweep_id and a trial_number.

CREATE TABLE sweeps (
    id                  INTEGER PRIMARY KEY,
    project_id          INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name                TEXT NOT NULL,              -- 8 characters, in paths
    display_name        TEXT,
    description         TEXT,
    config              TEXT NOT NULL,              -- YAML, as the client sent it
    state               TEXT NOT NULL,              -- PENDING RUNNING PAUSED FINISHED CANCELED
    user_id             INTEGER REFERENCES users (id) ON DELETE SET NULL,
    seed                INTEGER NOT NULL,           -- trial n draws from (seed, n)
    next_number         INTEGER NOT NULL DEFAULT 0, -- trials reserved so far
    controller          TEXT,
    scheduler           TEXT,
    controller_run_name TEXT,                       -- of sweeps that `wandb sweep-scheduler` drives
    created_at          REAL NOT NULL,
    updated_at          REAL NOT NULL,
    UNIQUE (project_id, name)
) STRICT;

CREATE TABLE sweep_prior_runs (                     -- attached by `--prior_run`; not trials
    sweep_id INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    PRIMARY KEY (sweep_id, run_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE agents (
    id           INTEGER PRIMARY KEY,
    sweep_id     INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    host         TEXT,
    user_id      INTEGER REFERENCES users (id) ON DELETE SET NULL,
    running      TEXT NOT NULL DEFAULT '[]',        -- JSON list of run names it said are alive
    left_at      REAL,                              -- when it was told to exit
    created_at   REAL NOT NULL,
    heartbeat_at REAL NOT NULL
) STRICT;
CREATE INDEX agents_by_sweep ON agents (sweep_id);
