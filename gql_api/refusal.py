"""Why a command cannot be run: what an operator can put right, in one line."""


class Refusal(Exception):
    """The message is one line for the operator; it holds no secrets."""
