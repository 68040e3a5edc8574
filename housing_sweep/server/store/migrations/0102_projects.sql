-- Where: projects of an entity. A registry is a project named wandb-registry-* of an organisation.

CREATE TABLE projects (
    id                       INTEGER PRIMARY KEY,
    entity_id                INTEGER NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    name                     TEXT NOT NULL,
    description              TEXT,
    access                   TEXT NOT NULL DEFAULT 'PRIVATE',
    allow_all_artifact_types INTEGER NOT NULL DEFAULT 1,
    views                    TEXT,
    user_id                  INTEGER REFERENCES users (id) ON DELETE SET NULL,  -- who made it
    created_at               REAL NOT NULL,
    updated_at               REAL NOT NULL,
    UNIQUE (entity_id, name)
) STRICT;
CREATE INDEX projects_by_user ON projects (user_id);

-- Roles inside one project (registries use them): of a user, or of a team.
CREATE TABLE project_members (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id    INTEGER REFERENCES users (id) ON DELETE CASCADE,
    team_id    INTEGER REFERENCES entities (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer', 'restricted_viewer')),
    created_at REAL NOT NULL,
    CHECK ((user_id IS NULL) <> (team_id IS NULL)),
    UNIQUE (project_id, user_id),
    UNIQUE (project_id, team_id)
) STRICT;
CREATE INDEX project_members_by_user ON project_members (user_id);
CREATE INDEX project_members_by_team ON project_members (team_id);
