"""The ways to an Acontext over the network: connections of our own to plain HTTP, aiohttp where TLS or a proxy is."""

import importlib
import urllib.request
from contextlib import AbstractAsyncContextManager

import httpx

from gql_api.upstream.plain import plainly
from gql_api.upstream.sender import Sender

_PORTS = {"http": 80, "https": 443}


def reaching(base_url: str, *, connections: int) -> AbstractAsyncContextManager[Sender]:
    """Open the way to the server of `base_url`, with at most so many connections; proxies are the environment's."""
    url = httpx.URL(base_url)
    port = url.port or _PORTS[url.scheme]
    proxy = _proxy(url.scheme, f"{url.host}:{port}")
    if url.scheme == "http" and proxy is None:
        return plainly(url.host, port, connections=connections)
    by_aiohttp = importlib.import_module("gql_api.upstream.over_aiohttp").by_aiohttp  # 9 MiB that most do without
    way: AbstractAsyncContextManager[Sender] = by_aiohttp(base_url, proxy, connections=connections)
    return way


def _proxy(scheme: str, address: str) -> str | None:
    """Name the proxy that the environment has for this address; aiohttp's own look knows no ALL_PROXY."""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(address):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if httpx.URL(proxy).scheme not in {"http", "https"}:
        raise ValueError("Acontext can be reached by a proxy only where that speaks HTTP.")
    return proxy
