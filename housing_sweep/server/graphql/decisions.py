"""What the viewer gets of each object that a field returns, whatever path led there.

Every object type of the schema has its line here: asked of `services/rights.py` each time, or a
part of its parent. A schema with a type that has none does not start. What is asked stands
between a resolver and the answer, so that a new edge to an old type is decided already.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from graphql.type import get_nullable_type

from housing_sweep.errors import NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info
from housing_sweep.server.services import rights
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.artifacts.collections import ArtifactType, Collection
from housing_sweep.server.store.people.users import Entity, User

Resolver = Callable[..., Any]

ASKED: Mapping[str, Callable[[Context, Any], bool]] = {
    **dict.fromkeys(("Project", "Run", "Sweep", "Agent"), rights.sees),
    **dict.fromkeys(("Artifact", "ArtifactType", "ArtifactAlias", "ArtifactManifest"), rights.sees),
    **dict.fromkeys(("ArtifactSequence", "ArtifactPortfolio", "ArtifactCollection"), rights.sees),
    **dict.fromkeys(("ArtifactCollectionMembership", "ArtifactCreator"), rights.sees),
    **dict.fromkeys(("User", "Entity", "Organization", "ApiKey"), rights.sees),
    "Member": lambda ctx, listed: rights.lists(ctx, listed.team),
    "File": lambda ctx, file: rights.downloads(ctx, file["owner"]),
    "ClientIDMapping": lambda ctx, mapping: rights.sees(ctx, mapping["artifact"]),
}
"""Type -> whether the viewer may see an object of it, asked of each one that a field returns."""

PART_OF: Mapping[str, frozenset[str]] = {
    "Tag": frozenset({"Artifact", "TagEdge", "TagsPayload"}),
    "NameNode": frozenset({"NameEdge"}),
    "LogLine": frozenset({"LogLineEdge"}),
    "ParquetHistory": frozenset({"Run"}),
    "UploadMultipartUrls": frozenset({"File"}),
    "UploadUrlPart": frozenset({"UploadMultipartUrls"}),
    "ProjectMember": frozenset({"Project"}),
    "ProjectTeamMember": frozenset({"Project"}),
    "Role": frozenset({"ProjectMember", "ProjectTeamMember"}),
    "AdvancedRegistryFeatures": frozenset({"Organization"}),
    "FeatureFlag": frozenset({"Organization"}),
    "Invite": frozenset({"InvitePayload"}),
    "Chart": frozenset({"CreateCustomChartPayload"}),
    "ServerInfo": frozenset({"Query"}),
    "Feature": frozenset({"ServerInfo"}),
    "LatestLocalVersion": frozenset({"ServerInfo"}),
}
"""Type -> the types that it is a part of: who sees one of those sees it."""

PAGES = ("Connection", "Edge", "PageInfo")
"""Ends of the names of pages: decided node by node."""

PAYLOAD = "Payload"
"""End of the names of what a mutation answers: it says who may; what it returns is asked."""

NAMED = frozenset(
    {
        ("Artifact", "artifactSequence"),
        ("Artifact", "artifactType"),
        ("Artifact", "createdBy"),
        ("ArtifactSequence", "defaultArtifactType"),
        ("Run", "user"),
        ("Project", "user"),
        ("Invite", "toUser"),
        ("Query", "entity"),
        ("Project", "entity"),
        ("Organization", "orgEntity"),
        ("ProjectTeamMember", "team"),
    }
)
"""Fields that give of an object that the viewer may not see its name, and nothing behind it.

