-- The sweep and its agents. Trials are runs with a sweep_id.

CREATE TABLE sweeps (
    id            INTEGER PRIMARY KEY,
    project_id    INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,                  -- 8 characters, in paths
    UNIQUE (project_id, name)
) STRICT;

CREATE TABLE agents (
    id            INTEGER PRIMARY KEY,
    sweep_id      INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    name          TEXT NOT NULL
) STRICT;
CREATE INDEX agents_by_sweep ON agents (sweep_id);
