"""Where a server keeps what it keeps, and that nobody changes it on the way."""

import dataclasses
from pathlib import Path

import pytest

from housing_sweep.server.services.config import ServerConfig

WAITS_OF_THE_SDK = 30 + 60
"""Seconds between two signs of life of a run whose posts fail: its heartbeat and its backoff."""


def test_everything_lies_in_the_data_folder() -> None:
    config = ServerConfig(data_dir=Path("/data"))
    paths = {config.database, config.blobs, config.client_env}
    assert len(paths) == 3
    assert {path.parent for path in paths} == {Path("/data")}


def test_a_server_is_for_this_machine_only_unless_asked_otherwise() -> None:
    assert ServerConfig(data_dir=Path("/data")).host == "127.0.0.1"


def test_a_run_is_not_taken_for_crashed_while_the_sdk_still_tries() -> None:
    assert ServerConfig(data_dir=Path("/data")).crash_after > WAITS_OF_THE_SDK


def test_a_config_does_not_change() -> None:
    config = ServerConfig(data_dir=Path("/data"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.port = 1  # type: ignore[misc]
