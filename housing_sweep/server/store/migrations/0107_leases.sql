-- When somebody was last heard of, by the steady clock (`store/steady.py`), which no correction of
-- the system's clock moves. `heartbeat_at` is what people are shown.

ALTER TABLE runs ADD COLUMN heard_at REAL;
UPDATE runs SET heard_at = heartbeat_at WHERE state IN ('running', 'preempting');
DROP INDEX IF EXISTS runs_alive;
CREATE INDEX runs_alive ON runs (state, heard_at) WHERE state IN ('running', 'pending', 'preempting');

ALTER TABLE agents ADD COLUMN heard_at REAL NOT NULL DEFAULT 0;
UPDATE agents SET heard_at = heartbeat_at;
