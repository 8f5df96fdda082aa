"""Clients: commands for what they build on: the schema, the events, and documents sent by their hash."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .terminal import read_settings

documents = typer.Typer(help="Trusted documents (可信文档), which clients send by their hash.", no_args_is_help=True)


group = typer.Typer(invoke_without_command=True)


@group.callback()
def schema(
    context: typer.Context,
    core: Annotated[bool, typer.Option("--core", help="Without the plugins (不含插件).")] = False,
) -> None:
    """Print the GraphQL schema, sorted (模式)."""
    from gongzhi_server.graphql import schema

    if context.invoked_subcommand is None:
        print(schema.print_sdl(core=core), end="")


@group.command("diff")
def compare(
    old: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The SDL to compare with (旧模式).")],
    documents: Annotated[
        list[Path] | None, typer.Argument(exists=True, dir_okay=False, help="GraphQL documents, or manifests (文档).")
    ] = None,
) -> None:
    """Compare the schema with an older one: what breaks clients and which documents, trusted ones among them (对比)."""
    from graphql import GraphQLError, build_schema

    from gongzhi_server.errors import Problem
    from gongzhi_server.gateway.trusted_documents import load_documents, read_documents
    from gongzhi_server.graphql import schema
    from gongzhi_server.graphql.schema_changes import (
        find_broken_documents,
        find_narrowed_limits,
        is_breaking,
        list_changes,
    )

    try:
        before = build_schema(old.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, GraphQLError) as problem:
        raise Problem(f"{old} is no GraphQL schema ({type(problem).__name__})") from None
    after = build_schema(schema.print_sdl())
    changes = list_changes(before, after)
    for kind, change in changes:
        print(f"{kind}: {change.description}")
    for narrowed in sorted(find_narrowed_limits(before, after)):
        print(f"may surprise: {narrowed}")
    known = load_documents(read_settings().manifest)
    for file in documents or ():
        known |= {f"{hash[:12]} of {file}": text for hash, text in read_documents(file).items()}
    broken = list(find_broken_documents(before, after, known))
    for name, reason in broken:
        print(f"breaks the document {name}: {reason}")
    raise typer.Exit(any(is_breaking(change) for _, change in changes) or bool(broken))


def asyncapi(
    core: Annotated[bool, typer.Option("--core", help="Without the plugins (不含插件).")] = False,
) -> None:
    """Print the AsyncAPI document of all events (事件文档)."""
    import json

    from gongzhi_server.events import asyncapi
    from gongzhi_server.plugins import loader
    from gongzhi_server.plugins.contributions import Plugins

    installed = Plugins() if core else loader.load_plugins()
    found = asyncapi.build_document(installed.registry, installed.tellers)
    print(json.dumps(found, indent=2, ensure_ascii=False))


def labels(
    core: Annotated[bool, typer.Option("--core", help="Without the plugins (不含插件).")] = False,
) -> None:
    """Print what people read in place of names, in both languages, as JSON (标签)."""
    from gongzhi_server.graphql.schema import build_schema
    from gongzhi_server.labels.collection import Labels
    from gongzhi_server.plugins import loader
    from gongzhi_server.plugins.contributions import Plugins

    installed = Plugins() if core else loader.load_plugins()
    print(Labels(build_schema(installed), installed).write(), end="")


@documents.command("add")
def trust(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="GraphQL documents, or a build tool's manifests.")
    ],
) -> None:
    """Add documents, once they fit the schema, and print their ids (添加); a running server reads them at its start."""
    from gongzhi_server._compat import graphql_schema
    from gongzhi_server.gateway.trusted_documents import add_documents, document_validator
    from gongzhi_server.graphql import schema
    from gongzhi_server.plugins import loader

    check = document_validator(graphql_schema(schema.build_schema(loader.load_plugins())))
    for hash in add_documents(read_settings().manifest, files, check):
        print(f"sha256:{hash}")
