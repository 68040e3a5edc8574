"""The pages: the start, projects, runs, sweeps, artifact versions and registries."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from housing_sweep.errors import BadInput, HousingSweepError, NotLoggedIn, PermissionDenied
from housing_sweep.search.score import Score, score_of
from housing_sweep.server.edge.request import request_context
from housing_sweep.server.graphql.execute import Api
from housing_sweep.server.rules.names import REGISTRY_PREFIX
from housing_sweep.server.services.context import Context
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.people import keys, sessions
from housing_sweep.server.sweeping.specs import spec_of
from housing_sweep.server.web import queries
from housing_sweep.server.web.live import live_endpoint, script_endpoint
from housing_sweep.server.web.queries import nodes, query, require
from housing_sweep.server.web.rendering import render, segment, style_endpoint
from housing_sweep.server.web.run_charts import Series, running_best
from housing_sweep.server.web.session import (
    admit,
    login_endpoint,
    logout_endpoint,
    require_own_form,
    session_of,
)

Endpoint = Callable[[Request], Awaitable[Response]]
Page = Callable[[Api, Context, Request], Response]

METRIC_COLUMNS = 6


def page_routes(server: Server, api: Api) -> list[BaseRoute]:
    """Return the routes of every page; W&B's SDK prints these addresses."""
    return [
        Route("/", _endpoint(server, api, home)),
        Route("/login", login_endpoint(server), methods=["GET", "POST"]),
        Route("/logout", logout_endpoint(server), methods=["POST"]),
        Route("/authorize", _endpoint(server, api, authorize), methods=["GET", "POST"]),
        Route("/static/style.css", style_endpoint),
        Route("/static/live.js", script_endpoint),
        Route("/live", live_endpoint(server)),
        Route("/orgs/{organization}/registry/{registry}", _endpoint(server, api, registry)),
        Route("/{entity}/registry/model", _endpoint(server, api, model_registry)),
        Route("/{entity}/projects", _endpoint(server, api, projects)),
        Route("/{entity}/{project}", _endpoint(server, api, project)),
        Route("/{entity}/{project}/workspace", _endpoint(server, api, project)),
        Route("/{entity}/{project}/runs/{run}", _endpoint(server, api, run)),
        Route("/{entity}/{project}/sweeps/{sweep}", _endpoint(server, api, sweep)),
        Route(
            "/{entity}/{project}/artifacts/{type}/{collection}/{version}",
            _endpoint(server, api, version),
        ),
    ]


def _endpoint(server: Server, api: Api, page: Page) -> Endpoint:
    """Return an endpoint that shows a page to who is logged in, and the login to others."""

    def show(request: Request) -> Response:
        ctx = admit(request_context(request, server.services), request)
        if ctx.user is None and request.url.path != "/":
            return _to_login(request)
        try:
            return page(api, ctx, request)
        except HousingSweepError as error:
            return render("error.html", _name(ctx), status=error.http_status, error=error)

    async def endpoint(request: Request) -> Response:
        return await server.run_reading(lambda: show(request))

    return endpoint


def _to_login(request: Request) -> Response:
    """Send a browser to the login.

    Raises:
        NotLoggedIn: it is no browser.
    """
    if "text/html" not in request.headers.get("accept", ""):
        raise NotLoggedIn("user is not logged in", fix="open this address in a browser")
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?{urlencode({'next': address})}", status_code=303)


def _name(ctx: Context) -> str | None:
    return ctx.user.name if ctx.user else None


def home(api: Api, ctx: Context, _request: Request) -> Response:
    """Say how to connect; to who is logged in, show their projects and registries."""
    if ctx.user is None:
        return render("home.html", None, base_url=ctx.base_url, entities=[], organizations=[])
    viewer = query(api, ctx, queries.HOME, first=500)["viewer"]
    entities = [
        (team["name"], nodes(query(api, ctx, queries.PROJECTS, entity=team["name"])["models"]))
        for team in nodes(viewer["teams"])
    ]
    organizations = [
        (one["name"], one["orgEntity"]["name"], nodes(one["orgEntity"]["projects"]))
        for one in viewer["organizations"]
    ]
    return render(
        "home.html",
        _name(ctx),
        base_url=ctx.base_url,
        entities=entities,
        organizations=organizations,
    )


