"""Documents built to hurt: each kind grows with a size, and some at their limits ask for what there is."""

import re
from collections.abc import Callable, Sequence

Kind = Callable[[int], str]


def _many(count: int, of: Callable[[int], str], between: str = " ") -> str:
    return between.join(of(number) for number in range(count))


def _nested(count: int, opening: str, inner: str, closing: str = "}") -> str:
    return opening * count + inner + closing * count


def _fragments(count: int, on: str, selected: Callable[[int], str]) -> str:
    return _many(count, lambda number: f"fragment F{number} on {on} {{ {selected(number)} }}")


def _spreads(count: int, of: str = "F") -> str:
    return _many(count, lambda number: f"...{of}{number}")


_X, _TEXT, _LINE, _ESCAPE, _MARK, _HALF = '"x"', "x", "\n  x", "\\u{1F600}", "\ufeff", "\\uD83D"
_LIST_IN_LIST = "sessions { nodes { user { sessions { nodes { id } } } } } "
_SAME = 'node(id: "x") { ... on Session { title } }'

KINDS: dict[str, Kind] = {
    # fragments
    "a chain": lambda n: f"{{ ...F0 }} {_fragments(n, 'Query', lambda at: f'...F{at + 1}')} "
    f"fragment F{n} on Query {{ __typename }}",
    "a lattice": lambda n: f"{{ ...F0 }} {_fragments(n, 'Query', lambda at: f'...F{at + 1} ' * 2)} "
    f"fragment F{n} on Query {{ viewer {{ id }} }}",
    "a lattice of aliases": lambda n: f"{{ ...F0 }} "
    f"{_fragments(n, 'Query', lambda at: f'a: viewer {{ id }} b{at}: viewer {{ id }} ...F{at + 1} ...F{at + 1}')} "
    f"fragment F{n} on Query {{ viewer {{ id }} }}",
    "a lattice of lists": lambda n: "{ sessions { nodes { ...F0 } } } "
    + _fragments(n, "Session", lambda at: f"user {{ sessions {{ nodes {{ ...F{at + 1} ...F{at + 1} }} }} }}")
    + f" fragment F{n} on Session {{ id }}",
    "all spread all": lambda n: f"{{ {_spreads(n)} }} {_fragments(n, 'Query', lambda at: _spreads(n))}",
    "all spread those after": lambda n: f"{{ {_spreads(n)} }} "
    + _fragments(n, "Query", lambda at: "__typename " + " ".join(f"...F{to}" for to in range(at + 1, n))),
    "a cycle": lambda n: f"{{ ...F0 }} {_fragments(n, 'Query', lambda at: f'...F{(at + 1) % n}')}",
    "a cycle below fields": lambda n: "{ viewer { ...F0 } } "
    + _fragments(n, "User", lambda at: f"sessions {{ nodes {{ user {{ ...F{(at + 1) % n} }} }} }}"),
    "one fragment often": lambda n: f"{{ viewer {{ {'...F ' * n} }} }} fragment F on User {{ id identifier }}",
    "one fragment often, below itself": lambda n: f"{{ viewer {{ {'...F ' * n} }} }} fragment F on User {{ id ...F }}",
    "unused fragments": lambda n: f"{{ __typename }} {_fragments(n, 'User', lambda at: 'id')}",
    "unused fragments that overlap": lambda n: "{ __typename } "
    + _fragments(n, "User", lambda at: f"a: id a: identifier ...F{(at * 7 + 1) % n} ...F{(at * 3) % n}"),
    "unknown fragments": lambda n: f"{{ {_spreads(n)} }}",
    "one name for all fragments": lambda n: "{ ...F } " + "fragment F on Query { __typename } " * n,
    "fragments on what is no type": lambda n: f"{{ {_spreads(n)} }} "
    + _many(n, lambda at: f"fragment F{at} on No{at} {{ id }}"),
    "fragments on each other's interfaces": lambda n: f"{{ node(id: {_X}) {{ {_spreads(n)} }} }} "
    + _many(n, lambda at: f"fragment F{at} on {('Node', 'Session', 'Message')[at % 3]} {{ id ...F{(at + 1) % n} }}"),
    "fragments in common": lambda n: f"{{ sessions {{ nodes {{ {_spreads(n)} }} }} }} "
    + _fragments(n, "Session", lambda at: "id user { sessions { nodes { id title messages { nodes { id } } } } }"),
    "fragments in common, each in each": lambda n: f"{{ viewer {{ {_spreads(n)} }} }} "
    + _fragments(n, "User", lambda at: f"sessions {{ nodes {{ user {{ {_spreads(n)} }} }} }}"),
    # fields
    "one field": lambda n: f"{{ viewer {{ {'id ' * n} }} }}",
    "one list": lambda n: f"{{ viewer {{ {'sessions { nodes { id } } ' * n} }} }}",
    "one list in itself": lambda n: f"{{ viewer {{ {_LIST_IN_LIST * n} }} }}",
    "one root field": lambda n: f"{{ {(_SAME + ' ') * n} }}",
    "aliases": lambda n: f"{{ viewer {{ {_many(n, lambda at: f'a{at}: id')} }} }}",
    "aliases of the root": lambda n: f"{{ {_many(n, lambda at: f'a{at}: viewer {{ id }}')} }}",
    "aliases that conflict": lambda n: "{ viewer { " + _many(n, lambda at: ("a: id", "a: identifier")[at % 2]) + " } }",
    "arguments that conflict": lambda n: "{ "
    + _many(n, lambda at: f'session(id: "{at}") {{ id messages(first: {at + 1}) {{ nodes {{ id }} }} }}')
    + " }",
    "conflicts deep below": lambda n: "{ "
    + _many(n, lambda at: f"viewer {{ sessions {{ nodes {{ user {{ a: {('id', 'identifier')[at % 2]} }} }} }} }}")
    + " }",
    "unknown fields": lambda n: f"{{ viewer {{ {_many(n, lambda at: f'no{at}')} }} }}",
    "unknown fields nearly known": lambda n: f"{{ viewer {{ {_many(n, lambda at: f'identifie{at}')} }} }}",
    "deep fields": lambda n: _nested(n, "{ viewer ", "{ id }"),
    "deep lists": lambda n: "{ viewer { " + _nested(n, "sessions { nodes { user { ", "id", "} } }") + " } }",
    "leaves with fields": lambda n: f"{{ viewer {{ {'id { id } ' * n} }} }}",
    # inline fragments
    "inline fragments": lambda n: f"{{ {_nested(n, '... { ', '__typename')} }}",
    "inline fragments of interfaces": lambda n: '{ node(id: "x") '
    + _nested(n, "{ ... on Node { ... on Session ", "{ id }", "} }")
    + " }",
    "inline fragments side by side": lambda n: '{ node(id: "x") { ' + "... on Session { title } " * n + "} }",
    "inline fragments of all types": lambda n: '{ node(id: "x") { '
    + _many(n, lambda at: f"... on {('User', 'Session', 'Message', 'Disk', 'File')[at % 5]} {{ a: __typename id }}")
    + " } }",
    "inline fragments of a union": lambda n: '{ session(id: "x") { messages { nodes { parts { '
    + _many(n, lambda at: f"... on {('TextPart', 'ToolCallPart', 'ToolResultPart')[at % 3]} {{ a: __typename }}")
    + " } } } } }",
    "inline fragments that double": lambda n: '{ node(id: "x") '
    + _nested(n, "{ ... on Session { id } ... on Message { id } ... ", "{ id }")
    + " }",
    # values
    "a list in a list": lambda n: f"{{ nodes(ids: {_nested(n, '[', '', ']')}) {{ id }} }}",
    "an object in an object": lambda n: "mutation { createSession(input: {configs: "
    + _nested(n, "{a: ", "1")
    + "}) { errors { code } } }",
    "a long list": lambda n: f"{{ nodes(ids: [{_many(n, str, ', ')}]) {{ id }} }}",
    "a long object": lambda n: "mutation { createSession(input: {configs: {"
    + _many(n, lambda at: f"a{at}: {at}")
    + "}}) { errors { code } } }",
    "one name of an object": lambda n: "mutation { createSession(input: {"
    + "title: null " * n
    + "}) { errors { code } } }",
    "unknown names of an object": lambda n: "mutation { createSession(input: {"
    + _many(n, lambda at: f"titl{at}: 1")
    + "}) { errors { code } } }",
    "one argument": lambda n: "{ session(" + 'id: "x" ' * n + ") { id } }",
    "unknown arguments": lambda n: f"{{ session({_many(n, lambda at: f'i{at}: 1')}) {{ id }} }}",
    "a long text": lambda n: f'{{ session(id: "{_TEXT * n}") {{ id }} }}',
    "a long block": lambda n: "{ session(id: " + f'"""{_LINE * (n // 4)}"""' + ") { id } }",
    "a text of escapes": lambda n: f'{{ session(id: "{_ESCAPE * (n // 9)}") {{ id }} }}',
    "a long number": lambda n: f"{{ sessions(first: {'9' * n}) {{ totalCount }} }}",
    "a long fraction": lambda n: f"{{ sessions(first: 0.{'9' * n}e-{'9' * n}) {{ totalCount }} }}",
    # names and what is between them
    "a long name": lambda n: f"{{ {'x' * n} }}",
    "long names": lambda n: f"{{ viewer {{ {_many(20, lambda at: 'x' * (n // 20) + str(at))} }} }}",
    "a long alias": lambda n: f"{{ {'x' * n}: __typename }}",
    "a long operation": lambda n: f"query {'x' * n} {{ __typename }}",
    "a comment": lambda n: f"{{ __typename }} #{'x' * n}",
    "comments": lambda n: "{ __typename }" + "#\n" * n,
    "commas": lambda n: f"{{ __typename {',' * n} }}",
    "blanks": lambda n: f"{{ __typename {' ' * n} }}",
    "byte order marks": lambda n: f"{{ __typename {_MARK * n} }}",
    "other letters": lambda n: f"{{ {'é' * n} }}",
    "other letters in a comment": lambda n: f"{{ __typename }} #{'é😀' * n}",
    "surrogates": lambda n: f'{{ session(id: "{_HALF * n}") {{ id }} }}',
    # directives and variables
    "directives": lambda n: f"{{ __typename {'@include(if: true) ' * n} }}",
    "unknown directives": lambda n: f"query {_many(n, lambda at: f'@no{at}')} {{ __typename }}",
    "directives of fragments": lambda n: f"{{ {'... @skip(if: false) { __typename } ' * n} }}",
    "conditions": lambda n: f"query ({_many(n, lambda at: f'$v{at}: Boolean = true')}) {{ viewer {{ "
    + _many(n, lambda at: f"id @include(if: $v{at})")
    + " } }",
    "unused variables": lambda n: f"query ({_many(n, lambda at: f'$v{at}: Int')}) {{ __typename }}",
    "unknown variables": lambda n: "{ sessions(first: $v) { "
    + _many(n, lambda at: f"a{at}: edges(x: $v{at}) {{ x }}")
    + " } }",
    "one variable": lambda n: f"query ({'$v: Int ' * n}) {{ sessions(first: $v) {{ totalCount }} }}",
    "variables in fragments": lambda n: f"query ({_many(n, lambda at: f'$v{at}: Int')}) {{ ...F0 }} "
    + _fragments(n, "Query", lambda at: f"sessions(first: $v{at}) {{ totalCount }} ...F{(at + 1) % n}"),
    "types of variables": lambda n: f"query ($v: {_nested(n, '[', 'Int', ']')}) {{ sessions(first: $v) {{ id }} }}",
    "defaults of variables": lambda n: f"query ($v: [ID!]! = [{_many(n, str, ',')}]) {{ nodes(ids: $v) {{ id }} }}",
    # operations
    "operations": lambda n: _many(n, lambda at: f"query Q{at} {{ __typename }}"),
    "operations of one name": lambda n: "query Q { __typename } " * n,
    "nameless operations": lambda n: "{ __typename } " * n,
    "operations on one fragment": lambda n: _many(n, lambda at: f"query Q{at} {{ ...F0 }}")
    + f" {_fragments(n, 'Query', lambda at: f'...F{at + 1}')} fragment F{n} on Query {{ __typename }}",
    "operations on variables in fragments": lambda n: _many(n, lambda at: f"query Q{at}($v: Int) {{ ...F0 }}")
    + f" {_fragments(n, 'Query', lambda at: f'...F{at + 1}')} "
    + f"fragment F{n} on Query {{ sessions(first: $v) {{ totalCount }} }}",
    "mutations": lambda n: "mutation { "
    + _many(n, lambda at: f"m{at}: createSession(input: {{}}) {{ errors {{ code }} }}")
    + " }",
    "subscriptions": lambda n: "subscription { "
    + _many(n, lambda at: f"s{at}: sessionListChanged {{ __typename }}")
    + " }",
    "definitions of types": lambda n: _many(n, lambda at: f"type T{at} {{ a: Int }}"),
    # introspection
    "types of types": lambda n: "{ __schema { types { fields { type { "
    + _nested(n, "ofType { ", "name")
    + " } } } } }",
    "fields of types": lambda n: '{ __type(name: "Query") { ' + _nested(n, "fields { type { ", "name", "} }") + " } }",
    "fields of fields of all types": lambda n: "{ "
    + _many(n, lambda at: f"s{at}: __schema {{ types {{ ...F0 }} }}")
    + " } fragment F0 on __Type { fields { args { name type { name } } type { ofType { fields { args { name } "
    + "type { name ofType { name } } } ofType { ofType { fields { name args { name } } } } } } } }",
    "fields of input fields": lambda n: "{ "
    + _many(n, lambda at: f"s{at}: __schema {{ types {{ ...F0 }} }}")
    + " } fragment F0 on __Type { inputFields { name type { ofType { inputFields { name type { name } } } } } }",
    "all of the schema": lambda n: "{ "
    + _many(n, lambda at: f"s{at}: __schema {{ types {{ name fields {{ name }} }} }}")
    + " }",
    # what is no document
    "open braces": lambda n: "{ a " * n,
    "open brackets": lambda n: "{ a(b: " + "[" * n,
    "closed braces": lambda n: "{ a }" + "}" * n,
    "open texts": lambda n: '{ a(b: "' + "x" * n,
    "open blocks": lambda n: '{ a(b: """' + '\\"""' * (n // 4),
    "control letters": lambda n: "{ a " + "\x00" * n + "}",
    "spreads of nothing": lambda n: "{ " + "... " * n + "}",
}  # fmt: skip


def together(parts: Sequence[tuple[str, int]]) -> str:
    """Give documents of some kinds as one, where the fragments of each keep to themselves."""
    made = [KINDS[kind](size) for kind, size in parts]
    if len(made) == 1:
        return made[0]
    return " ".join(_named(text, number) for number, text in enumerate(made))


def _named(text: str, number: int) -> str:
    own = re.sub(r"\bF(\d*)\b", rf"F{number}x\1", text)
    return f"query P{number} {own}" if own.startswith("{") else own
