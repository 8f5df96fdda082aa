"""Indexes for cases near a place or of a village: what looks for cases about the same matter walks these."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_external")]

    operations = [
        ops.RunSQL(
            [
                "create extension if not exists pg_trgm",
                "create extension if not exists btree_gist",
                "create index if not exists similar_place on cases.case "
                "using gist (point(longitude, latitude), reported_at) where longitude is not null",
                "create index if not exists similar_village on cases.case (village_id, category_id, reported_at, id)",
            ]
        )
    ]
