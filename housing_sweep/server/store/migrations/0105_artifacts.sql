-- What was made: versions in collections, their aliases, files and lineage.
-- Every version has a membership in its own sequence; a link is one more membership, in a portfolio.

CREATE TABLE artifact_types (
    id          INTEGER PRIMARY KEY,
    project_id  INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    description TEXT,
    created_at  REAL NOT NULL,
    UNIQUE (project_id, name)
) STRICT;

CREATE TABLE collections (
    id          INTEGER PRIMARY KEY,
    project_id  INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    type_id     INTEGER NOT NULL REFERENCES artifact_types (id),
    kind        TEXT NOT NULL CHECK (kind IN ('SEQUENCE', 'PORTFOLIO')),
    name        TEXT NOT NULL,
    description TEXT,
    created_at  REAL NOT NULL,
    updated_at  REAL NOT NULL,
    next_version INTEGER NOT NULL DEFAULT 0,     -- numbers are never given twice, also of what was deleted
    UNIQUE (project_id, name)
) STRICT;
CREATE INDEX collections_by_type ON collections (type_id);

CREATE TABLE collection_tags (
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    PRIMARY KEY (collection_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
    id               INTEGER PRIMARY KEY,
    collection_id    INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    digest           TEXT NOT NULL,
    digest_algorithm TEXT NOT NULL DEFAULT 'MANIFEST_MD5',
    state            TEXT NOT NULL CHECK (state IN ('PENDING', 'COMMITTED', 'DELETED')),
    description      TEXT,
    metadata         TEXT,
    ttl_seconds      INTEGER,                     -- null: none
    size             INTEGER NOT NULL DEFAULT 0,
    file_count       INTEGER NOT NULL DEFAULT 0,
    run_id           INTEGER REFERENCES runs (id) ON DELETE SET NULL,
    user_id          INTEGER REFERENCES users (id) ON DELETE SET NULL,
    history_step     INTEGER,
    distributed_id   TEXT,
    pending_aliases  TEXT NOT NULL DEFAULT '[]',  -- applied at the commit
    created_at       REAL NOT NULL,
    updated_at       REAL NOT NULL
) STRICT;
CREATE INDEX artifacts_by_digest ON artifacts (collection_id, digest, state);
-- A version is also asked for by its digest, in whatever collection (`collection:DIGEST`).
CREATE INDEX artifacts_by_digest_anywhere ON artifacts (digest);
-- The collector asks which versions' time is over.
CREATE INDEX artifacts_with_ttl ON artifacts (created_at)
    WHERE ttl_seconds IS NOT NULL AND state = 'COMMITTED';
CREATE INDEX artifacts_by_run ON artifacts (run_id);

CREATE TABLE artifact_client_ids (                -- ids that drafts are known by before they exist
    client_id   TEXT PRIMARY KEY,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX client_ids_by_artifact ON artifact_client_ids (artifact_id);

CREATE TABLE artifact_tags (
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    PRIMARY KEY (artifact_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
    id            INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    artifact_id   INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    version_index INTEGER NOT NULL,
    created_at    REAL NOT NULL,
    UNIQUE (collection_id, artifact_id),
    UNIQUE (collection_id, version_index)
) STRICT;
CREATE INDEX memberships_by_artifact ON memberships (artifact_id);

CREATE TABLE aliases (
    id            INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    membership_id INTEGER NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    UNIQUE (collection_id, name)
) STRICT;
CREATE INDEX aliases_by_membership ON aliases (membership_id);

CREATE TABLE manifests (
    id               INTEGER PRIMARY KEY,
    artifact_id      INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    name             TEXT NOT NULL,
    type             TEXT NOT NULL CHECK (type IN ('FULL', 'PATCH', 'INCREMENTAL')),
    base_artifact_id INTEGER REFERENCES artifacts (id) ON DELETE SET NULL,
    digest           TEXT NOT NULL,
    sha256           TEXT,                        -- null until the body came
    size             INTEGER NOT NULL DEFAULT 0,
    created_at       REAL NOT NULL
) STRICT;
CREATE INDEX manifests_by_artifact ON manifests (artifact_id);
CREATE INDEX manifests_by_base ON manifests (base_artifact_id);
CREATE INDEX manifests_by_blob ON manifests (sha256);

-- A file is known by the algorithm its version chose; both digests of what is stored are kept, so
-- that bytes that are here are not sent again under the other one.
CREATE TABLE artifact_files (
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    md5         TEXT,                             -- base64, as announced
    sha256      TEXT,                             -- null until the bytes came
    size        INTEGER NOT NULL DEFAULT 0,
    updated_at  REAL NOT NULL,
    xxh128      TEXT,                             -- base64
    PRIMARY KEY (artifact_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_files_by_md5 ON artifact_files (md5);
CREATE INDEX artifact_files_by_xxh128 ON artifact_files (xxh128);
CREATE INDEX artifact_files_by_blob ON artifact_files (sha256);

-- Parts of large files that are on their way; each is a file of its own until the whole is there.
CREATE TABLE upload_parts (
    upload_id   TEXT NOT NULL,
    part_number INTEGER NOT NULL,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    md5         TEXT NOT NULL,                    -- base64
    size        INTEGER NOT NULL,
    PRIMARY KEY (upload_id, part_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_parts_of_artifact ON upload_parts (artifact_id);

CREATE TABLE artifact_uses (                      -- inputs of a run
    run_id      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    used_as     TEXT,
    created_at  REAL NOT NULL,
    PRIMARY KEY (run_id, artifact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_uses_by_artifact ON artifact_uses (artifact_id);

CREATE TABLE artifact_outputs (                   -- outputs of a run; a version may have several
    run_id      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    created_at  REAL NOT NULL,
    PRIMARY KEY (run_id, artifact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_outputs_by_artifact ON artifact_outputs (artifact_id);
