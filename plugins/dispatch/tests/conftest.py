"""Fixtures: the county's desks. The stories of a module share a county and raise cases of their own."""

from __future__ import annotations

import pytest
from gongzhi_server.testing import Server

from .actors import Desks


@pytest.fixture
def desks(shared_server: Server) -> Desks:
    return Desks(shared_server)
