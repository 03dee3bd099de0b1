"""Documents that were parsed and validated before; what is too much for one is told in `shape`."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
)
from strawberry.extensions import SchemaExtension
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.types import ExecutionContext
from strawberry.types.execution import ParseOptions

from gql_api.errors import Failure
from gql_api.schema.compiled.plans import Plans
from gql_api.schema.cost import billed, charge
from gql_api.schema.introspection import told_too_much
from gql_api.schema.ready import Ready, ready
from gql_api.schema.shape import DocumentLimits, excesses
from gql_api.schema.validating import Rules, faults_of
from gql_api.schema.variables import check_variables
from gql_api.telemetry import notes

MOST_TOKENS = 10_000
SPECIFIED: Rules = tuple(specified_rules)


@dataclass(slots=True)
class Prepared:
    """A parsed document, with what was found when it was last validated."""

    node: DocumentNode
    options: dict[str, Any]
    rules: Rules | None = None
    faults: tuple[GraphQLError, ...] = ()
    plans: Plans | None = None
    ready: dict[str | None, Ready] = field(default_factory=dict)


class Documents:
    """The documents of one schema, those used last; longer ones are not kept, since a tree is far larger than its text.

    Rules that ask more than the document, such as the variables, must not be among the validation rules.
    `limits` are set before the first document comes; without any, only the tokens are bounded. So is `is_private`:
    then the schema is not told, neither by introspection nor by suggestions. Texts that are `trusted` have no limits.
    """

    def __init__(self, *, most: int = 256, longest: int = 10_000) -> None:
        self._most = most
        self._longest = longest
        self._kept: OrderedDict[str, Prepared] = OrderedDict()
        self._by_operation: dict[int, Prepared] = {}
        self.limits: DocumentLimits | None = None
        self.is_private = False
        self.trusted: frozenset[str] = frozenset()

    def check_variables(self, variables: dict[str, Any] | None) -> None:
        """Raise `CostLimitExceeded` where variables are nested too deep, or too many."""
        if self.limits:
            check_variables(variables, depth=self.limits.variables_depth, values=self.limits.variables)

    def bounds(self, query: str) -> dict[str, Any]:
        """Give the limits that hold before there is a tree to measure, as options of the parser."""
        if query in self.trusted:
            return {}
        if self.limits is None:
            return {"max_tokens": MOST_TOKENS}
        return {"max_tokens": self.limits.tokens, "max_source_length": self.limits.characters}

    def parse(self, query: str, options: dict[str, Any]) -> DocumentNode:
        """Parse, or find the document parsed before; raise GraphQLError."""
        found = self._kept.get(query)
        if found is not None and found.options == options:
            self._kept.move_to_end(query)
            return found.node
        node = parse(query, **options)
        if len(query) <= self._longest or query in self.trusted:
            self._keep(query, Prepared(node, dict(options)))
        return node

    def _keep(self, query: str, prepared: Prepared) -> None:
        self._forget(self._kept.pop(query, None))
        self._kept[query] = prepared
        self._by_operation |= {id(one): prepared for one in operations_of(prepared.node)}
        if len(self._kept) > self._most:
            self._forget(self._kept.popitem(last=False)[1])

    def _forget(self, prepared: Prepared | None) -> None:
        for one in operations_of(prepared.node) if prepared else ():
            del self._by_operation[id(one)]

    def plans(self, operation: OperationDefinitionNode) -> Plans | None:
        """Give the plans of an operation's document; None when the document is not kept."""
        prepared = self._by_operation.get(id(operation))
        if prepared is None:
            return None
        if prepared.plans is None:
            prepared.plans = Plans(prepared.node)
        return prepared.plans

    def faults(self, context: ExecutionContext) -> list[GraphQLError]:
        """Validate the document of an operation; each call gives a list of its own."""
        node, rules = context.graphql_document, context.validation_rules
        if node is None:
            return []
        prepared = self._kept.get(context.query or "") or Prepared(node, {})
        if prepared.rules != rules:
            # What is too much is not validated, which may take far longer than to count it.
            limits = None if context.query in self.trusted else self.limits
            beyond = excesses(node, limits) if limits else []
            faults = beyond or self.validated(context.schema._schema, node, rules)
            if limits and not faults:
                faults = told_too_much(context.schema._schema, node)
            prepared.faults = tuple(faults)
            prepared.rules = rules
        return list(prepared.faults)

    def validated(self, schema: GraphQLSchema, node: DocumentNode, rules: Rules = SPECIFIED) -> list[GraphQLError]:
        """Validate a document as those of requests are; limits are left to others."""
        return faults_of(schema, node, rules, is_private=self.is_private)

    def ready(self, schema: GraphQLSchema, query: str, name: str | None) -> Ready | None:
        """Give the operation that is meant, where the document was found valid before, and is clear."""
        prepared = self._kept.get(query)
        if prepared is None or prepared.rules is None or prepared.faults:
            return None
        self._kept.move_to_end(query)
        found = prepared.ready.get(name) or ready(schema, prepared.node, name)
        if found:
            prepared.ready[name] = found
        return found

    def operation(self, query: str, name: str | None) -> OperationDefinitionNode | None:
        """Find the operation that a request means; None when there is none, or when it is not clear which."""
        found = self._kept.get(query)
        try:
            node = parse(query, **self.bounds(query)) if found is None else found.node
        except GraphQLError:
            return None
        operations = _meant(node, name)
        return operations[0] if len(operations) == 1 else None


