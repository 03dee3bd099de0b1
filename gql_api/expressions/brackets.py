"""The parts of PostgreSQL's regular expressions that stand for characters: escapes, classes and brackets."""

import re
from dataclasses import dataclass
from typing import Self


class BadExpression(ValueError):
    """An expression that PostgreSQL refuses."""


DIGIT = "0-9"
SPACE = r"\t-\r \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"
ALNUM = r"\p{L}\p{N}"
_ALPHA = r"\p{L}\p{Nl}"
_NAMED = {
    "alnum": ALNUM,
    "alpha": _ALPHA,
    "ascii": r"\x00-\x7f",
    "blank": r"\t \u1680\u2000-\u2006\u2008-\u200a\u205f\u3000",
    "cntrl": r"\x00-\x1f\x7f-\x9f",
    "digit": DIGIT,
    "graph": r"!-~\u00a1-\u1fff\u200b-\u2027\u202a-\u2fff\u3001-\U0010ffff",
    "lower": r"\p{Ll}",
    "print": r" -~\u00a0-\u2027\u202a-\U0010ffff",
    "punct": r"!-/:-@\[-`{-~\p{P}\p{S}",
    "space": SPACE,
    "upper": r"\p{Lu}",
    "word": f"{ALNUM}_",
    "xdigit": "0-9A-Fa-f",
}
_EITHER_CASE = ("lower", "upper")
_PLAIN = {"a": "\a", "b": "\b", "B": "\\", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CLASS_LETTERS = "dswDSW"
_CONSTRAINT_LETTERS = "AZmMyY"
_CODE = re.compile(r"u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{1,255})")
_CONTROL = re.compile(r"c(.)", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,255}")
_OCTAL = re.compile(r"[0-3]?[0-7]{1,2}")
_NAME = re.compile(r"\[([:.=])(.*?)\1\]", re.DOTALL)
_LAST = 0x10FFFF


def literal(text: str) -> str:
    """Write text so that each character stands for itself, also in a bracket."""
    return "".join(f"\\U{ord(character):08x}" for character in text)


@dataclass(frozen=True, slots=True)
class Escape:
    """What a backslash and the next characters mean: a character, a class, a constraint or a back reference."""

    kind: str
    value: str
    end: int

    @classmethod
    def read(cls, text: str, at: int, *, captured: int) -> Self:
        """Read from the backslash on; `captured` groups were opened before it."""
        after = at + 1
        letter = text[after : after + 1]
        if not letter:
            raise BadExpression("a backslash ends the expression")
        if not (letter.isascii() and letter.isalnum()):
            return cls("character", letter, after + 1)
        if letter in _PLAIN:
            return cls("character", _PLAIN[letter], after + 1)
        if letter in _CLASS_LETTERS:
            return cls("class", letter, after + 1)
        if letter in _CONSTRAINT_LETTERS:
            return cls("constraint", letter, after + 1)
        if letter.isdecimal():
            return cls._numbered(text, after, captured=captured)
        return cls._coded(text, after)

    @classmethod
    def _numbered(cls, text: str, after: int, *, captured: int) -> Self:
        """Read a back reference; of several digits only if there are so many groups, else they are octal."""
        number = _NUMBER.match(text, after)
        if number and number[0][0] != "0" and (len(number[0]) == 1 or int(number[0]) <= captured):
            return cls("reference", number[0], number.end())
        octal = _OCTAL.match(text, after)
        if octal is None:
            raise BadExpression("there is no such group")
        return cls("character", chr(int(octal[0], 8)), octal.end())

    @classmethod
    def _coded(cls, text: str, after: int) -> Self:
        control = _CONTROL.match(text, after)
        if control:
            return cls("character", chr(ord(control[1]) & 0x1F), control.end())
        code = _CODE.match(text, after)
        if code is None or int(code[0][1:], 16) > _LAST:
            raise BadExpression("there is no such escape")
        return cls("character", chr(int(code[0][1:], 16)), code.end())


class Brackets:
    """A bracket, read from behind its opening: `one_of` matches one of the characters in it, whether negated or not."""

    def __init__(self, text: str, at: int, *, ignore_case: bool) -> None:
        self._text = text
        self._ignore_case = ignore_case
        self.negated = text.startswith("^", at)
        self._at = start = at + self.negated
        self._members: list[str] = []
        self._complements: list[str] = []
        while self._at == start or not text.startswith("]", self._at):
            self._member()
        self.end = self._at + 1

    @property
    def one_of(self) -> str:
        members = [f"[{''.join(self._members)}]"] if self._members else []
        return f"(?:{'|'.join(members + self._complements)})"

    def _member(self) -> None:
        """Read a character, a range or a class."""
        first = self._element()
        if not self._text.startswith("-", self._at) or self._text.startswith("-]", self._at):
            if first is not None:
                self._members.append(literal(first))
            return
        self._at += 1
        last = self._element()
        if first is None or last is None or ord(first) > ord(last):
            raise BadExpression("a range is wrong")
        if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
            raise BadExpression("a range goes on")
        self._members.append(f"{literal(first)}-{literal(last)}")

    def _element(self) -> str | None:
        """Read what may begin or end a range; None for a class, which is taken at once."""
        if self._at >= len(self._text):
            raise BadExpression("a bracket is not closed")
        if self._text.startswith("\\", self._at):
            return self._escaped()
        if self._text.startswith(("[:", "[.", "[="), self._at):
            return self._named()
        self._at += 1
        return self._text[self._at - 1]

    def _escaped(self) -> str | None:
        escape = Escape.read(self._text, self._at, captured=0)
        self._at = escape.end
        if escape.kind == "character":
            return escape.value
        if escape.kind != "class":
            raise BadExpression("a bracket holds no such escape")
        members = _NAMED[{"d": "digit", "s": "space", "w": "word"}[escape.value.lower()]]
        if escape.value.isupper():
            self._complements.append(f"[^{members}]")
        else:
            self._members.append(members)
        return None

    def _named(self) -> str | None:
        named = _NAME.match(self._text, self._at)
        if named is None:
            raise BadExpression("a class is not closed")
        self._at = named.end()
        if named[1] != ":":
            if len(named[2]) != 1:
                raise BadExpression("there is no such character")
            return named[2]
        name = "alpha" if self._ignore_case and named[2] in _EITHER_CASE else named[2]
        if name not in _NAMED:
            raise BadExpression("there is no such class")
        self._members.append(_NAMED[name])
        return None
