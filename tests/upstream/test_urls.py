"""Public URLs that are remembered: for a part of their life, by what they are of, and not for ever."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from gql_api.model import SignedUrl
from gql_api.upstream.urls import UrlCache

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass
class Clock:
    """A time that stands still."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> UrlCache:
    return UrlCache(clock)


def lasting(seconds: float, name: str = "a") -> SignedUrl:
    return SignedUrl(f"http://files.test/{name}", START + timedelta(seconds=seconds))


def test_a_url_is_found_while_enough_of_its_life_is_left(cache: UrlCache, clock: Clock) -> None:
    url = lasting(60)
    assert cache.find("key", least_seconds=0) is None
    cache.keep("key", url)
    clock.now = START + timedelta(seconds=30)
    assert cache.find("key", least_seconds=30) == url
    assert cache.find("other key", least_seconds=0) is None
    clock.now += timedelta(microseconds=1)
    assert cache.find("key", least_seconds=30) is None
    assert cache.find("key", least_seconds=29) == url
    clock.now = START + timedelta(seconds=60, microseconds=1)
    assert cache.find("key", least_seconds=0) is None


def test_a_new_url_takes_the_place_of_an_old_one(cache: UrlCache) -> None:
    for url in (lasting(60, "one"), lasting(90, "two")):
        cache.keep("key", url)
        assert cache.find("key", least_seconds=0) == url


def test_a_url_of_which_no_end_is_known_is_not_given_again(cache: UrlCache) -> None:
    cache.keep("key", SignedUrl("http://files.test/", None))
    assert cache.find("key", least_seconds=0) is None


def test_of_many_urls_the_one_least_lately_used_is_forgotten(cache: UrlCache) -> None:
    for number in range(10_000):
        cache.keep(number, lasting(60))
    assert cache.find(0, least_seconds=0)
    cache.keep("another", lasting(60))
    assert cache.find(0, least_seconds=0)
    assert cache.find(1, least_seconds=0) is None
    assert cache.find(2, least_seconds=0)
