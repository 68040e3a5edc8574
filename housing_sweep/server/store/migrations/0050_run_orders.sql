-- What pages of runs are ordered by, ties by id; a run without a group comes before those with one.
CREATE INDEX runs_ordered_by_group ON runs (project_id, coalesce(group_name, ''), id);
CREATE INDEX runs_ordered_by_job_type ON runs (project_id, coalesce(job_type, ''), id);
CREATE INDEX runs_ordered_by_state ON runs (project_id, state, id);
