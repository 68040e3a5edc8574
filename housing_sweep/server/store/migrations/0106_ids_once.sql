-- No number is ever given twice: AUTOINCREMENT, which a table can only be made with. What was signed
-- or said of a removed row must not mean the next one. `migrate` has foreign keys off meanwhile.

CREATE TABLE new_organizations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    is_default INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO new_organizations SELECT * FROM organizations;
DROP TABLE organizations;
ALTER TABLE new_organizations RENAME TO organizations;

CREATE TABLE new_users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    email TEXT,
    is_admin INTEGER NOT NULL DEFAULT 0,
    default_entity_id INTEGER REFERENCES entities (id) ON DELETE SET NULL,
    created_at REAL NOT NULL,
    is_service INTEGER NOT NULL DEFAULT 0,
    description TEXT,
    deleted_at REAL
) STRICT;
INSERT INTO new_users SELECT * FROM users;
DROP TABLE users;
ALTER TABLE new_users RENAME TO users;
CREATE UNIQUE INDEX users_by_email ON users (lower(email)) WHERE email IS NOT NULL;

CREATE TABLE new_entities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'team', 'organization')),
    user_id INTEGER UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    organization_id INTEGER REFERENCES organizations (id) ON DELETE CASCADE,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO new_entities SELECT * FROM entities;
DROP TABLE entities;
ALTER TABLE new_entities RENAME TO entities;
CREATE UNIQUE INDEX entities_by_any_case ON entities (lower(name));
CREATE INDEX entities_by_organization ON entities (organization_id);

CREATE TABLE new_team_members (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id INTEGER NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    created_at REAL NOT NULL,
    UNIQUE (entity_id, user_id)
) STRICT;
INSERT INTO new_team_members SELECT * FROM team_members;
DROP TABLE team_members;
ALTER TABLE new_team_members RENAME TO team_members;
CREATE INDEX team_members_by_user ON team_members (user_id);

CREATE TABLE new_api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    public_id TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    description TEXT,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO new_api_keys SELECT * FROM api_keys;
DROP TABLE api_keys;
ALTER TABLE new_api_keys RENAME TO api_keys;
CREATE INDEX api_keys_by_user ON api_keys (user_id);

CREATE TABLE new_projects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id INTEGER NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    access TEXT NOT NULL DEFAULT 'PRIVATE',
    allow_all_artifact_types INTEGER NOT NULL DEFAULT 1,
    views TEXT,
    user_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    UNIQUE (entity_id, name)
) STRICT;
INSERT INTO new_projects SELECT * FROM projects;
DROP TABLE projects;
ALTER TABLE new_projects RENAME TO projects;
CREATE INDEX projects_by_user ON projects (user_id);

CREATE TABLE new_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    display_name TEXT,
    state TEXT NOT NULL,
    user_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    sweep_id INTEGER REFERENCES sweeps (id) ON DELETE SET NULL,
    agent_id INTEGER REFERENCES agents (id) ON DELETE SET NULL,
    trial_number INTEGER,
    offered_at REAL,
    group_name TEXT,
    job_type TEXT,
    description TEXT,
    notes TEXT,
    host TEXT,
    program TEXT,
    commit_sha TEXT,
    repo TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    config TEXT NOT NULL DEFAULT '{}',
    summary TEXT NOT NULL DEFAULT '{}',
    history_lines INTEGER NOT NULL DEFAULT 0,
    event_lines INTEGER NOT NULL DEFAULT 0,
    log_lines INTEGER NOT NULL DEFAULT 0,
    exit_code INTEGER,
    should_stop INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    started_at REAL,
    heartbeat_at REAL,
    finished_at REAL,
    rewriting INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project_id, name)
) STRICT;
INSERT INTO new_runs SELECT * FROM runs;
DROP TABLE runs;
ALTER TABLE new_runs RENAME TO runs;
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
CREATE INDEX runs_ordered_by_group ON runs (project_id, coalesce(group_name, ''), id);
CREATE INDEX runs_ordered_by_job_type ON runs (project_id, coalesce(job_type, ''), id);
CREATE INDEX runs_ordered_by_state ON runs (project_id, state, id);
CREATE TRIGGER run_tagged_at_first AFTER INSERT ON runs WHEN NEW.tags <> '[]' BEGIN
    INSERT OR IGNORE INTO run_tags SELECT NEW.id, t.value, NEW.project_id FROM json_each(NEW.tags) t;
END;
CREATE TRIGGER run_tagged AFTER UPDATE OF tags ON runs WHEN NEW.tags <> OLD.tags BEGIN
    DELETE FROM run_tags WHERE run_id = NEW.id;
    INSERT OR IGNORE INTO run_tags SELECT NEW.id, t.value, NEW.project_id FROM json_each(NEW.tags) t;
END;
CREATE TRIGGER run_added AFTER INSERT ON runs BEGIN
    INSERT INTO run_counts VALUES (NEW.project_id, 1)
        ON CONFLICT (project_id) DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER run_removed AFTER DELETE ON runs BEGIN
    UPDATE run_counts SET number = number - 1 WHERE project_id = OLD.project_id;
END;

CREATE TABLE new_run_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    sha256 TEXT,
    md5 TEXT,
    size INTEGER NOT NULL DEFAULT 0,
    updated_at REAL NOT NULL,
    UNIQUE (run_id, name)
) STRICT;
INSERT INTO new_run_files SELECT * FROM run_files;
DROP TABLE run_files;
ALTER TABLE new_run_files RENAME TO run_files;
CREATE INDEX run_files_by_blob ON run_files (sha256);