def authorize(_api: Api, ctx: Context, request: Request) -> Response:
    """Show the key that this browser logged in with: `wandb login` sends people here for it.

    It is in memory only; after a restart the page offers to make another one. Looking changes
    nothing, so that a link to here cannot either.
    """
    session, fresh_keys = session_of(ctx.services, request), ctx.services.fresh_keys
    if session is None:  # who sends a key with the request has one
        return _to_login(request)
    if request.method == "POST":
        require_own_form(request)
        secret = keys.new_api_key()
        keys.add(ctx.db, ctx.viewer.id, secret, description="made at /authorize", now=ctx.now)
        fresh_keys.keep(session.id, secret, sessions.alive(ctx.db))
        return RedirectResponse("/authorize", status_code=303)
    return render("authorize.html", _name(ctx), api_key=fresh_keys.of_session(session.id))


def projects(api: Api, ctx: Context, request: Request) -> Response:
    """Show an entity's projects."""
    entity = request.path_params["entity"]
    rows = nodes(query(api, ctx, queries.PROJECTS, entity=entity)["models"])
    return render("projects.html", _name(ctx), entity=entity, projects=rows)


def project(api: Api, ctx: Context, request: Request) -> Response:
    """Show a project: its best run, runs, sweeps and artifacts; of a registry, what is linked."""
    where, order = request.path_params, request.query_params.get("order") or "-created_at"
    after = request.query_params.get("after")
    answer = query(api, ctx, queries.PROJECT, **where, order=order, after=after)["project"]
    project = require(answer, "project {entity}/{project}".format(**where))
    score = _score([sweep["config"] for sweep in nodes(project["newest"])], request)
    runs = nodes(project["runs"])
    more = project["runs"]["pageInfo"]["hasNextPage"]
    return render(
        "registry.html" if project["name"].startswith(REGISTRY_PREFIX) else "project.html",
        _name(ctx),
        project=project,
        runs=[_with_metrics(one) for one in runs],
        metrics=queries.metric_names(runs, METRIC_COLUMNS),
        order=order,
        score=score,
        best=_best(api, ctx, where, score) if project["runCount"] else None,
        collections=[_collection(project, one) for one in nodes(project["artifactCollections"])],
        onward=project["runs"]["edges"][-1]["cursor"] if more else None,
    )


def _score(spec_texts: list[str], request: Request) -> Score | None:
    """Return what a project's runs are compared by, or None if nothing says which way is good.

    The newest sweep's first objective, or the metric that the address names.
    """
    specs = [spec_of(text) for text in spec_texts]
    goals = {one.name: one.goal for spec in specs for one in spec.objectives}
    try:
        return score_of(goals, request.query_params.get("metric") or next(iter(goals), None))
    except BadInput:
        return None


def _best(
    api: Api, ctx: Context, where: Mapping[str, str], score: Score | None
) -> dict[str, Any] | None:
    """Return the best run of a project or sweep, with its score."""
    run = queries.best_run(api, ctx, **where, score=score) if score else None
    if score is None or run is None:
        return None
    return {**run, "score": score.read(queries.parsed(run["summaryMetrics"]))}


def _with_metrics(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "metrics": queries.numbers(queries.parsed(run["summaryMetrics"]))}


def _collection(project: dict[str, Any], collection: dict[str, Any]) -> dict[str, Any]:
    """Return a collection with its versions and the aliases that live in it."""
    versions = [
        {
            "name": edge["version"],
            "created": edge["node"]["createdAt"],
            "tags": [tag["name"] for tag in edge["node"]["tags"]],
            "size": edge["node"]["size"],
            "aliases": [
                one["alias"]
                for one in edge["node"]["aliases"]
                if one["artifactCollection"]["name"] == collection["name"]
                and (one["artifactCollection"]["project"] or {}).get("name") == project["name"]
            ],
        }
        for edge in collection["artifacts"]["edges"]
    ]
    kind = collection["defaultArtifactType"]["name"]
    return {**collection, "type": kind, "versions": versions}


def run(api: Api, ctx: Context, request: Request) -> Response:
    """Show a run: its curves, summary, config, console, files and artifacts."""
    where = request.path_params
    project = query(api, ctx, queries.RUN, **where)["project"]
    run = require(project and project["run"], "run {entity}/{project}/{run}".format(**where))
    files, withheld = _files(api, ctx, queries.RUN_FILES, "run", where)
    summary = {
        name: value
        for name, value in queries.flat(queries.parsed(run["summaryMetrics"])).items()
        if not name.startswith("_")
    }
    return render(
        "run.html",
        _name(ctx),
        where=where,
        run=run,
        summary=dict(sorted(summary.items())),
        config=queries.plain_config(run["config"]),
        curves=queries.curves(run["history"] or []),
        console=nodes(run["logLines"]),
        files=files,
        withheld=withheld,
        inputs=nodes(run["inputArtifacts"]),
        outputs=nodes(run["outputArtifacts"]),
    )


