"""What is wrong with a setting, in one line that names it."""

import re
from typing import Any

from gql_api.refusal import Refusal


class InvalidSetting(Refusal):
    """A setting has a value that the server cannot start with; the message names the setting."""


def line(error: Any) -> str:
    """Give the line for one of pydantic's errors, its words put as ours are."""
    name = str(error["loc"][0]) if error["loc"] else "settings"
    said = re.sub("^Value error, |^(Input|String) (?=should)", "", error["msg"]).replace("should", "must", 1)
    return f"{name}: {said}."
