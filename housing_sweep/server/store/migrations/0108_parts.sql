-- Where the lines begin of the part of a run that is being sent: 0, or behind the parts before it.
ALTER TABLE runs ADD COLUMN history_base INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN event_base INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN log_base INTEGER NOT NULL DEFAULT 0;
