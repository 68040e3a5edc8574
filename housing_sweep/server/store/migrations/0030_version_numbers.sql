-- Numbers of versions are never given twice: `v3` of a deleted or unlinked version stays unknown.
ALTER TABLE collections ADD COLUMN next_version INTEGER NOT NULL DEFAULT 0;
UPDATE collections SET next_version =
    (SELECT coalesce(max(version_index) + 1, 0) FROM memberships WHERE collection_id = collections.id);

-- The collector asks which versions' time is over.
CREATE INDEX artifacts_with_ttl ON artifacts (created_at)
    WHERE ttl_seconds IS NOT NULL AND state = 'COMMITTED';