class DocumentCache(SchemaExtension):
    """Parses and validates through `Documents`, and refuses to guess which of several operations is meant."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def on_parse(self) -> Iterator[None]:
        read(self._documents, self.execution_context)
        yield

    def on_validate(self) -> Iterator[None]:
        check(self._documents, self.execution_context)
        yield

    def get_results(self) -> dict[str, Any]:
        return _billed(self.execution_context)


class DocumentRunner(SchemaExtensionsRunner):
    """Does what `DocumentCache` does where there are no other extensions, without what it takes to run any."""

    def __init__(self, documents: Documents, context: ExecutionContext) -> None:
        super().__init__(context, [])
        self._documents = documents

    def operation(self) -> Any:
        return _NOTHING

    def parsing(self) -> Any:
        read(self._documents, self.execution_context)
        return _NOTHING

    def validation(self) -> Any:
        check(self._documents, self.execution_context)
        return _NOTHING

    def executing(self) -> Any:
        return _NOTHING

    async def get_extensions_results(self, context: ExecutionContext) -> dict[str, Any]:
        return _billed(context)


class _Nothing:
    async def __aenter__(self) -> None:
        """Begin nothing."""

    async def __aexit__(self, *_: object) -> None:
        """End nothing."""


_NOTHING = _Nothing()


def read(documents: Documents, context: ExecutionContext) -> None:
    """Parse the document of an operation; one that cannot be parsed is left to Strawberry.

    An error that is raised before would escape from Strawberry's streams.
    """
    # Parsing takes seconds for each million of tokens, and nothing else is served meanwhile.
    query = context.query or ""
    context.parse_options = cast("ParseOptions", documents.bounds(query) | context.parse_options)
    with suppress(GraphQLError):
        context.graphql_document = documents.parse(query, dict(context.parse_options))


def check(documents: Documents, context: ExecutionContext) -> None:
    """Validate the document of an operation."""
    faults = documents.faults(context)
    # Left alone, Strawberry runs the first operation.
    if not faults and context._provided_operation_name is None and _is_ambiguous(context.graphql_document):
        message = "The document has several operations: operationName must say which one to run."
        faults = [GraphQLError(message, extensions={"code": "OPERATION_RESOLUTION_FAILURE"})]
    if not faults:
        _note_meant(context.graphql_document, context._provided_operation_name)
        faults = _charged(documents, context)
    context.pre_execution_errors = faults


def _charged(documents: Documents, context: ExecutionContext) -> list[GraphQLError]:
    """Take what a valid operation costs; one that cannot be run after all is refused later, and costs nothing."""
    found = documents.ready(context.schema._schema, context.query or "", context._provided_operation_name)
    if found is None and context.graphql_document:  # it is too long to be kept
        found = ready(context.schema._schema, context.graphql_document, context._provided_operation_name)
    if found is None:
        return []
    try:
        documents.check_variables(context.variables)
        faults = found.faults(context.schema._schema, context.variables)
        if faults:
            return faults
        charge(found.estimate, context.variables, context.context, documents.limits)
    except Failure as failure:
        return [GraphQLError(failure.message, original_error=failure)]
    return []


def _billed(context: ExecutionContext) -> dict[str, Any]:
    """Tell what an operation cost; events of a subscription are not counted."""
    meant = _meant(context.graphql_document, context._provided_operation_name)
    if len(meant) != 1 or meant[0].operation is OperationType.SUBSCRIPTION:
        return {}
    return billed(context.context, is_reading=meant[0].operation is OperationType.QUERY)


def operations_of(node: DocumentNode) -> list[OperationDefinitionNode]:
    return [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]


def note_operation(told: tuple[str, str | None]) -> None:
    """Say for logs and measures which operation this is; only a valid document's own words get there."""
    noted = notes()
    if noted and noted.operation:
        noted.operation.type, noted.operation.name = told


def _note_meant(node: DocumentNode | None, wanted: str | None) -> None:
    meant = _meant(node, wanted)
    if len(meant) == 1:
        note_operation((meant[0].operation.value, meant[0].name.value if meant[0].name else None))


def _meant(node: DocumentNode | None, wanted: str | None) -> list[OperationDefinitionNode]:
    found = operations_of(node) if node else []
    return [one for one in found if wanted is None or (one.name and one.name.value == wanted)]


def _is_ambiguous(node: DocumentNode | None) -> bool:
    return node is not None and len(operations_of(node)) > 1
