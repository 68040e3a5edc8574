-- Who: users, the organisations and teams they belong to, and the keys they hold.

CREATE TABLE settings (          -- one row per server-wide fact: the URL signing secret, ...
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE organizations (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,            -- display name
    is_default INTEGER NOT NULL DEFAULT 0,      -- users without any membership belong here
    created_at REAL NOT NULL
) STRICT;

-- A removed user keeps a row, renamed: runs in teams still say who made them.
CREATE TABLE users (
    id                INTEGER PRIMARY KEY,
    name              TEXT NOT NULL UNIQUE,
    email             TEXT,
    is_admin          INTEGER NOT NULL DEFAULT 0,   -- may manage accounts, not read others' data
    default_entity_id INTEGER REFERENCES entities (id) ON DELETE SET NULL,
    created_at        REAL NOT NULL,
    is_service        INTEGER NOT NULL DEFAULT 0,   -- an account of a team, for machines
    description       TEXT,                         -- what a service account is for
    deleted_at        REAL
) STRICT;
CREATE UNIQUE INDEX users_by_email ON users (lower(email)) WHERE email IS NOT NULL;

-- An entity owns projects: a user, a team, or an organisation (its registries).
CREATE TABLE entities (
    id              INTEGER PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    kind            TEXT NOT NULL CHECK (kind IN ('user', 'team', 'organization')),
    user_id         INTEGER UNIQUE REFERENCES users (id) ON DELETE CASCADE,   -- of a user entity
    organization_id INTEGER REFERENCES organizations (id) ON DELETE CASCADE,  -- of a team, org
    created_at      REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX entities_by_any_case ON entities (lower(name));  -- Alice is not a new alice
CREATE INDEX entities_by_organization ON entities (organization_id);

CREATE TABLE organization_members (
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id         INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role            TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    created_at      REAL NOT NULL,
    PRIMARY KEY (organization_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX organization_members_by_user ON organization_members (user_id);

CREATE TABLE team_members (
    id         INTEGER PRIMARY KEY,             -- what the SDK removes a member by
    entity_id  INTEGER NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    created_at REAL NOT NULL,
    UNIQUE (entity_id, user_id)
) STRICT;
CREATE INDEX team_members_by_user ON team_members (user_id);

CREATE TABLE api_keys (
    id          INTEGER PRIMARY KEY,
    user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    public_id   TEXT NOT NULL,                  -- first characters, safe to show
    digest      TEXT NOT NULL UNIQUE,           -- SHA-256 of the whole key; the key is never stored
    description TEXT,
    created_at  REAL NOT NULL
) STRICT;
CREATE INDEX api_keys_by_user ON api_keys (user_id);
