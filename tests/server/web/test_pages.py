"""The pages, at the addresses that the SDK prints, for who may see them."""

import base64
import html
import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.local_server import PATIENCE, LocalServer

pytestmark = pytest.mark.slow

OWN_SCRIPT = '<script src="/static/live.js" defer></script>'
STORY = """
import json, wandb
spec = {
    "method": "grid",
    "metric": {"name": "val_rmse", "goal": "minimize"},
    "parameters": {
        "lr": {"values": [0.3, 0.1, 0.2]},
        "kind": {"value": "<script>alert(1)</script>"},
    },
}
sweep = wandb.sweep(spec, project="web")
made = []
def trial():
    with wandb.init(notes="<i>noted</i>") as run:
        for step in range(5):
            run.log({"train_rmse": run.config.lr, "val_rmse": run.config.lr + 1 / (step + 1)})
        print("<b>hello console</b>")
        model = wandb.Artifact("model-web", "model", metadata={"answer": 42})
        with model.new_file("model.txt") as file:
            file.write(run.id)
        run.log_artifact(model).wait()
        if run.config.lr == 0.1:
            run.link_artifact(model, "wandb-registry-model/web", aliases=["staging"])
            made.append(run)
wandb.agent(sweep, trial, project="web", count=3)
api = wandb.Api()
linked = api.artifact("wandb-registry-model/web:staging")
(best,) = made
print(json.dumps({
    "sweep": sweep, "run": best.id, "entity": api.default_entity,
    "urls": [best.url, api.sweep(f"{api.default_entity}/web/{sweep}").url, api.project("web").url,
             linked.url, linked.source_artifact.url],
}))
"""


@dataclass(frozen=True)
class Story:
    """A server with a small sweep, and somebody who may not see it."""

    server: LocalServer
    facts: dict[str, Any]
    stranger: str

    def get(
        self, path: str, *, cookie: str = "", key: str | None = None, accept: str = "text/html"
    ) -> tuple[int, dict[str, str], str]:
        """Open an address as who holds a key, or a cookie."""
        headers = {"accept": accept, "cookie": cookie}
        if key is not None:
            headers["authorization"] = f"Basic {base64.b64encode(f'api:{key}'.encode()).decode()}"
        return self.send("GET", path.removeprefix(self.server.url), None, headers)

    def send(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], str]:
        """Send one request; redirections are not followed."""
        connection = http.client.HTTPConnection(
            self.server.url.removeprefix("http://"), timeout=PATIENCE
        )
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        shown = {name.lower(): value for name, value in answer.getheaders()}
        text = answer.read().decode()
        connection.close()
        return answer.status, shown, text

    def log_in(self, key: str, onward: str = "/") -> tuple[int, dict[str, str], str]:
        """Fill in the login form."""
        form = urlencode({"key": key, "next": onward})
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self.send("POST", "/login", form, kind)

    def page(self, path: str) -> str:
        """Return a page as its owner sees it, following one redirection."""
        status, headers, text = self.get(path, key=self.server.api_key)
        if status == 303:
            status, _, text = self.get(headers["location"], key=self.server.api_key)
        assert status == 200, f"{path}: {text}"
        return text


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    server = LocalServer(tmp_path_factory.mktemp("web")).start()
    facts = server.sdk(STORY)
    add = ("housing-sweep", "users", "add", "eve", "--json", "--data-dir", str(server.data_dir))
    eve = json.loads(server.cli(*add).stdout)["api_key"]
    org = ("housing-sweep", "orgs", "add", "evil", "--admin", "eve")
    server.cli(*org, "--data-dir", str(server.data_dir))
    yield Story(server, facts, eve)
    server.stop()


def test_every_address_that_the_sdk_prints_shows_its_thing(story: Story) -> None:
    run, sweep, project, linked, source = story.facts["urls"]
    assert f"<p>{story.facts['run']} by {story.server.user}" in story.page(run)
    assert "Best val_rmse: <strong>0.3</strong>" in story.page(sweep)
    assert "Lowest val_rmse: <strong>0.3</strong>" in story.page(project)
    assert "web:v0" in story.page(linked)
    assert "model-web:v" in story.page(source)


