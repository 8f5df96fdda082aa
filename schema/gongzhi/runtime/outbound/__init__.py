"""Outbound HTTP: requests to addresses that others choose, which never reach what lies inside.

from gongzhi.runtime.outbound.clients import make_client
from gongzhi.runtime.outbound.networks import OutboundNetworks

async with make_client(OutboundNetworks(), timeout=5) as client:
    reply = await client.post(address, content=body)
"""
