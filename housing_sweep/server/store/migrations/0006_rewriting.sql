-- 1, 2: the run started over after an end, after a kill; lines beyond its counts are of before.
ALTER TABLE runs ADD COLUMN rewriting INTEGER NOT NULL DEFAULT 0;
