"""Where a message may go: to public addresses, unless RUNS_WEBHOOK_ALLOW_PRIVATE says otherwise.

A name is resolved once; all that it stands for is checked, and the connection goes to an address
that was checked. So a name that changes its mind in between leads nowhere else.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
#: Networks of IPv6 whose addresses contain one of IPv4, and lead to it.
_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")


class Refused(Exception):
    """The URL leads to where no message may go."""


async def resolve(host: str, port: int, *, allow_private: bool) -> list[Address]:
    """The addresses of a host, the first to be tried first; raises Refused or OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # An address with a scope ("fe80::1%eth0") is one of this link, whatever it says.
    addresses = [ip_address(str(info[4][0]).partition("%")[0]) for info in found]
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise Refused(
                    f"{host} leads to the private address {address}; RUNS_WEBHOOK_ALLOW_PRIVATE "
                    "would allow that"
                )
    return list(dict.fromkeys(addresses))


def is_public(address: Address) -> bool:
    """Whether an address, and one of IPv4 that it contains, is one of the internet."""
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(inner)
        if address in _LOCAL_NAT64:
            return False
    return address.is_global and not address.is_multicast


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
