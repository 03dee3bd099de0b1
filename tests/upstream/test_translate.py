"""The SDK's errors become ours, every one of them."""

import json
from collections.abc import Callable

import acontext.errors
import httpx
import pydantic
import pytest
from acontext.errors import AcontextError, APIError, TransportError

from gql_api.errors import UpstreamFailure
from gql_api.upstream.failures import Fate, Late, Unavailable
from gql_api.upstream.refusal import Refused
from gql_api.upstream.sender import NoAnswer, NotConnected, TooLate, Unreached
from gql_api.upstream.translate import translated


def family(kind: type[Exception]) -> set[type[Exception]]:
    """Give a class and all below it."""
    return {kind}.union(*(family(child) for child in kind.__subclasses__()))


def refused(status: int, code: int | None = None, *, worded: bool = True) -> APIError:
    payload = {"code": code, "msg": "words"} if worded else None
    return APIError(status_code=status, code=code, message="words", error=None, payload=payload)


def caused(cause: Exception) -> TransportError:
    error = TransportError("words")
    error.__cause__ = cause
    return error


MADE: dict[type[Exception], Callable[[], Exception]] = {
    AcontextError: lambda: AcontextError("words"),
    APIError: lambda: refused(500, 500),
    TransportError: lambda: caused(Unreached("words")),
    acontext.errors.TimeoutError: lambda: acontext.errors.TimeoutError("words"),
}


def after(raised: BaseException) -> UpstreamFailure:
    """Give our failure for what the SDK raises; its cause is kept."""
    with pytest.raises(UpstreamFailure) as caught, translated():
        raise raised
    assert caught.value.__cause__ is raised
    assert "words" not in caught.value.message
    return caught.value


def test_every_error_of_the_sdk_has_its_failure() -> None:
    exported = {
        kind
        for kind in vars(acontext.errors).values()
        if isinstance(kind, type) and issubclass(kind, Exception) and kind.__module__.startswith("acontext")
    }
    assert family(AcontextError) | exported == set(MADE)
    for make in MADE.values():
        after(make())


@pytest.mark.parametrize("kind", sorted(family(NoAnswer), key=str))
def test_every_error_of_the_transport_is_late_or_unavailable(kind: type[Exception]) -> None:
    failure = after(caused(kind("words")))
    assert type(failure) is (Late if issubclass(kind, TooLate) else Unavailable)
    unsent = {Unreached, NotConnected}
    assert isinstance(failure, Late | Unavailable)
    assert (failure.fate is Fate.UNSENT) is (kind in unsent)


def test_an_answer_that_cannot_be_read_is_unavailable() -> None:
    class Answer(pydantic.BaseModel):
        id: str

    def broken(read: Callable[[], object]) -> Exception:
        try:
            read()
        except Exception as error:
            return error
        raise AssertionError

    for read in (
        lambda: Answer.model_validate(None),
        lambda: Answer.model_validate({"id": 1}),
        lambda: json.loads("{"),
        lambda: dict[str, str]()["id"],
        lambda: [].get("id"),  # type: ignore[attr-defined]
        lambda: Answer(**None),  # type: ignore[arg-type]
    ):
        assert type(after(broken(read))) is Unavailable
    assert type(after(TimeoutError())) is Late
    assert type(after(httpx.InvalidURL("words"))) is Refused


@pytest.mark.parametrize(
    ("error", "expected", "status"),
    [
        (refused(500, 500), Unavailable, None),
        (refused(503, worded=False), Unavailable, None),
        (refused(429, 429), Unavailable, None),
        (refused(200, 500), Unavailable, None),
        (refused(200, 404), Refused, 404),
        (refused(400, 500), Refused, 400),  # the status counts where it tells of a failure
        (refused(401, 401), Refused, 401),
        (refused(403, 403), Refused, 403),
        (refused(404, 500), Refused, 404),
        (refused(409, 409), Refused, 409),
    ],
)
def test_what_acontext_answers_is_a_refusal_below_500(
    error: APIError, expected: type[UpstreamFailure], status: int | None
) -> None:
    failure = after(error)
    assert type(failure) is expected
    assert getattr(failure, "status", None) == status


def test_only_acontexts_own_words_tell_what_a_refusal_means() -> None:
    for status in (400, 401, 403, 404, 409):
        for worded in (True, False):
            failure = after(refused(status, worded=worded))
            assert isinstance(failure, Refused)
            assert failure.is_absence is (worded and status == 404)
            assert failure.is_anothers is (worded and status == 403)
            assert failure.is_mistake is (worded and status == 400)


def test_what_is_not_the_sdks_is_not_touched() -> None:
    for kind in (RuntimeError, KeyboardInterrupt, LookupError):
        with pytest.raises(kind), translated():
            raise kind
