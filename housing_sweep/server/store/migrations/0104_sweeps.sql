-- The sweep, its trials and its agents. A trial is a run with a sweep_id and a trial_number.

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
    position            INTEGER NOT NULL DEFAULT 0, -- of a grid: the point to look at next
    closed              INTEGER NOT NULL DEFAULT 0, -- its controller said that nothing more comes
    controller          TEXT,                       -- JSON, written by `wandb.controller`
    scheduler           TEXT,                       -- JSON, our answer to it
    controller_run_name TEXT,                       -- of sweeps that `wandb sweep-scheduler` drives
    created_at          REAL NOT NULL,
    updated_at          REAL NOT NULL,
    UNIQUE (project_id, name)
) STRICT;

-- What was reserved, so that no point comes twice and a deleted run's point is not lost.
CREATE TABLE trials (
    sweep_id  INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    run_id    INTEGER UNIQUE REFERENCES runs (id) ON DELETE SET NULL,  -- its last attempt
    point     TEXT NOT NULL,                        -- JSON, {"lr": 0.1}
    digest    TEXT NOT NULL,                        -- of the point
    offers    INTEGER NOT NULL DEFAULT 0,           -- times an agent was told of this attempt
    retries   INTEGER NOT NULL DEFAULT 0,           -- attempts before this one
    stop_asked_at REAL,                             -- when its stop was first seen
    PRIMARY KEY (sweep_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX trials_by_digest ON trials (sweep_id, digest);

-- How far a trial of a hyperband sweep came: history lines seen, metric values among them, the best.
CREATE TABLE trial_progress (
    run_id     INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    lines      INTEGER NOT NULL,
    iterations INTEGER NOT NULL,
    best       REAL                                 -- smallest loss so far
) STRICT;

CREATE TABLE trial_bands (                          -- best loss of a trial when it reached a band
    sweep_id INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    band     INTEGER NOT NULL,
    run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    loss     REAL NOT NULL,
    PRIMARY KEY (sweep_id, band, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX trial_bands_by_loss ON trial_bands (sweep_id, band, loss);
CREATE INDEX trial_bands_by_run ON trial_bands (run_id);

CREATE TABLE sweep_prior_runs (                     -- attached by `--prior_run`; not trials
    sweep_id INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    PRIMARY KEY (sweep_id, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sweep_prior_runs_by_run ON sweep_prior_runs (run_id);

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
CREATE INDEX agents_by_sweep ON agents (sweep_id, name);