def _files(
    api: Api, ctx: Context, text: str, owner: str, where: Mapping[str, str]
) -> tuple[list[Any], str]:
    """Return files to download, or why the viewer gets none."""
    try:
        project = query(api, ctx, text, **where)["project"]
    except PermissionDenied as error:
        return [], error.what
    return nodes(project[owner]["files"]), ""


def sweep(api: Api, ctx: Context, request: Request) -> Response:
    """Show a sweep: its best trial so far, and every trial with its parameters."""
    where = request.path_params
    filters = json.dumps({"sweep": where["sweep"]})
    project = query(api, ctx, queries.SWEEP, **where, filters=filters)["project"]
    sweep = require(
        project and project["sweep"], "sweep {entity}/{project}/{sweep}".format(**where)
    )
    objectives = spec_of(sweep["config"]).objectives
    score = objectives[0].score if objectives else None
    trials = [_trial(run, score) for run in nodes(project["runs"])]
    return render(
        "sweep.html",
        _name(ctx),
        where=where,
        sweep=sweep,
        score=score,
        trials=trials,
        best=_best(api, ctx, where, score),
        parameters=_varied(trials),
        agents=nodes(sweep["agents"]),
        series=_trial_series(trials, score) if score else [],
    )


def _trial(run: dict[str, Any], score: Score | None) -> dict[str, Any]:
    value = score.read(queries.parsed(run["summaryMetrics"])) if score else None
    return {**run, "score": value, "config": queries.plain_config(run["config"])}


def _trial_series(trials: list[dict[str, Any]], score: Score) -> list[Series]:
    """Return every trial's score so far, and the best one of those that finished until then."""
    scored = [
        (float(number), trial["score"], trial["state"] == "finished")
        for number, trial in enumerate(trials, start=1)
        if trial["score"] is not None
    ]
    points = [(number, value) for number, value, _ in scored]
    finished = [(number, value) for number, value, is_finished in scored if is_finished]
    return [
        Series("trial", points, "dots"),
        Series("best so far", running_best(finished, score), "steps"),
    ]


def _varied(trials: list[dict[str, Any]]) -> list[str]:
    """Return the parameters that differ between trials; with one trial, all of them."""
    names = sorted({name for trial in trials for name in trial["config"]})
    if len(trials) < 2:
        return names
    return [n for n in names if len({repr(trial["config"].get(n)) for trial in trials}) > 1]


def version(api: Api, ctx: Context, request: Request) -> Response:
    """Show an artifact version: files, metadata, and where it comes from and went."""
    where = request.path_params
    name = "{collection}:{version}".format(**where)
    address = {"entity": where["entity"], "project": where["project"], "name": name}
    project = query(api, ctx, queries.VERSION, **address)["project"]
    membership = require(
        project and project["artifactCollectionMembership"],
        f"artifact {where['entity']}/{where['project']}/{name}",
    )
    files, withheld = _files(api, ctx, queries.FILES, "artifactCollectionMembership", address)
    return render(
        "version.html",
        _name(ctx),
        where=where,
        membership=membership,
        artifact=require(membership["artifact"], name),
        metadata=dict(
            sorted(queries.flat(queries.parsed(membership["artifact"]["metadata"])).items())
        ),
        files=files,
        withheld=withheld,
        users=nodes(membership["artifact"]["usedBy"]),
        places=nodes(membership["artifact"]["artifactMemberships"]),
    )


def registry(api: Api, ctx: Context, request: Request) -> Response:
    """Go from W&B's address of a registry, or of a version in it, to ours."""
    where = request.path_params
    text = "query($o: String!) { organization(name: $o) { orgEntity { name } } }"
    organization = query(api, ctx, text, o=where["organization"])["organization"]
    owner = require(organization, f"organization {where['organization']}")["orgEntity"]["name"]
    return _selected(request, f"/{segment(owner)}/{segment(REGISTRY_PREFIX + where['registry'])}")


def model_registry(_api: Api, _ctx: Context, request: Request) -> Response:
    """Go from W&B's old address of a registered model to ours."""
    return _selected(request, f"/{segment(request.path_params['entity'])}/model-registry")


def _selected(request: Request, home: str) -> Response:
    """Go to the version that `selectionPath=.../COLLECTION&version=v0` names, or home."""
    collection = unquote(request.query_params.get("selectionPath", "")).rpartition("/")[2]
    version = request.query_params.get("version")
    if collection and version:
        home += f"/artifacts/-/{segment(collection)}/{segment(version)}"
    return RedirectResponse(home, status_code=303)
