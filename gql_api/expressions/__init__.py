"""PostgreSQL's regular expressions: which ones it takes, how much work they are, and the same ones for `regex`.

Running them is left to others: to the embedded Acontext, which has no PostgreSQL, and to the one that Acontext has.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from gql_api.expressions.brackets import ALNUM, DIGIT, SPACE, BadExpression, Brackets, Escape, literal
from gql_api.expressions.options import Options

__all__ = ["LEAST", "BadExpression", "Translated", "translate"]

LONGEST = 100_000
"""Letters of an expression, as it comes and as it is translated, where most characters take ten."""
MOST_UNFOLDED = 500_000
"""Letters of what is translated, with all that is repeated written out, and ten for whatever is shorter."""
DEEPEST = 100
"""Parentheses within each other: what compiles an expression calls itself five times for each."""
LEAST = 10
"""Letters that anything is taken for, of which plain characters have as many."""
_MOST_REPEATS = 255
_LITERAL = "***="
_ADVANCED = "***:"
_OPTIONS = re.compile(r"\(\?([a-zA-Z]+)(\)?)")
_BOUND = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_BLANK = re.compile(r"[\t-\r ]+|#[^\n]*")
_COMMENT = re.compile(r"\(\?#[^)]*\)?")
_LOOKS = ("(?=", "(?!", "(?<=", "(?<!")
_WORD = f"[{ALNUM}_]"
_WORD_START = f"(?<!{_WORD})(?={_WORD})"
_WORD_END = f"(?<={_WORD})(?!{_WORD})"
_WORD_EDGE = f"(?:{_WORD_START}|{_WORD_END})"
_CONSTRAINTS = {
    "A": r"\A",
    "Z": r"\Z",
    "m": _WORD_START,
    "M": _WORD_END,
    "y": _WORD_EDGE,
    "Y": f"(?!{_WORD_EDGE})",
}
_CLASSES = {"d": DIGIT, "s": SPACE, "w": f"{ALNUM}_"}


@dataclass(slots=True)
class _Group:
    """An open parenthesis: its number if it captures, whether it only looks, and how much there was before it."""

    number: int
    looks: bool
    before: int


@dataclass(slots=True)
class _Size:
    """How much there is to compile: letters as written, unfolded, and of these the last thing that may be repeated."""

    written: int = 0
    unfolded: int = 0
    last: int = 0

    def add(self, letters: int) -> None:
        self.written += letters
        self.last = max(letters, LEAST)
        self._grow(self.last)

    def close(self, before: int) -> None:
        """Take all that came since for one thing."""
        self.last = self.unfolded - before

    def repeat(self, times: int) -> None:
        self._grow(self.last * (times - 1))

    def _grow(self, letters: int) -> None:
        self.unfolded += letters
        if self.unfolded > MOST_UNFOLDED or self.written > LONGEST:
            raise BadExpression("the expression is too complex")


@dataclass(slots=True)
class _State:
    out: list[str] = field(default_factory=list)
    size: _Size = field(default_factory=_Size)
    groups: list[_Group] = field(default_factory=list)
    captured: int = 0
    closed: set[int] = field(default_factory=set)
    repeatable: bool = False
    is_regular: bool = True


class Translated(NamedTuple):
    """An expression in the other dialect, for a dot that takes newlines."""

    text: str
    ignores_case: bool
    unfolded: int
    """Letters of `text`, with all that is repeated written out."""
    is_regular: bool
    """It has no looks and no back references: PostgreSQL finds it in one pass, however long the text is."""


def translate(expression: str) -> Translated:
    """Translate an expression.

    Raises BadExpression for what PostgreSQL refuses, and for what would be much work to compile.
    """
    if len(expression) > LONGEST:
        raise BadExpression("the expression is too long")
    if expression.startswith(_LITERAL):
        return _literal(expression.removeprefix(_LITERAL), ignores_case=True)
    if expression.startswith("***") and not expression.startswith(_ADVANCED):
        raise BadExpression("a quantifier repeats nothing")
    text = expression.removeprefix(_ADVANCED)
    options = Options()
    leading = _OPTIONS.match(text)
    if leading:
        if not leading[2]:
            raise BadExpression("options are not closed")
        for letter in leading[1]:
            options.take(letter)
        text = text[leading.end() :]
    if options.literal:
        return _literal(text, ignores_case=options.ignore_case)
    return _Translator(text, options).translate()


def _literal(text: str, *, ignores_case: bool) -> Translated:
    translated, size = literal(text), _Size()
    size.add(len(translated))
    return Translated(translated, ignores_case, size.unfolded, is_regular=True)


def _number(digits: str) -> int:
    """Read a number; one of many digits is cut, and too large all the same."""
    return int(digits.lstrip("0")[:4] or "0")


class _Translator:
    """Reads an expression once, from the left."""

    def __init__(self, text: str, options: Options) -> None:
        self._text = text
        self._options = options
        self._at = 0
        self._state = _State()

    def translate(self) -> Translated:
        state = self._state
        while self._at < len(self._text):
            self._step()
        if state.groups:
            raise BadExpression("a parenthesis is not closed")
        return Translated("".join(state.out), self._options.ignore_case, state.size.unfolded, state.is_regular)

    def _step(self) -> None:
        skipped = _COMMENT.match(self._text, self._at)
        if self._options.expanded and not skipped:
            skipped = _BLANK.match(self._text, self._at)
        if skipped:
            self._at = skipped.end()
            return
        character = self._text[self._at]
        if character in "*+?" or (character == "{" and self._text[self._at + 1 : self._at + 2].isdecimal()):
            self._repeat()
        elif character == "\\":
            self._escape()
        elif character == "[":
            self._bracket()
        elif character in "()":
            self._parenthesis(character)
        else:
            self._at += 1
            self._single(character)

    def _single(self, character: str) -> None:
        at_lines = self._options.ends_at_lines
        if character == "^":
            self._emit(r"(?:\A|(?<=\n))" if at_lines else r"\A", repeatable=False)
        elif character == "$":
            self._emit(r"(?:\Z|(?=\n))" if at_lines else r"\Z", repeatable=False)
        elif character == "|":
            self._emit("|", repeatable=False)
        elif character == ".":
            self._emit(r"[^\n]" if self._options.dot_stops else ".")
        else:
            self._emit(literal(character))

    def _emit(self, translated: str, *, repeatable: bool = True) -> None:
        self._state.size.add(len(translated))
        self._state.out.append(translated)
        self._state.repeatable = repeatable

    def _repeat(self) -> None:
        if not self._state.repeatable:
            raise BadExpression("a quantifier repeats nothing")
        quantifier, times = self._quantifier()
        self._state.size.repeat(times)
        self._at += len(quantifier)
        if self._text.startswith("?", self._at):
            self._at += 1
            quantifier += "?"
        self._emit(quantifier, repeatable=False)

    def _quantifier(self) -> tuple[str, int]:
        """Read what repeats, and how many copies are made of what it repeats.

        PostgreSQL makes as many as there may be; `regex` one more than there must be.
        """
        sign = self._text[self._at]
        if sign != "{":
            return sign, 2 if sign == "+" else 1
        bound = _BOUND.match(self._text, self._at)
        if bound is None:
            raise BadExpression("a bound is malformed")
        least, most = _number(bound[1]), _number(bound[3] or "")
        if max(least, most) > _MOST_REPEATS or (bound[3] and most < least):
            raise BadExpression("a bound is too large")
        return bound[0], max(least + 1, most)

    def _escape(self) -> None:
        escape = Escape.read(self._text, self._at, captured=self._state.captured)
        self._at = escape.end
        if escape.kind == "character":
            self._emit(literal(escape.value))
        elif escape.kind == "class":
            negated = "^" if escape.value.isupper() else ""
            self._emit(f"[{negated}{_CLASSES[escape.value.lower()]}]")
        elif escape.kind == "constraint":
            self._emit(_CONSTRAINTS[escape.value], repeatable=False)
        else:
            self._back_reference(int(escape.value))

    def _back_reference(self, number: int) -> None:
        if number not in self._state.closed or any(group.looks for group in self._state.groups):
            raise BadExpression("there is no such group")
        self._state.is_regular = False
        self._emit(rf"(?:\{number})")

    def _bracket(self) -> None:
        for edge, meant in (("[[:<:]]", _WORD_START), ("[[:>:]]", _WORD_END)):
            if self._text.startswith(edge, self._at):
                self._at += len(edge)
                self._emit(meant, repeatable=False)
                return
        brackets = Brackets(self._text, self._at + 1, ignore_case=self._options.ignore_case)
        self._at = brackets.end
        if brackets.negated:
            newline = r"|\n" if self._options.dot_stops else ""
            self._emit(f"(?:(?!{brackets.one_of}{newline}).)")
        else:
            self._emit(brackets.one_of)

    def _parenthesis(self, character: str) -> None:
        state = self._state
        if character == ")":
            if not state.groups:
                raise BadExpression("a parenthesis was not opened")
            group = state.groups.pop()
            state.closed.add(group.number)
            self._at += 1
            self._emit(")", repeatable=not group.looks)
            state.size.close(group.before)
            return
        if len(state.groups) == DEEPEST:
            raise BadExpression("there are too many parentheses within each other")
        opening = next((look for look in _LOOKS if self._text.startswith(look, self._at)), None)
        captures = opening is None and not self._text.startswith("(?", self._at)
        if opening is None and not captures and not self._text.startswith("(?:", self._at):
            raise BadExpression("there is no such group")
        state.is_regular &= opening is None
        looking = any(group.looks for group in state.groups)
        state.captured += captures and not looking
        number = state.captured if captures and not looking else 0
        state.groups.append(_Group(number, opening is not None, state.size.unfolded))
        self._at += len(opening or ("(" if captures else "(?:"))
        self._emit(opening or ("(" if captures and not looking else "(?:"), repeatable=False)
