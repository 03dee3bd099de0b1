"""What an expression asks for by the letters that it begins with."""

from dataclasses import dataclass

from gql_api.expressions.brackets import BadExpression


@dataclass(slots=True)
class Options:
    """As PostgreSQL has them; upstream ignores case unless they say otherwise."""

    ignore_case: bool = True
    literal: bool = False
    expanded: bool = False
    dot_stops: bool = False
    """A dot and a negated bracket leave out the newline."""

    ends_at_lines: bool = False
    """The two anchors are at lines too."""

    def take(self, letter: str) -> None:
        if letter in "ci":
            self.ignore_case = letter == "i"
        elif letter in "mnpsw":
            self.dot_stops = letter in "mnp"
            self.ends_at_lines = letter in "mnw"
        elif letter in "xt":
            self.expanded = letter == "x"
        elif letter == "q":
            self.literal = True
        else:
            raise BadExpression("no such option")
