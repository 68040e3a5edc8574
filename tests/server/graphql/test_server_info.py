"""What this server can do, as the SDK asks for it."""

from housing_sweep.server.graphql.server_info import FEATURES
from tests.support.inprocess import House

QUERY = """{ serverInfo { features { name isEnabled } cliVersionInfo
    latestLocalVersionInfo { outOfDate } } }"""


def test_every_feature_is_named_once_and_enabled(team: House) -> None:
    listed = team.ask("ann", QUERY)["serverInfo"]["features"]
    assert [item["name"] for item in listed] == list(FEATURES)
    assert len(set(FEATURES)) == len(FEATURES)
    assert all(item["isEnabled"] for item in listed)


def test_the_oldest_and_newest_sdk_are_told_in_order(team: House) -> None:
    versions = team.ask("ann", QUERY)["serverInfo"]["cliVersionInfo"]
    oldest, newest = (
        [int(part) for part in versions[key].split(".")]
        for key in ("min_cli_version", "max_cli_version")
    )
    assert oldest < newest


def test_nobody_is_told_to_upgrade_a_local_server(team: House) -> None:
    assert team.ask("ann", QUERY)["serverInfo"]["latestLocalVersionInfo"] is None
