-- A file is known by the algorithm its version chose; both digests of what is stored are kept, so that
-- bytes that are here are not sent again under the other one.
ALTER TABLE artifact_files ADD COLUMN xxh128 TEXT;    -- base64; null for what older servers stored
CREATE INDEX artifact_files_by_xxh128 ON artifact_files (xxh128);

-- Parts are files of their own now, no blobs; uploads on their way begin again.
DROP TABLE upload_parts;
CREATE TABLE upload_parts (
    upload_id   TEXT NOT NULL,
    part_number INTEGER NOT NULL,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    md5         TEXT NOT NULL,                    -- base64
    size        INTEGER NOT NULL,
    PRIMARY KEY (upload_id, part_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_parts_of_artifact ON upload_parts (artifact_id);
