"""Requests as no client should send them: made from the schema and the routes, each by its number.

The same seed and number give the same request, on any machine: a finding can be asked again.
"""

import base64
import gzip
import hashlib
import itertools
import json
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)

LONE = "\ud800"
TEXTS = [
    *("", " ", "\x00", "a\x00b", "💥", LONE, f"x{LONE}y", "\udfff", "../..", "%2e%2e%2f", "a/b"),
    *("a" * 300, "a" * 5000, "null", "NaN", "-1", "9" * 30, str(2**63), "1e999", "\u202e", "\n\r"),
    *("'; DROP TABLE runs;--", "<script>alert(1)</script>", "{{7*7}}", "{0.__class__}", "%s%n"),
    *("latest", "v0", "v99999999999999999999", "v-1", "x:v0", "a:b:c", "-created_at", "+", "-"),
    *("+summary_metrics.x", "config.a.value", "=", "====", "QQ==", "UnVuOjE=", "é", "İ", "\u0660"),
    *("2020-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "PT1H"),
]
NUMBERS = [
    *(0, 1, -1, 2, 100, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1),
    *(10**30, 10**400, 1.5, -0.0, 1e308, float("nan"), float("inf"), float("-inf"), 1e-320),
]
OTHERS: list[object] = [
    None,
    True,
    False,
    [],
    {},
    [None],
    [[]],
    {"": 0},
    {"a": {"b": [1]}},
    [1, "a"],
]
FILTERS = [
    *(
        '{"$regex": "a"}',
        '{"name": {"$regex": "(a+)+$"}}',
        '{"name": {"$regex": "("}}',
        '{"$and": 1}',
    ),
    *(
        '{"$or": [{"name": "a"}, {"config.x": {"$gt": 1e400}}]}',
        '{"created_at": {"$lt": "x"}}',
        "{",
    ),
    *(
        '{"name": {"$in": [1, "a", null, {}]}}',
        '{"$not": {"$not": {}}}',
        '{"a\\u0000": 1}',
        "[]",
        "3",
    ),
    *('{"summary_metrics.loss": {"$gte": NaN}}', '{"state": "\\ud800"}', '{"tags": {"$in": []}}'),
    *('{"config.a": {"$exists": 7}}', '{"heartbeat_at": {"$gt": 1e300}}', '{"duration": "9e999"}'),
    *('{"created_at": {"$gt": "9999-12-31T23:59:59-14:00"}}', '{"name": {"$regex": "^(?!a)"}}'),
]
SPECS = [
    *(
        "{",
        "a: &a [*a]",
        "method: grid",
        "method: [a]",
        "[]",
        "null",
        "method: random\nparameters: 3",
    ),
    "{method: random, parameters: {x: {min: 0, max: 1}}, metric: {name: loss}}",
    "{method: grid, parameters: {x: {values: [1, 2, 'é', null, {a: 1}]}}, run_cap: 3}",
    "{method: grid, parameters: {x: {distribution: q_uniform, min: 0, max: 1.0e+9}}}",
    "{method: bayes, parameters: {x: {min: 0, max: 1}}, metric: {name: '', goal: maximize}}",
    "{method: bayes, parameters: {x: {min: 1.0e+300, max: 1.7e+308}}, metric: {name: l}}",
    "{method: random, parameters: {x: {distribution: normal, mu: 1.0e+308, sigma: 1.0e+308}}}",
    "{method: random, parameters: {x: {min: 0, max: 9223372036854775807}}}",
    "{method: random, parameters: {x: {distribution: q_normal, mu: 0, sigma: 1, q: 1.0e-300}}}",
    "{method: random, parameters: {x: {distribution: log_uniform_values, min: 1.0e-320, max: 1}}}",
    "{method: random, parameters: {x: {distribution: beta, a: 1.0e-300, b: 1}}, run_cap: 1}",
    "{method: random, parameters: {x: {values: [1], probabilities: [.nan]}}}",
    "{method: random, parameters: {x: {values: [1, 2], probabilities: 3}}}",
    "{method: random, parameters: {'': {parameters: {'': {value: .inf}}}}, name: {a: 1}}",
    "{method: random, parameters: {x: {value: 2020-01-01}}, early_terminate: {type: hyperband}}",
    "{method: random, parameters: {x: {value: 1}}, metric: {name: l},"
    " early_terminate: {type: hyperband, min_iter: 1.0e+300, eta: .inf, s: -1}}",
    "{method: random, parameters: {x: {value: 1}}, metric: {name: l},"
    " early_terminate: {type: hyperband, max_iter: 27, s: 2}, command: [1, {a: b}]}",
    "{scheduler: {job: 3}, parameters: {}, metrics: [{name: a}, {name: a}]}",
    "{controller: {type: local}, method: random, parameters: {x: {value: 1}}}",
]
VALUES: list[object] = [*TEXTS, *NUMBERS, *OTHERS]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"]


@dataclass(frozen=True)
class Strange:
    """One request.

    Attributes:
        kind: what it is about, for reports.
        hangs_up: whether the client goes away in the middle of its body.
    """

    kind: str
    method: str
    target: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hangs_up: bool = False


@dataclass(frozen=True)
class Known:
    """What is there, so that some requests get past the door.

    Attributes:
        key: a valid API key.
        names: argument (in lower case) -> values that it may sensibly have.
        paths: of signed URLs, with their tokens.
        routes: templates of this server's addresses.
    """

    key: str
    names: Mapping[str, list[str]]
    paths: list[str]
    routes: list[str]


class StrangeRequests:
    """Makes requests for one server, by number."""

    def __init__(self, schema: GraphQLSchema, known: Known, seed: int) -> None:
        self._schema, self._known, self._seed = schema, known, seed

    @property
    def key(self) -> str:
        """A valid API key."""
        return self._known.key

    @property
    def headers(self) -> dict[str, str]:
        """What its holder sends with a request."""
        credentials = base64.b64encode(f"api:{self.key}".encode()).decode()
        return {"authorization": f"Basic {credentials}"}

    def request(self, number: int) -> Strange:
        """Return one request."""
        return _Maker(self._schema, self._known, random.Random(f"{self._seed}/{number}")).request()


class _Maker:
    def __init__(self, schema: GraphQLSchema, known: Known, rng: random.Random) -> None:
        self.schema, self.known, self.rng = schema, known, rng
        self.declared: dict[str, tuple[str, object]] = {}
        self.aliases = itertools.count()

    def request(self) -> Strange:
        kinds: list[tuple[int, Callable[[], Strange]]] = [
            (55, self.operation),
            (8, self.broken_text),
            (6, self.envelope),
            (10, self.stream),
            (17, self.route),
            (4, self.signed),
        ]
        (make,) = self.rng.choices([make for _, make in kinds], [weight for weight, _ in kinds])
        return make()

    def one(self, *chances: tuple[float, Any]) -> Any:
        """Return one of some values by their weights."""
        return self.rng.choices([v for _, v in chances], [w for w, _ in chances])[0]

    # --- GraphQL -----------------------------------------------------------------------------

    def operation(self) -> Strange:
        text, variables = self.text()
        return self.post("operation", "/graphql", {"query": text, "variables": variables})

    def text(self) -> tuple[str, dict[str, object]]:
        self.declared = {}
        kind = self.one((6, self.schema.query_type), (4, self.schema.mutation_type))
        word = "query" if kind is self.schema.query_type else "mutation"
        count = self.one((8, 1), (1, 2), (1, 4))
        names = [self.rng.choice(list(kind.fields)) for _ in range(count)]
        fields = " ".join(
            f"f{n}: {self.field(name, kind.fields[name], 0)}" for n, name in enumerate(names)
        )
        heads = ", ".join(f"${name}: {spelled}" for name, (spelled, _) in self.declared.items())
        head = f"{word} Strange({heads})" if heads else f"{word} Strange"
        return f"{head} {{ {fields} }}", {name: value for name, (_, value) in self.declared.items()}

    def field(self, name: str, definition: GraphQLField, depth: int) -> str:
        arguments = []
        for argument, said in definition.args.items():
            required = isinstance(said.type, GraphQLNonNull)
            if required or self.rng.random() < 0.6:
                arguments.append(f"{argument}: {self.variable(argument, said.type)}")
        given = f"({', '.join(arguments)})" if arguments else ""
        return f"{name}{given}{self.selection(get_named_type(definition.type), depth + 1)}"

    def selection(self, kind: GraphQLNamedType, depth: int) -> str:
        if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            parts = [
                f"... on {t.name}{self.selection(t, depth)}"
                for t in self.schema.get_possible_types(kind)
            ]
            return f" {{ __typename {' '.join(parts) if depth < 5 else ''} }}"
        if not isinstance(kind, GraphQLObjectType):
            return ""
        plain = [
            n
            for n, f in kind.fields.items()
            if not isinstance(
                get_named_type(f.type), GraphQLObjectType | GraphQLUnionType | GraphQLInterfaceType
            )
        ]
        deep = [n for n in kind.fields if n not in plain]
        chosen = self.rng.sample(plain, min(len(plain), self.rng.randrange(1, 8)))
        if depth < 5 and deep:
            chosen += self.rng.sample(deep, min(len(deep), self.one((2, 1), (2, 2), (1, 3))))
        fields = [
            f"a{next(self.aliases)}: {self.field(name, kind.fields[name], depth)}"
            for name in chosen
        ]
        return f" {{ {' '.join(fields) or '__typename'} }}"

    def variable(self, name: str, kind: GraphQLInputType) -> str:
        spelled = f"v{len(self.declared)}"
        self.declared[spelled] = (str(kind), self.value(name, kind, 0))
        return f"${spelled}"

    def value(self, name: str, kind: GraphQLInputType, depth: int) -> object:
        """Return a value of a kind, or something else."""
        if self.rng.random() < 0.02:
            return self.rng.choice(VALUES)
        if isinstance(kind, GraphQLNonNull):
            return self.value(name, kind.of_type, depth)
        if isinstance(kind, GraphQLList):
            return [
                self.value(name, kind.of_type, depth + 1)
                for _ in range(self.one((1, 0), (6, 1), (2, 3)))
            ]
        if isinstance(kind, GraphQLInputObjectType):
            return {
                field: self.value(field, said.type, depth + 1)
                for field, said in kind.fields.items()
                if isinstance(said.type, GraphQLNonNull) or (depth < 5 and self.rng.random() < 0.5)
            }
        if isinstance(kind, GraphQLEnumType):
            return self.rng.choice([*kind.values] * 5 + ["NOPE"])
        return self.scalar(name, kind.name)

    def scalar(self, name: str, kind: str) -> object:
        sensible = self.known.names.get(name.lower())
        if sensible and self.rng.random() < 0.7:
            return self.rng.choice(sensible)
        match kind:
            case "Int" | "Int64" | "Float":
                return self.one((12, self.rng.randrange(30)), (1, self.rng.choice(NUMBERS)))
            case "Boolean":
                return self.rng.random() < 0.5
            case "ID":
                return self.identity(name)
            case "JSONString" | "JSON":
                return self.document(name)
        if name == "config":
            return self.one((1, self.rng.choice(SPECS)), (1, self.broken(self.rng.choice(SPECS))))
        return self.rng.choice(TEXTS)

    def identity(self, name: str) -> str:
        """Return the id that an argument's name asks for, or another."""
        base = name.removesuffix("s").removesuffix("Id").removesuffix("ID")
        base = base[:1].upper() + base[1:]
        kinds = [base, "ArtifactCollection"] if "equence" in base or "ortfolio" in base else [base]
        if base not in self.schema.type_map or self.rng.random() < 0.1:
            kinds = ["Run", "Sweep", "Agent", "Artifact", "Project", "User", "Entity", "File"]
        number = self.one((9, str(self.rng.randrange(1, 6))), (1, str(self.rng.choice(NUMBERS))))
        encoded = base64.b64encode(f"{self.rng.choice(kinds)}:{number}".encode()).decode()
        return str(self.one((12, encoded), (1, self.broken(encoded)), (1, self.rng.choice(TEXTS))))

    def document(self, name: str) -> str:
        if "filter" in name.lower():
            return (
                self.broken(self.rng.choice(FILTERS))
                if self.rng.random() < 0.4
                else self.rng.choice(FILTERS)
            )
        if self.rng.random() < 0.3:
            return self.rng.choice([*TEXTS, *FILTERS, *SPECS])
        nested: object = {self.rng.choice(TEXTS): self.rng.choice(VALUES) for _ in range(3)}
        for _ in range(self.one((6, 0), (2, 2), (1, 190), (1, 250))):
            nested = self.one((1, [nested]), (1, {"a": nested, "value": 1}))
        text = json.dumps(nested)
        return self.broken(text) if self.rng.random() < 0.2 else text

    def broken(self, text: str) -> str:
        for _ in range(self.rng.randrange(1, 4)):
            at = self.rng.randrange(len(text) + 1)
            what = self.rng.choice(
                [*'{}[]()"\\:,$@!|&*#\n\t', *TEXTS[:20], "...", "on", "fragment"]
            )
            text = text[:at] + self.one((1, what), (1, "")) + text[at + self.rng.randrange(3) :]
        return text

    def broken_text(self) -> Strange:
        text, variables = self.text()
        return self.post(
            "broken text", "/graphql", {"query": self.broken(text), "variables": variables}
        )

    def envelope(self) -> Strange:
        text, variables = self.text()
        body: dict[str, object] = {
            "query": text,
            "variables": variables,
            "operationName": "Strange",
        }
        for name in self.rng.sample(sorted(body), self.rng.randrange(1, 3)):
            body[name] = self.rng.choice(VALUES)
        return self.post("envelope", "/graphql", self.one((4, body), (1, self.rng.choice(VALUES))))

    # --- everything else -----------------------------------------------------------------------

    def stream(self) -> Strange:
        names = self.known.names
        path = "/".join(
            quote(
                str(
                    self.one((9, self.rng.choice(names[name])), (1, self.rng.choice(TEXTS)))
                ).encode("utf-8", "replace"),
                safe="",
            )
            for name in ("entityname", "projectname", "run")
        )
        files: dict[str, object] = {}
        for name in self.rng.sample(
            [
                "wandb-history.jsonl",
                "wandb-events.jsonl",
                "output.log",
                "wandb-summary.json",
                "new",
            ],
            2,
        ):
            lines = [self.document("line") for _ in range(self.rng.randrange(3))]
            offset = self.one((8, self.rng.randrange(3)), (2, self.rng.choice(VALUES)))
            files[name] = self.one(
                (8, {"offset": offset, "content": lines}), (2, self.rng.choice(VALUES))
            )
        body: dict[str, object] = {"files": self.one((9, files), (1, self.rng.choice(VALUES)))}
        for name in ("complete", "exitcode", "preempting", "uploaded", "dropped"):
            if self.rng.random() < 0.1:
                body[name] = self.rng.choice(VALUES)
        return self.post("stream", f"/files/{path}/file_stream", body)

    def route(self) -> Strange:
        template = self.rng.choice(self.known.routes)
        names = self.known.names
        pieces = []
        for piece in template.strip("/").split("/"):
            if piece.startswith("{"):
                name = piece.strip("{}").partition(":")[0].lower()
                known = names.get(name) or names.get(f"{name}name") or ["a/b/c/d"]
                piece = str(self.one((7, self.rng.choice(known)), (3, self.rng.choice(TEXTS))))
                piece = quote(
                    piece.encode("utf-8", "replace"), safe="/" if ":path" in template else ""
                )
            pieces.append(piece)
        target = "/" + "/".join(pieces)
        if self.rng.random() < 0.15:
            target = "/" + quote(self.broken(target).encode("utf-8", "replace"), safe="/%?&=")
        if self.rng.random() < 0.6:
            words = [
                "order",
                "after",
                "metric",
                "token",
                "entity",
                "project",
                "run",
                "sweep",
                "next",
                "tab",
            ]
            query = {
                self.rng.choice(words): self.scalar(self.rng.choice(words), "String")
                for _ in range(3)
            }
            target += "?" + urlencode(
                {k: str(v).encode("utf-8", "replace") for k, v in query.items()}
            )
        method = self.one((8, "GET"), (2, self.rng.choice(METHODS)))
        body = self.one((8, b""), (1, b"key=x&next=%2F%2Fevil"), (1, b"\xff\x00" * 50))
        return self.sent("route", method, target, body)

    def signed(self) -> Strange:
        target = self.rng.choice(self.known.paths)
        path, _, token = target.partition("?token=")
        token = self.one((4, token), (2, self.broken(token)), (1, self.rng.choice(TEXTS)))
        query = f"?token={quote(str(token).encode('utf-8', 'replace'), safe='.-_')}"
        body = self.one((1, b""), (1, b"some bytes"), (1, b"\x00" * 5000))
        return self.sent(
            "signed", self.rng.choice(METHODS), path + self.one((9, query), (1, "")), body
        )

    def post(self, kind: str, target: str, body: object) -> Strange:
        content = json.dumps(body, ensure_ascii=self.rng.random() < 0.9).encode(
            "utf-8", "surrogatepass"
        )
        if self.rng.random() < 0.04:
            at = self.rng.randrange(len(content) + 1)
            content = content[:at] + self.rng.randbytes(self.rng.randrange(4)) + content[at + 1 :]
        return self.sent(kind, "POST", target, content)

    def sent(self, kind: str, method: str, target: str, body: bytes) -> Strange:
        headers = {}
        credentials = base64.b64encode(f"api:{self.known.key}".encode()).decode()
        odd = [
            "Basic",
            "Basic !!",
            "Bearer x",
            "Basic " + "A" * 4000,
            "Basic /w==",
            "Basic YXBpOg==",
        ]
        who = self.one((93, f"Basic {credentials}"), (3, None), (4, self.rng.choice(odd)))
        if who is not None:
            headers["authorization"] = who
        if self.rng.random() < 0.3:
            headers["accept"] = self.rng.choice(
                ["text/html", "*/*", "application/json", "\x01"[:0]]
            )
        if self.rng.random() < 0.05:
            body = gzip.compress(body, mtime=0)
            headers["content-encoding"] = "gzip"
        if self.rng.random() < 0.1:
            name, values = self.rng.choice(
                [
                    ("content-encoding", ["gzip", "br", "deflate"]),
                    (
                        "cookie",
                        ["housing_sweep_session=x", "=;=;", "housing_sweep_session=a.b.c; x"],
                    ),
                    (
                        "range",
                        [
                            "bytes=0-",
                            "bytes=-0",
                            "bytes=9-1",
                            "bytes=0-0,1-1",
                            "lines=1",
                            "bytes=x",
                        ],
                    ),
                    ("if-range", ["x"]),
                    ("origin", ["null", "http://evil", "http://["]),
                    ("x-wandb-use-async-filestream", ["true"]),
                    ("content-type", ["multipart/form-data", "text/plain; charset=nope", ""]),
                    ("x-forwarded-proto", ["https", "javascript"]),
                    ("host", ["evil/path", "a b", "[::1]:99999", "x" * 300]),
                ]
            )
            headers[name] = self.rng.choice(values)
        return Strange(kind, method, target, body, headers, hangs_up=self.rng.random() < 0.01)


Ask = Callable[..., Any]
"""(query, **variables) -> data."""

RUN = """mutation($name: String!, $entity: String!) { upsertBucket(input: {name: $name,
    modelName: "fuzz", entityName: $entity,
    config: "{\\"a\\": {\\"value\\": 1}}", summaryMetrics: "{\\"loss\\": 0.5}", tags: ["t"]}) {
    bucket { id } } }"""
SWEEP = """mutation($config: String!, $entity: String!) { upsertSweep(input: {config: $config,
    projectName: "fuzz", entityName: $entity}) {
    sweep { id name } } }"""
AGENT = """mutation($sweep: String!, $entity: String!) { createAgent(input: {host: "h",
    projectName: "fuzz", entityName: $entity,
    sweep: $sweep}) { agent { id } } }"""
DRAFT = """mutation($entity: String!, $digest: String!) { createArtifact(input: {
    artifactTypeName: "model", artifactCollectionName: "nets", entityName: $entity,
    projectName: "fuzz", runName: "r1", digest: $digest, aliases: [{artifactCollectionName: "nets",
    alias: "best"}]}) { artifact { id } } }"""
MANIFEST = """mutation($id: ID!, $entity: String!, $digest: String!) {
    createArtifactManifest(input: { artifactID: $id, name: "wandb_manifest.json",
    digest: $digest, entityName: $entity,
    projectName: "fuzz", runName: "r1"}) { artifactManifest { file { uploadUrl } } } }"""
FILE = """mutation($entity: String!) { createRunFiles(input: {entityName: $entity,
    projectName: "fuzz", runName: "r1", files: ["a.txt"]}) { files { uploadUrl } } }"""
COMMIT = "mutation($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id } } }"


def furnish(
    ask: Ask, put: Callable[[str, bytes], None], user: str
) -> tuple[dict[str, list[str]], list[str]]:
    """Make one of each thing; return names by argument, and signed paths.

    Args:
        ask: sends a GraphQL request, and raises if that fails.
        put: (URL, bytes), to upload.
        user: the owner's name.
    """
    for name in ("r1", "r2"):
        ask(RUN, name=name, entity=user)
    new = [ask(SWEEP, config=text, entity=user)["upsertSweep"]["sweep"] for text in SPECS[7:9]]
    agents = [
        ask(AGENT, sweep=sweep["name"], entity=user)["createAgent"]["agent"]["id"] for sweep in new
    ]
    body = b'{"version": 1, "contents": {}}'
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    draft = ask(DRAFT, entity=user, digest=os.urandom(16).hex())["createArtifact"]["artifact"]["id"]
    manifest = ask(MANIFEST, id=draft, entity=user, digest=digest)["createArtifactManifest"]
    urls = [manifest["artifactManifest"]["file"]["uploadUrl"]]
    put(urls[0], body)
    ask(COMMIT, id=draft)
    urls += [file["uploadUrl"] for file in ask(FILE, entity=user)["createRunFiles"]["files"]]
    open_draft = ask(DRAFT, entity=user, digest=os.urandom(16).hex())["createArtifact"]["artifact"][
        "id"
    ]
    sweeps = [sweep["name"] for sweep in new]
    things = ["r1", "r2", *sweeps, "nets", "nets:v0", "nets:best", "model", "fuzz", user]
    groups: dict[str, list[str]] = {
        "entityname entity organization username": [user],
        "projectname project modelname models": ["fuzz"],
        "run runname bucketname": ["r1", "r2"],
        "sweep sweepname": sweeps,
        "artifactid artifactids": [draft, open_draft],
        "artifactcollectionname collection sequence": ["nets"],
        "artifacttypename type artifacttype": ["model"],
        "filters filter where": FILTERS,
        "id": [*agents, draft, *(sweep["id"] for sweep in new)],
        "name": things,
        "after cursor": [base64.b64encode(f"at:{n}".encode()).decode() for n in (0, 1, 99)],
        "version": ["v0", "latest", "best"],
        "state": ["RUNNING", "PAUSED", "finished", "CANCELED"],
        "order": ["-created_at", "+summary_metrics.loss", "config.a.value", "-"],
    }
    names = {name: values for group, values in groups.items() for name in group.split()}
    paths = ["/" + url.split("/", 3)[3] for url in urls]
    return names, paths
