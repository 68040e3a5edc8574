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

CREATE TABLE users (
    id                INTEGER PRIMARY KEY,
    name              TEXT NOT NULL UNIQUE,
    email             TEXT,
    is_admin          INTEGER NOT NULL DEFAULT 0,
    default_entity_id INTEGER REFERENCES entities (id) ON DELETE SET NULL,
    created_at        REAL NOT NULL
) STRICT;

-- An entity owns projects: a user, a team, or an organisation (its registries).
CREATE TABLE entities (
    id              INTEGER PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    kind            TEXT NOT NULL CHECK (kind IN ('user', 'team', 'organization')),
    user_id         INTEGER UNIQUE REFERENCES users (id) ON DELETE CASCADE,   -- of a user entity
    organization_id INTEGER REFERENCES organizations (id) ON DELETE CASCADE,  -- of a team, org
    created_at      REAL NOT NULL
) STRICT;

CREATE TABLE organization_members (
    organization_id INTEGER NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id         INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role            TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    created_at      REAL NOT NULL,
    PRIMARY KEY (organization_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX organization_members_by_user ON organization_members (user_id);

CREATE TABLE team_members (
    id         INTEGER PRIMARY KEY,
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
