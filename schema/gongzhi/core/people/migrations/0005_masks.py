"""Masks show the last two characters of a resident ID and the last four digits of a number, and nothing else."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Made from the old masks, which showed both ends: what was hidden is not opened to make the new ones. The old mask of
# a landline showed two digits at its end, so fewer than four are left of it until somebody writes the number again.
SHORTEN = (
    "update people.person set resident_id_mask=repeat('*',length(resident_id_mask)-2)||right(resident_id_mask,2) "
    "where length(resident_id_mask)>4 and resident_id_mask!~'^[*]+[0-9X]{0,2}$'",
    "update people.phone set mask=repeat('*',length(mask)-length(shown))||shown "
    "from (select id as found, right(substring(mask from '[0-9]*$'),4) as shown from people.phone) one "
    "where found=id and mask!~'^[*]+[0-9]{0,4}$'",
)
# Whoever writes a mask that shows more is stopped by the table.
CHECKS = (
    "alter table people.person add constraint resident_id_mask check (resident_id_mask~'^[*]{3,}[0-9X]{0,2}$')",
    "alter table people.phone add constraint mask check (mask~'^[*]{3,}[0-9]{0,4}$')",
)


class Migration(migrations.Migration):
    dependencies = [("people", "0004_contests")]

    operations = [
        ops.RunSQL([*SHORTEN, *CHECKS]),
    ]