A linked version says what its source is called, a run who made it. Names of entities are open to
all: a free one must be told from a taken one.
"""

_SCALARS_OF_ENTITIES = frozenset(
    [
        "id",
        "name",
        "available",
        "photoUrl",
        "readOnly",
        "readOnlyAdmin",
        "isTeam",
        "entityType",
        "privateOnly",
        "storageBytes",
        "codeSavingEnabled",
        "defaultAccess",
        "isPaid",
        "limits",
        "xxhashDigestsEnabled",
    ]
)
NAMES: Mapping[str, frozenset[str]] = {
    "ArtifactSequence": frozenset({"id", "name", "createdAt", "defaultArtifactType", "state"}),
    "ArtifactType": frozenset({"id", "name", "createdAt"}),
    "User": frozenset({"id", "name", "username", "deletedAt"}),
    # Its projects and what is in them are asked one by one: a project may name a stranger.
    "Entity": _SCALARS_OF_ENTITIES | {"project", "projects"},
}
"""Type -> the fields that say what an object is called; the others of a closed one are empty."""


CLOSABLE = (ArtifactType, Collection, Entity, User)
"""The rows of those types."""


@dataclass(frozen=True, slots=True)
class Closed:
    """An object of which the viewer gets the name alone."""

    row: Any


def decision_of(type_name: str) -> str:
    """Return how objects of a type are decided, in a word: asked, part, page or payload.

    Raises:
        LookupError: nobody decided.
    """
    if type_name in ASKED:
        return "asked"
    if type_name in PART_OF:
        return "part"
    if type_name.endswith(PAGES):
        return "page"
    if type_name.endswith(PAYLOAD) or type_name in ("Query", "Mutation"):
        return "payload"
    raise LookupError(f"nobody decided who may see a {type_name}: enter it in graphql/decisions.py")


def install(schema: GraphQLSchema, resolve_attribute: Resolver) -> None:
    """Put each decision between the resolvers of a schema and its answers.

    Raises:
        LookupError: a type has no decision, or is reached as a part of what it is no part of.
    """
    for parent in schema.type_map.values():
        if parent.name.startswith("__"):
            continue
        if isinstance(parent, GraphQLInterfaceType | GraphQLUnionType):
            decision_of(parent.name)
            _open_for_its_type(parent)
        if isinstance(parent, GraphQLObjectType):
            decision_of(parent.name)
            for name, field in parent.fields.items():
                _decide(parent.name, name, field, resolve_attribute)


def _open_for_its_type(kind: Any) -> None:
    of_row = kind.resolve_type

    def of_closed(value: Any, info: Info, abstract: Any) -> Any:
        return of_row(value.row if isinstance(value, Closed) else value, info, abstract)

    if of_row is not None:
        kind.resolve_type = of_closed


def _decide(parent: str, name: str, field: GraphQLField, resolve_attribute: Resolver) -> None:
    kind = get_named_type(field.type)
    resolver = field.resolve or resolve_attribute
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
        decision = decision_of(kind.name)
        if decision == "part" and parent not in PART_OF[kind.name]:
            raise LookupError(f"{parent}.{name}: a {kind.name} is no part of a {parent}")
        # An edge is reached through its page only, which has asked already.
        if decision == "asked" and not parent.endswith("Edge"):
            resolver = _asked(resolver, ASKED[kind.name], field, (parent, name) in NAMED)
        elif kind.name.endswith("Connection"):
            resolver = _paged(resolver, _node_of(kind))
    if parent in NAMES:
        resolver = _named(resolver, name in NAMES[parent], field)
    if resolver is not resolve_attribute:
        field.resolve = resolver


def _asked(
    resolver: Resolver, sees: Callable[[Context, Any], bool], field: GraphQLField, by_name: bool
) -> Resolver:
    """Return a resolver of which only what the viewer may see comes through."""
    many = is_list_type(get_nullable_type(field.type))
    required = is_non_null_type(field.type)

    def resolve(source: Any, info: Info, **arguments: Any) -> Any:
        value = resolver(source, info, **arguments)
        if value is None:
            return None
        if many:
            return [item for item in value if sees(info.context, item)]
        if sees(info.context, value):
            return value
        if by_name and isinstance(value, CLOSABLE):
            return Closed(value)
        if required:
            raise NotFound(f"{info.field_name} not found", fix="it may not be yours to see")
        return None

    return resolve


def _paged(resolver: Resolver, node_type: str) -> Resolver:
    """Return a resolver of pages without the edges whose nodes the viewer may not see."""
    sees = ASKED.get(node_type)
    if sees is None:
        return resolver

    def resolve(source: Any, info: Info, **arguments: Any) -> Any:
        page = resolver(source, info, **arguments)
        if isinstance(page, Mapping):  # one that holds all there is
            return {"edges": [one for one in page["edges"] if sees(info.context, one["node"])]}
        if page is None:
            return None
        edges = [edge for edge in page.edges if sees(info.context, edge.node)]
        hidden = len(page.edges) - len(edges)
        if not hidden:
            return page
        total = None if page.total_count is None else page.total_count - hidden
        return relay.Connection(edges, page.page_info, total)

    return resolve


def _node_of(connection: Any) -> str:
    edge: Any = get_named_type(connection.fields["edges"].type)
    return str(get_named_type(edge.fields["node"].type).name)


def _named(resolver: Resolver, says_name: bool, field: GraphQLField) -> Resolver:
    """Return a resolver that gives of a closed object its name, and of anything else nothing."""
    kind = get_named_type(field.type)
    many = is_list_type(get_nullable_type(field.type))
    pages = getattr(kind, "name", "").endswith("Connection")
    if not (says_name or many or pages) and is_non_null_type(field.type):
        raise LookupError(f"what does a closed object say instead of its {kind}?")

    def resolve(source: Any, info: Info, **arguments: Any) -> Any:
        if not isinstance(source, Closed):
            return resolver(source, info, **arguments)
        if says_name:
            return resolver(source.row, info, **arguments)
        if pages:
            return relay.connection([], 0, 0)
        return [] if many else None

    return resolve
