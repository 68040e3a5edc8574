"""The wire: one schema file and one resolver file per noun; W&B's words stop here.

May import: graphql-core, `context`, `store`. Resolver modules do not import each other's resolvers;
what two nouns share lives in `relay.py`. Start reading at `execute.py`, then `runs.py`. What of a
resolver's value the viewer gets is decided in `decisions.py`, by `services/rights.py`.

A resolver is `(source, info, **arguments) -> value`. Sources are frozen rows of the store; a field
that has no resolver is the row's attribute of the same name in snake_case, and `id` is the relay id
of the type. Times (DateTime) are returned as seconds since the epoch.
"""
