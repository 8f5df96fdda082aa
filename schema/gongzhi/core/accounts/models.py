"""Models: the tables of accounts; passwords, keys and codes are hashed, refresh tokens derived, no secret is kept."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import SqlDefault
from tortoise.models import Model

from gongzhi.declare.columns import BytesField, Located, primary_key

NAME = 100


class AccountKind(StrEnum):
    """Who stands behind an account."""

    PERSON = "PERSON"
    MACHINE = "MACHINE"


class AccountRow(Located):
    """Somebody who may sign in. Its grid is where it is looked after; without one, only who serves everywhere does."""

    id = primary_key()
    name = fields.CharField(max_length=NAME, unique=True)
    kind = fields.CharEnumField(AccountKind, max_length=7)
    grid: Any = fields.ForeignKeyField("grids.GridRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    person: Any = fields.ForeignKeyField("people.PersonRow", null=True, related_name=False, on_delete=fields.SET_NULL)
    person_id: UUID | None
    created_at = fields.DatetimeField()
    # Names and no foreign keys, here and below: who did it stays on record when their account is gone.
    created_by = fields.CharField(max_length=NAME)
    suspended_at = fields.DatetimeField(null=True)
    suspended_by = fields.CharField(max_length=NAME, null=True)
    suspending_at = fields.DatetimeField(null=True)
    suspending_by = fields.CharField(max_length=NAME, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "accounts"
        table = "account"


class Belonging(Model):
    """A row of an account."""

    id = primary_key()
    account: Any = fields.ForeignKeyField(
        "accounts.AccountRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    account_id: UUID

    class Meta:
        abstract = True


class GrantRow(Belonging):
    """A role held in a grid and below it, for a unit, or (with neither) everywhere, from when to when.

    It counts for nothing while `proposed_at` says that it waits for a second person. Until `waits_until` whoever
    watches over personal data can stop it, unless they agreed before. `granted_at` is when it was given, for `since`
    may lie before. Where it takes two to end it, `ending_at` is when the first of them asked for it.
    """

    role = fields.CharField(max_length=60)
    grid: Any = fields.ForeignKeyField("grids.GridRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    grid_id: int | None
    unit: Any = fields.ForeignKeyField("units.UnitRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    unit_id: int | None
    # Ended and never deleted: what somebody did is judged by what they held at the time.
    since = fields.DatetimeField()
    until = fields.DatetimeField(null=True)
    granted_by = fields.CharField(max_length=NAME)
    proposed_at = fields.DatetimeField(null=True)
    confirmed_by = fields.CharField(max_length=NAME, null=True)
    revoked_by = fields.CharField(max_length=NAME, null=True)
    granted_at = fields.DatetimeField(null=True)
    waits_until = fields.DatetimeField(null=True)
    agreed_by = fields.CharField(max_length=NAME, null=True)
    stopped_by = fields.CharField(max_length=NAME, null=True)
    stopped_why = fields.CharField(max_length=500, null=True)
    ending_at = fields.DatetimeField(null=True)
    ending_by = fields.CharField(max_length=NAME, null=True)

    class Meta:
        schema = "accounts"
        table = "holding"


class IdentityRow(Belonging):
    """Who an account is at an identity provider.

    It counts for nothing while `proposed_at` says that it waits for a second person.
    """

    issuer = fields.CharField(max_length=200)
    subject = fields.CharField(max_length=255)
    linked_at = fields.DatetimeField()
    linked_by = fields.CharField(max_length=NAME)
    proposed_at = fields.DatetimeField(null=True)
    confirmed_by = fields.CharField(max_length=NAME, null=True)

    class Meta:
        schema = "accounts"
        table = "identity"
        unique_together = (("issuer", "subject"),)


class PasswordRow(Belonging):
    """An account's one password, hashed by argon2id with its parameters and salt."""

    hash = fields.CharField(max_length=200)
    changed_at = fields.DatetimeField()

    class Meta:
        schema = "accounts"
        table = "password"


class SessionRow(Belonging):
    """One signing-in and what came of it: a family of refresh tokens, of which the latest generation is good."""

    device = fields.CharField(max_length=NAME, null=True)
    methods: Any = ArrayField("text", default=list, db_default=SqlDefault("'{}'"))
    """How its owner showed who they are: `pwd`, `otp`, `recovery`, `idp`."""
    # Tokens are derived from it: an earlier one that comes again was copied, and the session ends.
    generation = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField()
    repeated_at = fields.DatetimeField(null=True)
    """When the token used last came once more, because the answer to it was lost."""
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "accounts"
        table = "session"


class KeyRow(Belonging):
    """An API key: some of its account's permissions, for a time. Of the key itself only a digest is kept.

    It counts only where it is shown from `networks`, if there are any. Who has the private key to one of its
    `public_keys` (entries of a JWKS) gets tokens for it, too.
    """

    label = fields.CharField(max_length=NAME)
    # A plain digest, with an index to find it by: a key is 256 random bits, which nobody can try out.
    digest = BytesField(unique=True)
    permissions: Any = ArrayField("text")
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=NAME)
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    networks: Any = ArrayField("text", default=list, db_default=SqlDefault("'{}'"))
    public_keys: Any = ArrayField("text", default=list, db_default=SqlDefault("'{}'"))

    class Meta:
        schema = "accounts"
        table = "key"


class InvitationRow(Model):
    """A one-time code, kept as a MAC: to set an account's password with, or to link a person to an account.

    What a second person must print has no code until they do (`printed_by`): whoever made it never sees one.
    """

    id = primary_key()
    # A MAC under the deployment's secret: codes are short enough to be tried out by whoever has read the table.
    mac = BytesField(unique=True, null=True)
    account: Any = fields.ForeignKeyField(
        "accounts.AccountRow", null=True, related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    account_id: UUID | None
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    person_id: UUID | None
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=NAME)
    expires_at = fields.DatetimeField()
    printed_at = fields.DatetimeField(null=True)
    printed_by = fields.CharField(max_length=NAME, null=True)
    used_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "accounts"
        table = "invitation"


class FingerprintRow(Model):
    """The digest of a secret or of a key of the ring, as this database has been used with it since then."""

    name = fields.CharField(max_length=60, primary_key=True)
    digest = BytesField()
    since = fields.DatetimeField()

    class Meta:
        schema = "accounts"
        table = "fingerprint"


class AttemptRow(Model):
    """Failed attempts to sign in, by a MAC of the name or address they came with; known and unknown names alike."""

    # Not by account: who has none waits as long, or the wait would tell that an account exists.
    subject = BytesField(primary_key=True)
    failures = fields.IntField()
    at = fields.DatetimeField()
    blocked_until = fields.DatetimeField(null=True)

    class Meta:
        schema = "accounts"
        table = "attempt"