def test_a_runs_page_shows_its_curve_config_summary_console_files_and_model(story: Story) -> None:
    text = story.page(story.facts["urls"][0])
    assert 'aria-label="rmse by step"' in text
    for part in ("train_rmse", "val_rmse", "hello console", "wandb-metadata.json", "model-web:v"):
        assert part in text
    assert f"/sweeps/{story.facts['sweep']}" in text
    assert re.search(r"<th>lr</th><td>0.1</td>", text)


def test_what_a_user_wrote_is_shown_and_never_run(story: Story) -> None:
    for url in story.facts["urls"][:3]:
        text = story.page(url)
        assert "<script" not in text.replace(OWN_SCRIPT, "", 1)
        assert "<b>hello" not in text
        assert "<i>noted" not in text
    assert html.escape("<script>alert(1)</script>") in story.page(story.facts["urls"][0])


def test_a_sweeps_page_shows_every_trial_and_the_best_so_far(story: Story) -> None:
    text = story.page(story.facts["urls"][1])
    assert text.count("/runs/") == 4  # three trials, and the best one above
    assert 'aria-label="val_rmse by trial"' in text
    assert "best so far" in text
    assert [lr for lr in re.findall(r"<td>(0\.\d)</td>", text)] == ["0.3", "0.1", "0.2"]
    assert re.search(rf'<tr class="best"><td><a href="[^"]*{story.facts["run"]}"', text)


def test_runs_are_ordered_as_asked(story: Story) -> None:
    project = f"/{story.facts['entity']}/web"
    for order, first in (("%2B", "0.3"), ("-", "0.5")):
        text = story.page(f"{project}?order={order}summary_metrics.val_rmse")
        rows = re.findall(r'<td class="number">(0\.\d+)</td>', text)
        assert first in rows[:2]
        assert f"/runs/{story.facts['run']}" in text


def test_a_registry_page_shows_versions_and_their_aliases_there(story: Story) -> None:
    text = story.page("/local-org/wandb-registry-model")
    assert "Registry model" in text
    row = re.search(r"<tr><td><a [^>]*>v0</a></td><td>(.*?)</td>", text)
    assert row is not None
    assert re.findall(r'class="alias">([^<]+)', row[1]) == ["latest", "staging"]


def test_a_versions_page_tells_where_it_comes_from_and_gives_its_files(story: Story) -> None:
    text = story.page(story.facts["urls"][3])
    assert f"/{story.facts['entity']}/web/runs/{story.facts['run']}" in text
    assert "<th>answer</th><td>42</td>" in text
    found = re.search(r'<a href="([^"]+)">model.txt</a>', text)
    assert found is not None
    status, _, content = story.get(html.unescape(found[1]))
    assert (status, content) == (200, story.facts["run"])


@pytest.mark.parametrize("number", range(5))
def test_a_stranger_sees_none_of_it(story: Story, number: int) -> None:
    path = story.facts["urls"][number]
    status, headers, text = story.get(path, key=story.stranger)
    if status == 303:
        status, _, text = story.get(headers["location"], key=story.stranger)
    assert status == 404
    for secret in ("val_rmse", "finished", "model.txt", "answer", "/runs/"):
        assert secret not in text


def test_a_strangers_start_page_names_only_their_own(story: Story) -> None:
    status, _, text = story.get("/", key=story.stranger)
    assert status == 200
    assert "Registries of evil" in text
    assert "local-org" not in text
    assert "/web" not in text


def test_who_is_not_logged_in_is_told_how_to_connect_and_nothing_else(story: Story) -> None:
    status, _, text = story.get("/")
    assert status == 200
    assert f"WANDB_BASE_URL={story.server.url}" in text
    assert story.facts["entity"] not in re.sub(r"<style.*", "", text)
    path = story.facts["urls"][0].removeprefix(story.server.url)
    status, headers, text = story.get(path)
    assert (status, text) == (303, "")
    assert headers["location"] == f"/login?{urlencode({'next': path})}"
    status, _, text = story.get(path, accept="application/json")
    assert status == 401


