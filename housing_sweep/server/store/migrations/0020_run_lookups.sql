-- What filters look runs up by: their shown name, and their tags one by one.
CREATE INDEX runs_by_display_name ON runs (project_id, coalesce(display_name, name), id);

CREATE TABLE run_tags (
    run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    project_id INTEGER NOT NULL,
    PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_tags_by_name ON run_tags (project_id, name, run_id);
INSERT OR IGNORE INTO run_tags
    SELECT DISTINCT r.id, t.value, r.project_id FROM runs r, json_each(r.tags) t;
CREATE TRIGGER run_tagged_at_first AFTER INSERT ON runs WHEN NEW.tags <> '[]' BEGIN
    INSERT OR IGNORE INTO run_tags SELECT NEW.id, t.value, NEW.project_id FROM json_each(NEW.tags) t;
END;
CREATE TRIGGER run_tagged AFTER UPDATE OF tags ON runs WHEN NEW.tags <> OLD.tags BEGIN
    DELETE FROM run_tags WHERE run_id = NEW.id;
    INSERT OR IGNORE INTO run_tags SELECT NEW.id, t.value, NEW.project_id FROM json_each(NEW.tags) t;
END;

-- A version is also asked for by its digest, in whatever collection (`collection:DIGEST`).
CREATE INDEX artifacts_by_digest_anywhere ON artifacts (digest);
