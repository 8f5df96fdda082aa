"""Naming people: which mutations of plugins find a person only for whoever sees the file, each with the reason."""

from __future__ import annotations

from pathlib import Path

import gongzhi
from gongzhi_server.plugins.loader import load_plugins

SEEING = {
    "legal/gongzhi_legal/mediation/requests.py": "who refers others works in the field or dispatches, and sees people",
    "points/gongzhi_points/claims/commands.py": "grid workers file for others, and see people",
    "party/gongzhi_party/lookups.py": "one's own person",
    "disclosure/gongzhi_disclosure/commands.py": "whoever is shown values in clear sees the file",
    "services/gongzhi_services/applying.py": "whoever applies for somebody is asked for their consent first",
    "rights/gongzhi_rights/commands.py": "whoever names representatives sees people",
    "rights/gongzhi_rights/representation.py": "oneself, whom one speaks for, or whom one sees",
}


def test_plugins_name_people_without_files() -> None:
    """Whoever runs a programme sees no files, so a plugin finds whom they name by `find_nameable`, or says why not."""
    plugins = Path(gongzhi.__file__).parents[2] / "plugins"
    found = {
        str(one.relative_to(plugins))
        for one in plugins.glob("*/gongzhi_*/**/*.py")
        if "call.find(Person," in one.read_text()
    }
    assert found == set(SEEING)


def test_which_permissions_name_people() -> None:
    """Only what is declared opens the search, and nothing that residents hold."""
    plugins = load_plugins()
    assert plugins.naming == {
        "credit.convene",
        "legal.manage",
        "party.convene",
        "party.deliberate",
        "party.keep_members",
        "points.manage",
    }
    assert not any(plugins.held(role) & plugins.naming for role in ("stranger", *plugins.civic))