CREATE TABLE new_alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    level TEXT,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO new_alerts SELECT * FROM alerts;
DROP TABLE alerts;
ALTER TABLE new_alerts RENAME TO alerts;
CREATE INDEX alerts_by_run ON alerts (run_id);

CREATE TABLE new_sweeps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    display_name TEXT,
    description TEXT,
    config TEXT NOT NULL,
    state TEXT NOT NULL,
    user_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    seed INTEGER NOT NULL,
    next_number INTEGER NOT NULL DEFAULT 0,
    position INTEGER NOT NULL DEFAULT 0,
    closed INTEGER NOT NULL DEFAULT 0,
    controller TEXT,
    scheduler TEXT,
    controller_run_name TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    UNIQUE (project_id, name)
) STRICT;
INSERT INTO new_sweeps SELECT * FROM sweeps;
DROP TABLE sweeps;
ALTER TABLE new_sweeps RENAME TO sweeps;

CREATE TABLE new_agents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sweep_id INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    host TEXT,
    user_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    running TEXT NOT NULL DEFAULT '[]',
    left_at REAL,
    created_at REAL NOT NULL,
    heartbeat_at REAL NOT NULL
) STRICT;
INSERT INTO new_agents SELECT * FROM agents;
DROP TABLE agents;
ALTER TABLE new_agents RENAME TO agents;
CREATE INDEX agents_by_sweep ON agents (sweep_id, name);

CREATE TABLE new_artifact_types (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    created_at REAL NOT NULL,
    UNIQUE (project_id, name)
) STRICT;
INSERT INTO new_artifact_types SELECT * FROM artifact_types;
DROP TABLE artifact_types;
ALTER TABLE new_artifact_types RENAME TO artifact_types;

CREATE TABLE new_collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    type_id INTEGER NOT NULL REFERENCES artifact_types (id),
    kind TEXT NOT NULL CHECK (kind IN ('SEQUENCE', 'PORTFOLIO')),
    name TEXT NOT NULL,
    description TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    next_version INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project_id, name)
) STRICT;
INSERT INTO new_collections SELECT * FROM collections;
DROP TABLE collections;
ALTER TABLE new_collections RENAME TO collections;
CREATE INDEX collections_by_type ON collections (type_id);

CREATE TABLE new_artifacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    digest_algorithm TEXT NOT NULL DEFAULT 'MANIFEST_MD5',
    state TEXT NOT NULL CHECK (state IN ('PENDING', 'COMMITTED', 'DELETED')),
    description TEXT,
    metadata TEXT,
    ttl_seconds INTEGER,
    size INTEGER NOT NULL DEFAULT 0,
    file_count INTEGER NOT NULL DEFAULT 0,
    run_id INTEGER REFERENCES runs (id) ON DELETE SET NULL,
    user_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    history_step INTEGER,
    distributed_id TEXT,
    pending_aliases TEXT NOT NULL DEFAULT '[]',
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
) STRICT;
INSERT INTO new_artifacts SELECT * FROM artifacts;
DROP TABLE artifacts;
ALTER TABLE new_artifacts RENAME TO artifacts;
CREATE INDEX artifacts_by_digest ON artifacts (collection_id, digest, state);
CREATE INDEX artifacts_by_digest_anywhere ON artifacts (digest);
CREATE INDEX artifacts_with_ttl ON artifacts (created_at)
    WHERE ttl_seconds IS NOT NULL AND state = 'COMMITTED';
CREATE INDEX artifacts_by_run ON artifacts (run_id);

CREATE TABLE new_memberships (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    version_index INTEGER NOT NULL,
    created_at REAL NOT NULL,
    UNIQUE (collection_id, artifact_id),
    UNIQUE (collection_id, version_index)
) STRICT;
INSERT INTO new_memberships SELECT * FROM memberships;
DROP TABLE memberships;
ALTER TABLE new_memberships RENAME TO memberships;
CREATE INDEX memberships_by_artifact ON memberships (artifact_id);

CREATE TABLE new_aliases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    membership_id INTEGER NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    UNIQUE (collection_id, name)
) STRICT;
INSERT INTO new_aliases SELECT * FROM aliases;
DROP TABLE aliases;
ALTER TABLE new_aliases RENAME TO aliases;
CREATE INDEX aliases_by_membership ON aliases (membership_id);

CREATE TABLE new_manifests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('FULL', 'PATCH', 'INCREMENTAL')),
    base_artifact_id INTEGER REFERENCES artifacts (id) ON DELETE SET NULL,
    digest TEXT NOT NULL,
    sha256 TEXT,
    size INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO new_manifests SELECT * FROM manifests;
DROP TABLE manifests;
ALTER TABLE new_manifests RENAME TO manifests;
CREATE INDEX manifests_by_artifact ON manifests (artifact_id);
CREATE INDEX manifests_by_base ON manifests (base_artifact_id);
CREATE INDEX manifests_by_blob ON manifests (sha256);

-- Ids that drafts are known by before they exist: each user's own, so that none takes another's.
CREATE TABLE new_artifact_client_ids (
    user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id   TEXT NOT NULL,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_artifact_client_ids SELECT a.user_id, c.client_id, c.artifact_id
    FROM artifact_client_ids c JOIN artifacts a ON a.id = c.artifact_id WHERE a.user_id IS NOT NULL;
DROP TABLE artifact_client_ids;
ALTER TABLE new_artifact_client_ids RENAME TO artifact_client_ids;
CREATE INDEX client_ids_by_artifact ON artifact_client_ids (artifact_id);

-- Browsers that are logged in; gone with the key, or when they log out.
CREATE TABLE sessions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    key_id     INTEGER NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX sessions_by_key ON sessions (key_id);
CREATE INDEX sessions_by_age ON sessions (created_at);
