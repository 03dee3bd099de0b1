"""Which addresses and names only this machine can come to."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Tell whether a bare address or a name is one: 127.0.0.0/8, ::1 or `localhost`, maybe with a dot at its end."""
    bare = host.lower().removesuffix(".")
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return bare == "localhost"
