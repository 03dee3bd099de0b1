"""What the values of settings may be, and how they are read; which settings there are is in the other files."""

from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr


def url(schemes: tuple[str, ...]) -> AfterValidator:
    def check(value: str | None) -> str | None:
        if value is None:
            return None
        if not is_plain(value):
            raise ValueError("must be a URL without blanks, control characters and letters beyond ASCII")
        parts = _split(value)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        if parts.query or parts.fragment:
            raise ValueError("must be a URL without query and fragment")
        return value.rstrip("/")

    return AfterValidator(check)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read only to have it checked
    except ValueError:
        # The standard library's own words may repeat a part of a password.
        raise ValueError("must be a URL with a proper host and port") from None
    return parts


def is_plain(value: str) -> bool:
    """Tell whether a text is printable ASCII without blanks."""
    return value.isascii() and value.isprintable() and " " not in value


def key(value: SecretStr | None) -> SecretStr | None:
    if value and not is_plain(value.get_secret_value()):
        raise ValueError("must have no blanks, control characters and letters beyond ASCII")
    return value


def secret(least: int) -> AfterValidator:
    def check(value: SecretStr | None) -> SecretStr | None:
        if value and len(value.get_secret_value()) < least:
            raise ValueError(f"must have at least {least} characters")
        return value

    return AfterValidator(check)


def host(value: str) -> str:
    if not value or not is_plain(value):
        raise ValueError("must be an address or a name, without blanks and letters beyond ASCII")
    return value


def user(value: str) -> str:
    if not 1 <= len(value) <= 255 or value != value.strip() or not value.isprintable():  # noqa: PLR2004
        raise ValueError("must have 1 to 255 characters, without control characters or outer blanks")
    return value


def prefix(value: str) -> str:
    if not 1 <= len(value) <= 64 or "/" in value or value != value.strip() or not value.isprintable():  # noqa: PLR2004
        raise ValueError("must have 1 to 64 characters, without slashes, control characters or outer blanks")
    return value


def absent(value: object) -> object:
    return None if value == "" else value


HttpUrl = Annotated[str | None, BeforeValidator(absent), url(("http", "https"))]
Text = Annotated[str | None, BeforeValidator(absent)]
Key = Annotated[SecretStr | None, BeforeValidator(absent), AfterValidator(key)]
Host = Annotated[str, AfterValidator(host)]
User = Annotated[str, AfterValidator(user)]
Prefix = Annotated[str, AfterValidator(prefix)]
