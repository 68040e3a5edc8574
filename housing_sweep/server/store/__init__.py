"""The only SQL in the project: a module of functions per noun, a migration file per schema step.

May import: errors, sqlite3. Functions take a connection and plain values and return frozen rows.
Start reading at `db.py`.

Conventions
- Times are REAL seconds since the epoch (UTC); the GraphQL layer spells them.
- Every function that changes rows opens `with write(db):` itself; the block is re-entrant, so a
  caller may wrap several into one transaction.
- JSON that the SDK sends is stored as the text it sent (it may hold bare NaN, which json1 rejects).
"""