def test_a_login_leads_back_to_the_page_that_was_asked_for(story: Story) -> None:
    path = story.facts["urls"][0].removeprefix(story.server.url)
    status, headers, _ = story.log_in(f" {story.server.api_key} ", path)
    assert (status, headers["location"]) == (303, path)
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert story.server.api_key not in cookie
    status, _, text = story.get(path, cookie=cookie.partition(";")[0])
    assert status == 200
    assert story.facts["run"] in text


def test_a_wrong_key_gets_no_cookie(story: Story) -> None:
    for key in ("", "x" * 40, story.server.api_key[:-1], "x" * 20_000):
        status, headers, text = story.log_in(key)
        assert status == 401
        assert "set-cookie" not in headers
        assert "Nobody holds this API key" in text


def test_a_forged_cookie_or_a_signed_url_is_no_session(story: Story) -> None:
    page = story.page(story.facts["urls"][0])
    found = re.search(r"token=([^\"&]+)", page)
    assert found is not None
    for token in (found[1], "x.y.z", ""):
        status, _, _ = story.get(story.facts["urls"][0], cookie=f"housing_sweep_session={token}")
        assert status == 303


def test_a_session_is_no_signed_url(story: Story) -> None:
    _, headers, _ = story.log_in(story.server.api_key)
    token = headers["set-cookie"].partition("=")[2].partition(";")[0]
    for path in ("/storage/runs/1/config.yaml", "/storage/wandb_artifacts/1/model.txt"):
        assert story.get(f"{path}?token={token}")[0] == 403


def test_a_session_ends_with_its_key(story: Story) -> None:
    folder = ("--data-dir", str(story.server.data_dir), "--json")
    added = story.server.cli("housing-sweep", "users", "add", "brief", *folder).stdout
    _, headers, _ = story.log_in(json.loads(added)["api_key"])
    cookie = headers["set-cookie"].partition(";")[0]
    assert story.get("/brief/projects", cookie=cookie)[0] == 200
    story.server.cli("housing-sweep", "users", "remove", "brief", *folder)
    assert story.get("/brief/projects", cookie=cookie)[0] == 303


def test_logging_out_takes_the_cookie_back(story: Story) -> None:
    status, headers, _ = story.send("POST", "/logout", "", {})
    assert status == 303
    assert 'housing_sweep_session=""' in headers["set-cookie"]
    assert story.send("GET", "/logout", None, {})[0] == 405


def test_pages_load_nothing_from_elsewhere_and_run_no_script_but_ours(story: Story) -> None:
    _, headers, _ = story.get("/")
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; connect-src")
    assert "unsafe" not in policy
    assert "http" not in policy
    status, headers, css = story.get("/static/style.css")
    assert (status, headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "url(" not in css
    assert "@import" not in css


@pytest.mark.parametrize(
    "path",
    [
        "/nobody/nothing",
        "/nobody/projects",
        "{e}/web/runs/none",
        "{e}/web/sweeps/none",
        "{e}/web/artifacts/model/model-web/v99",
        "{e}/web/artifacts/model/none/latest",
        "/orgs/nowhere/registry/model",
        "{e}/nothing",
    ],
)
def test_what_does_not_exist_is_a_page_that_says_so(story: Story, path: str) -> None:
    address = path.format(e=f"/{story.facts['entity']}")
    status, headers, text = story.get(address, key=story.server.api_key)
    assert status == 404
    assert headers["content-type"].startswith("text/html")
    assert "not found" in text


def test_a_wrong_order_is_a_page_that_says_so(story: Story) -> None:
    status, _, text = story.get(
        f"/{story.facts['entity']}/web?order=size", key=story.server.api_key
    )
    assert status == 400
    assert "size" in text


def test_the_pages_left_no_trace_of_trouble(story: Story) -> None:
    assert "Traceback" not in story.server.log()
    assert "bug" not in story.server.log()
