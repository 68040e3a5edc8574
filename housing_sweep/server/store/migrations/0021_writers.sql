-- Processes that write one run together (`mode="shared"`): each counts its own lines from 0.
CREATE TABLE writers (
    run_id        INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,                  -- `X-WANDB-ASYNC-CLIENT-ID`, new for each process
    history_lines INTEGER NOT NULL DEFAULT 0,     -- lines it has sent
    event_lines   INTEGER NOT NULL DEFAULT 0,
    log_lines     INTEGER NOT NULL DEFAULT 0,
    log_offset    INTEGER NOT NULL DEFAULT 0,     -- its own number of a console line ...
    log_line      INTEGER NOT NULL DEFAULT 0,     -- ... that the run has as this; others follow
    PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;
