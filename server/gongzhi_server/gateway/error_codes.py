"""Error codes: the closed set of `extensions.code`, one of which every error carries that leaves the server."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from graphql import GraphQLError, Node

__all__ = ["Code", "coded_error"]


class Code(StrEnum):
    """A code and what it says. The names are Apollo's where Apollo has one."""

    description: str

    def __new__(cls, value: str, description: str = "") -> Code:
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    BAD_REQUEST = (
        "BAD_REQUEST",
        "The request is not a well-formed GraphQL request: bad JSON, no query, wrong types (请求格式不正确).",
    )
    BAD_USER_INPUT = "BAD_USER_INPUT", "A variable or an argument has a value its type does not allow (参数值不正确)."
    COST_EXCEEDED = (
        "COST_EXCEEDED",
        "The operation may return more objects than the budget allows; ask for less (请求的数据过多).",
    )
    CROSS_SITE_REQUEST = (
        "CROSS_SITE_REQUEST",
        "Another site made a browser send this; add a preflight header (跨站请求).",
    )
    CURSOR_EXPIRED = (
        "CURSOR_EXPIRED",
        "A stream cannot go on after this cursor; load what you follow, and begin anew (游标已失效).",
    )
    FORBIDDEN = "FORBIDDEN", "The viewer is known and may not do this (没有权限)."
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED", "The document is not GraphQL (语法错误)."
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED", "The document does not fit the schema (与模式不符)."
    INTERNAL_SERVER_ERROR = (
        "INTERNAL_SERVER_ERROR",
        "Our fault; `extensions.id` is the entry in the server's log (服务器错误).",
    )
    LIMIT_EXCEEDED = (
        "LIMIT_EXCEEDED",
        "Something is larger than a limit; `extensions` names limit, found and allowed (超出限制).",
    )
    METHOD_NOT_ALLOWED = (
        "METHOD_NOT_ALLOWED",
        "The address does not answer this method; `Allow` names those it does (请求方法不支持).",
    )
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE", "Accept names no media type the server can send (无法按要求的格式返回)."
    OPERATION_NOT_ALLOWED = (
        "OPERATION_NOT_ALLOWED",
        "This kind of operation cannot be sent this way (此方式不支持该操作).",
    )
    OPERATION_RESOLUTION_FAILURE = (
        "OPERATION_RESOLUTION_FAILURE",
        "operationName is missing or names no operation (未指明要执行的操作).",
    )
    PERSISTED_QUERY_NOT_FOUND = (
        "PERSISTED_QUERY_NOT_FOUND",
        "The hash is unknown; send the document with it once (未知的文档哈希).",
    )
    PERSISTED_QUERY_NOT_SUPPORTED = (
        "PERSISTED_QUERY_NOT_SUPPORTED",
        "Hashes are not accepted; send the document (不支持文档哈希).",
    )
    QUERY_NOT_IN_SAFELIST = (
        "QUERY_NOT_IN_SAFELIST",
        "Only documents that the operator has added are answered here (不是可信文档).",
    )
    RATE_LIMITED = (
        "RATE_LIMITED",
        "Too much in too short a time; wait for `extensions.retryAfter` seconds (请求过于频繁).",
    )
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT", "The request did not arrive in time (请求超时)."
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE", "The body or the URL is larger than the server reads (请求过大)."
    SECOND_FACTOR_REQUIRED = (
        "SECOND_FACTOR_REQUIRED",
        "The password was right; answer `extensions.challenge` with a code at /auth/second-factor (须输入动态验证码).",
    )
    SERVER_STOPPING = (
        "SERVER_STOPPING",
        "The server stops; connect again, and a stream goes on after its last event (服务器正在停止).",
    )
    TIMEOUT = "TIMEOUT", "The operation took too long and was cancelled (操作超时)."
    UNAUTHENTICATED = "UNAUTHENTICATED", "The credentials are missing, wrong or expired (未登录或登录已失效)."
    UNAVAILABLE = (
        "UNAVAILABLE",
        "The data cannot be reached; send it again after `extensions.retryAfter` seconds (暂时不可用).",
    )
    UNSUPPORTED_MEDIA_TYPE = (
        "UNSUPPORTED_MEDIA_TYPE",
        "The body has a media type, charset or encoding we do not read (不支持的内容类型).",
    )


def coded_error(
    code: Code, message: str, nodes: Collection[Node] | Node | None = None, **extensions: Any
) -> GraphQLError:
    """Make an error with a code; further keywords become further extensions."""
    return GraphQLError(message, nodes, extensions={"code": code.value, **extensions})
