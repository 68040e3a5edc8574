"""The dataset artifact's content: equal data gives equal bytes, so publishing is idempotent."""

import hashlib
import json
from dataclasses import asdict, dataclass

import pandas as pd

from housing_sweep.housing import schema
from housing_sweep.housing.sources import Housing

CSV_NAME, SCHEMA_NAME = "housing.csv", "schema.json"


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """The two files of the dataset artifact, and what its metadata says.

    Attributes:
        csv: bytes of `housing.csv`.
        schema: bytes of `schema.json`.
        metadata: source, rows, sha256 (of the CSV).
    """

    csv: bytes
    schema: bytes
    metadata: dict[str, object]


def files_of(housing: Housing) -> DatasetFiles:
    """Return what is published for a table. The origin stays out: equal data, equal version."""
    body = csv_bytes(housing.frame)
    facts: dict[str, object] = {
        "source": housing.source,
        "rows": len(housing.frame),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    document = {**facts, "columns": [asdict(column) for column in schema.ALL_COLUMNS]}
    text = json.dumps(document, indent=2, sort_keys=True) + "\n"
    return DatasetFiles(body, text.encode(), facts)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as CSV: shortest decimals that read back to the same doubles."""
    columns = [column.name for column in schema.ALL_COLUMNS]
    rows = zip(*(frame[name].astype(float).tolist() for name in columns), strict=True)
    lines = [",".join(columns), *(",".join(map(repr, row)) for row in rows)]
    return ("\n".join(lines) + "\n").encode()
