"""Contacts: telephone numbers that people without an account leave with a case, and prove to be theirs."""

from __future__ import annotations

from gongzhi.declare.extend import Extension
from gongzhi.declare.register_entries import AddressBook
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import About, App, hookimpl
from gongzhi.runtime.jobs import BackgroundJob


@hookimpl
def about() -> list[About]:
    return [About(always=True)]


@hookimpl
def tables() -> list[App]:
    return [
        App(
            "contacts",
            "gongzhi_contacts.models",
            "gongzhi_contacts.migrations",
            demo="gongzhi_contacts.demo:leave_numbers",
        )
    ]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import commands

    return commands.EXTENSIONS


@hookimpl
def jobs() -> list[BackgroundJob]:
    from . import sending

    return [sending.send_code, sending.forget_unproved]


@hookimpl
def registers() -> list[Registers]:
    from . import holdings, sending

    book = AddressBook(sending.OF_CASE, sending.find_number)
    return [Registers(holdings=holdings.HOLDINGS, address_books=(book,))]
