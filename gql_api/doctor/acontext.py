"""Whether Acontext is there and takes the key, and what hinders it; the database is in `database`."""

from gql_api.doctor.finding import Finding, clock
from gql_api.doctor.unreached import EXPECTS_TLS, FAILURES, HUNG_UP, Unreached, expects_tls, why
from gql_api.settings import Settings
from gql_api.upstream.probe import Found, Probe, probe

_SECONDS = 5.0
"""How long to wait at most; a server would not wait longer than its own setting says."""
_SETTING = "ACONTEXT_BASE_URL"
_WORDS: dict[Found, str] = {
    "well": "takes the key",
    "no entry": "refuses the key",
    "not Acontext": "what answers is not Acontext",
    "failing": "fails",
}
_ADVICE: dict[Found, str] = {
    "well": "",
    "no entry": "Look at ACONTEXT_API_KEY: it is another project's, or not valid any more.",
    "not Acontext": "Something else answers there: ACONTEXT_BASE_URL ends with /api/v1 in most installations.",
    "failing": "Look at Acontext's own log.",
}


async def acontext_findings(settings: Settings) -> list[Finding]:
    """Ask Acontext for nothing, with the key."""
    if settings.acontext_base_url is None or settings.acontext_api_key is None:
        return [Finding("ok", "Acontext", "embedded, in the data folder")]
    url, seconds = settings.acontext_base_url, min(_SECONDS, settings.upstream_timeout)
    try:
        found = await probe(url, settings.acontext_api_key.get_secret_value(), seconds=seconds)
    except FAILURES as error:
        unreached = why(error)
        # Who is spoken to without TLS says so in no way that all have in common.
        lacks_tls = unreached is HUNG_UP and await _wants_tls(url, seconds)
        return [_unreached(EXPECTS_TLS if lacks_tls else unreached)]
    if found.found == "not Acontext" and await _wants_tls(url, seconds):
        return [_unreached(EXPECTS_TLS)]
    findings = [Finding("ok" if found.found == "well" else "fault", "Acontext", _told(found), _ADVICE[found.found])]
    if found.ahead is not None:
        findings.append(clock("Acontext clock", found.ahead))
    return findings


async def _wants_tls(url: str, seconds: float) -> bool:
    return url.startswith("http://") and await expects_tls(url, seconds=seconds)


def _unreached(found: Unreached) -> Finding:
    return Finding("fault", "Acontext", found.found, found.advised(setting=_SETTING, who="Acontext"))


def _told(found: Probe) -> str:
    server = f", by {found.server}" if found.server else ""
    return f"{_WORDS[found.found]}, status {found.status} in {found.seconds * 1000:.0f} ms{server}"
