"""Bill of materials: what a release is made of, as CycloneDX, for whoever looks for a vulnerable part of it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from inventory import ROOT, Dependency, read_lock
from packageurl import PackageURL

LICENCE = "Apache-2.0"


def projects() -> list[Path]:
    """Return the folders of our own distributions."""
    plugins = sorted(one.parent for one in ROOT.glob("plugins/[!_]*/pyproject.toml"))
    return [ROOT / "schema", ROOT, *plugins, ROOT / "clients" / "python"]


def build_bom() -> Bom:
    """Build the bill of all our distributions together and of everything that the lock file pins."""
    bom, licences = Bom(), LicenseFactory()
    found = read_lock()
    components = {(one.name, one.version): component_of(one, licences) for one in found}
    own = [own_component(folder, licences) for folder in projects()]
    bom.metadata.component = next(one for one in own if one.name == "gongzhi-server")
    for component in (*components.values(), *(one for one in own if one is not bom.metadata.component)):
        bom.components.add(component)
    # By name: one distribution may be pinned in two versions, for different systems.
    by_name: dict[str, list[Component]] = {}
    for (name, _), component in components.items():
        by_name.setdefault(name, []).append(component)
    for one in found:
        needed = [component for name in one.requires for component in by_name.get(name, ())]
        bom.register_dependency(components[one.name, one.version], needed)
    for component in own:
        bom.register_dependency(component, components.values())
    return bom


def component_of(one: Dependency, licences: LicenseFactory) -> Component:
    """Build the component of a dependency."""
    purl = PackageURL("pypi", name=one.name, version=one.version)
    component = Component(
        name=one.name,
        version=one.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[licences.make_from_string(one.licence)] if one.licence else [],
        hashes=[],
    )
    properties: Iterable[Property] = [Property(name="gongzhi:archive:sha256", value=digest) for digest in one.hashes]
    if one.marker:
        properties = [*properties, Property(name="gongzhi:marker", value=one.marker)]
    component.properties.update(properties)
    # CycloneDX has one hash a component; a distribution with several archives has its hashes as properties.
    if len(one.hashes) == 1:
        component.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=one.hashes[0]))
    return component


def own_component(folder: Path, licences: LicenseFactory) -> Component:
    """Build the component of one of our distributions."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    purl = PackageURL("pypi", name=project["name"], version=project["version"])
    return Component(
        name=project["name"],
        version=project["version"],
        description=project["description"],
        type=ComponentType.APPLICATION if project["name"] == "gongzhi-server" else ComponentType.LIBRARY,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[licences.make_from_string(LICENCE)],
    )


def render_bom() -> str:
    """Write the bill as JSON, in version 1.6 of CycloneDX."""
    return JsonV1Dot6(build_bom()).output_as_string(indent=2) + "\n"
