"""A server of its own and one browser for all tests of this plugin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tools.browsers import environment, open_browser, open_context, serve_county, served_database  # noqa: F401 - fixtures


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A browser without history. The test fails for a violated policy, an error in the console or a foreign request."""
    with open_context(browser, address, viewport={"width": 1440, "height": 900}) as opened:
        opened.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        yield opened


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """The explorer, once it knows the schema and acts in a role."""
    page = context.new_page()
    page.goto("/graphql")
    page.wait_for_selector("#schema-state[data-state=loaded]")
    page.wait_for_function("document.querySelector('#open-who').textContent.includes('610921')")
    return page
