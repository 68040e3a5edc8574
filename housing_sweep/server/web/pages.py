"""The pages: the start, projects, runs, sweeps, artifact versions and registries."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote, urlencode

import yaml
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from housing_sweep.errors import HousingSweepError, NotLoggedIn, PermissionDenied
from housing_sweep.server.edge.request import request_context
from housing_sweep.server.graphql.execute import Api
from housing_sweep.server.rules.names import REGISTRY_PREFIX
from housing_sweep.server.services.context import Context
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.web import queries
from housing_sweep.server.web.queries import ask, found, nodes
from housing_sweep.server.web.rendering import render, segment, style_endpoint
from housing_sweep.server.web.run_charts import Series, running_best
from housing_sweep.server.web.session import login_endpoint, logout_endpoint, signed_in

Endpoint = Callable[[Request], Awaitable[Response]]
Page = Callable[[Api, Context, Request], Response]

METRIC_COLUMNS = 6


def page_routes(server: Server, api: Api) -> list[BaseRoute]:
    """Return the routes of every page; W&B's SDK prints these addresses."""
    return [
        Route("/", _endpoint(server, api, home)),
        Route("/login", login_endpoint(server), methods=["GET", "POST"]),
        Route("/logout", logout_endpoint, methods=["POST"]),
        Route("/static/style.css", style_endpoint),
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
        ctx = request_context(request, server.services)
        ctx.user = ctx.user or signed_in(server.services, request)
        if ctx.user is None and request.url.path != "/":
            return _to_login(request)
        try:
            return page(api, ctx, request)
        except HousingSweepError as error:
            return render("error.html", _name(ctx), status=error.http_status, error=error)

    async def endpoint(request: Request) -> Response:
        return await server.run(lambda: show(request))

    return endpoint


def _to_login(request: Request) -> Response:
    """Send a browser to the login.

    Raises:
        NotLoggedIn: it is no browser.
    """
    if "text/html" not in request.headers.get("accept", ""):
        raise NotLoggedIn("user is not logged in", fix="open this address in a browser")
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?{urlencode({'next': asked})}", status_code=303)


def _name(ctx: Context) -> str | None:
    return ctx.user.name if ctx.user else None


def home(api: Api, ctx: Context, _request: Request) -> Response:
    """Say how to connect; to who is logged in, show their projects and registries."""
    if ctx.user is None:
        return render("home.html", None, base_url=ctx.base_url, entities=[], organizations=[])
    viewer = ask(api, ctx, queries.HOME, first=500)["viewer"]
    entities = [
        (team["name"], nodes(ask(api, ctx, queries.PROJECTS, entity=team["name"])["models"]))
        for team in nodes(viewer["teams"])
    ]
    organizations = [
        (held["name"], held["orgEntity"]["name"], nodes(held["orgEntity"]["projects"]))
        for held in viewer["organizations"]
    ]
    return render(
        "home.html",
        _name(ctx),
        base_url=ctx.base_url,
        entities=entities,
        organizations=organizations,
    )


def projects(api: Api, ctx: Context, request: Request) -> Response:
    """Show an entity's projects."""
    entity = request.path_params["entity"]
    held = nodes(ask(api, ctx, queries.PROJECTS, entity=entity)["models"])
    return render("projects.html", _name(ctx), entity=entity, projects=held)


def project(api: Api, ctx: Context, request: Request) -> Response:
    """Show a project: its best run, runs, sweeps and artifacts; of a registry, what is linked."""
    order = request.query_params.get("order") or "-created_at"
    metric = request.query_params.get("metric") or "val_rmse"
    held = found(
        ask(
            api,
            ctx,
            queries.PROJECT,
            entity=request.path_params["entity"],
            project=request.path_params["project"],
            order=order,
            after=request.query_params.get("after"),
            best=f"+summary_metrics.{metric}",
            finished=json.dumps({"state": "finished", f"summary_metrics.{metric}": {"$exists": 1}}),
        )["project"],
        "project {entity}/{project}".format(**request.path_params),
    )
    runs = nodes(held["runs"])
    more = held["runs"]["pageInfo"]["hasNextPage"]
    return render(
        "registry.html" if held["name"].startswith(REGISTRY_PREFIX) else "project.html",
        _name(ctx),
        project=held,
        runs=[_with_metrics(one) for one in runs],
        metrics=queries.metric_names(runs, METRIC_COLUMNS),
        order=order,
        metric=metric,
        best=next(map(_with_metrics, nodes(held["best"])), None),
        collections=[_collection(held, one) for one in nodes(held["artifactCollections"])],
        onward=held["runs"]["edges"][-1]["cursor"] if more else None,
    )


def _with_metrics(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "metrics": queries.numbers(queries.parsed(run["summaryMetrics"]))}


def _collection(project: dict[str, Any], held: dict[str, Any]) -> dict[str, Any]:
    """Return a collection with its versions and the aliases that live in it."""
    versions = [
        {
            "name": edge["version"],
            "created": edge["node"]["createdAt"],
            "size": edge["node"]["size"],
            "aliases": [
                one["alias"]
                for one in edge["node"]["aliases"]
                if one["artifactCollection"]["name"] == held["name"]
                and (one["artifactCollection"]["project"] or {}).get("name") == project["name"]
            ],
        }
        for edge in held["artifacts"]["edges"]
    ]
    return {**held, "type": held["defaultArtifactType"]["name"], "versions": versions}


def run(api: Api, ctx: Context, request: Request) -> Response:
    """Show a run: its curves, summary, config, console, files and artifacts."""
    where = request.path_params
    project = ask(api, ctx, queries.RUN, **where)["project"]
    held = found(project and project["run"], "run {entity}/{project}/{run}".format(**where))
    summary = {
        name: value
        for name, value in queries.flat(queries.parsed(held["summaryMetrics"])).items()
        if not name.startswith("_")
    }
    return render(
        "run.html",
        _name(ctx),
        where=where,
        run=held,
        summary=dict(sorted(summary.items())),
        config=queries.plain_config(held["config"]),
        curves=queries.curves(held["history"] or []),
        console=nodes(held["logLines"]),
        files=nodes(held["files"]),
        inputs=nodes(held["inputArtifacts"]),
        outputs=nodes(held["outputArtifacts"]),
    )


def sweep(api: Api, ctx: Context, request: Request) -> Response:
    """Show a sweep: its best trial so far, and every trial with its parameters."""
    where = request.path_params
    filters = json.dumps({"sweep": where["sweep"]})
    project = ask(api, ctx, queries.SWEEP, **where, filters=filters)["project"]
    held = found(project and project["sweep"], "sweep {entity}/{project}/{sweep}".format(**where))
    spec = _spec(held["config"])
    goal = spec.get("metric")
    goal = goal if isinstance(goal, dict) else {}
    metric, maximize = str(goal.get("name", "")), goal.get("goal") == "maximize"
    trials = [
        {**_with_metrics(one), "config": queries.plain_config(one["config"])}
        for one in nodes(project["runs"])
    ]
    points = [
        (float(number), one["metrics"][metric])
        for number, one in enumerate(trials, start=1)
        if metric in one["metrics"]
    ]
    best = running_best(points, maximize)
    return render(
        "sweep.html",
        _name(ctx),
        where=where,
        sweep=held,
        metric=metric,
        trials=trials,
        best=next((t for t in trials if best and t["metrics"].get(metric) == best[-1][1]), None),
        parameters=_varied(trials),
        agents=nodes(held["agents"]),
        series=[Series("trial", points, "dots"), Series("best so far", best, "steps")],
    )


def _spec(text: str) -> dict[str, Any]:
    try:
        spec = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return spec if isinstance(spec, dict) else {}


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
    asked = {"entity": where["entity"], "project": where["project"], "name": name}
    project = ask(api, ctx, queries.VERSION, **asked)["project"]
    held = found(
        project and project["artifactCollectionMembership"],
        f"artifact {where['entity']}/{where['project']}/{name}",
    )
    files, withheld = [], ""
    try:
        project = ask(api, ctx, queries.FILES, **asked)["project"]
        files = nodes(project["artifactCollectionMembership"]["files"])
    except PermissionDenied as error:
        withheld = error.what
    return render(
        "version.html",
        _name(ctx),
        where=where,
        membership=held,
        artifact=found(held["artifact"], name),
        metadata=dict(sorted(queries.flat(queries.parsed(held["artifact"]["metadata"])).items())),
        files=files,
        withheld=withheld,
        users=nodes(held["artifact"]["usedBy"]),
        places=nodes(held["artifact"]["artifactMemberships"]),
    )


def registry(api: Api, ctx: Context, request: Request) -> Response:
    """Go from W&B's address of a registry, or of a version in it, to ours."""
    where = request.path_params
    query = "query($o: String!) { organization(name: $o) { orgEntity { name } } }"
    organization = ask(api, ctx, query, o=where["organization"])["organization"]
    owner = found(organization, f"organization {where['organization']}")["orgEntity"]["name"]
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
