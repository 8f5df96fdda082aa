"""Fixtures: the county's offices. The stories of a module share a county and raise cases of their own."""

from __future__ import annotations

import pytest
from gongzhi_server.testing import Clock, Server

from .actors import Offices


@pytest.fixture
def offices(shared_server: Server) -> Offices:
    return Offices(shared_server)


@pytest.fixture
def clock(shared_server: Server) -> Clock:
    return shared_server.clock
