"""Decision trace: the view `rights.trace`, which joins the traces that packages keep of decisions of rules.

The core's service tiers lie in `people.tier`, what `gongzhi_rights.decisions.record_decision` records in
`rights.decision`. Nothing is written twice: the view says the same facts in the same words.
"""

from __future__ import annotations

from typing import Any

from gongzhi.declare.columns import primary_key
from tortoise import fields
from tortoise.models import Model

# Tiers are of households and deny nothing: nobody's person, and never adverse.
VIEW = """
create view rights.trace as
select d.id, d.person_id, d.household_id, d.rule, d.inputs, d.contributions, d.outcome, d.adverse, d.at, d.account
from rights.decision d
union all
select t.id, null::uuid, t.household_id, t.rule,
  coalesce((select jsonb_agg(jsonb_build_object('name', i.key, 'value', i.value) order by i.key)
    from jsonb_each(case jsonb_typeof(t.inputs) when 'object' then t.inputs else '{}' end) i), '[]'),
  coalesce((select jsonb_agg(jsonb_build_object(
      'name', r.part->>'rule', 'value', r.part->'holds', 'text', r.part->>'text', 'english', r.part->>'english'
    ) order by r.place)
    from jsonb_array_elements(t.reasons) with ordinality r(part, place)), '[]'),
  t.tier, false, t.decided_at, t.account
from people.tier t
"""


class TraceRow(Model):
    """A row of the view, for statements only: nothing is written here, and Tortoise does not know it."""

    id = primary_key()
    person: Any = fields.ForeignKeyField("people.PersonRow", null=True, related_name=False)
    household: Any = fields.ForeignKeyField("people.HouseholdRow", null=True, related_name=False)
    rule = fields.CharField(max_length=80)
    inputs: Any = fields.JSONField()
    contributions: Any = fields.JSONField()
    outcome = fields.CharField(max_length=60)
    adverse = fields.BooleanField(default=False)
    at = fields.DatetimeField()
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "rights"
        table = "trace"
