"""Checks: what of the dispatch directory would hurt later, looked for by `gongzhi doctor` and `Query.findings`."""

from __future__ import annotations

from gongzhi.declare.register_entries import Check
from gongzhi.values.errors import Text

CHECKS = (
    Check(
        "directory",
        "select count(*) from dispatch.rule r join units.unit u on u.id = r.unit_id "
        "where r.valid_to is null and u.valid_to is not null",
        Text("no entry of the dispatch directory leads to a closed unit", "派单目录没有指向已停用单位的条目"),
        Text("entries of the dispatch directory that lead to a closed unit: {0}", "派单目录中指向停用单位的条目：{0}"),
    ),
    Check(
        "orphans",
        "select count(*) from dispatch.rule r join cases.category c on c.id = r.category_id "
        "join grids.grid g on g.id = r.grid_id where r.valid_to is null "
        "and (c.valid_to is not null or g.valid_to is not null)",
        Text(
            "every entry of the dispatch directory is about a subject and a place that there are",
            "派单目录条目的分类和网格均有效",
        ),
        Text(
            "entries of the dispatch directory about a subject or a place that is no more: {0}",
            "派单目录中分类或网格已停用的条目：{0}",
        ),
    ),
    Check(
        "undirected",
        "select count(distinct c.id) from cases.category c cross join "
        "(select distinct county_id from dispatch.rule where valid_to is null and county_id is not null) k "
        "where c.valid_to is null and not exists(select from dispatch.rule r join cases.category d "
        "on d.id = r.category_id join units.unit u on u.id = r.unit_id where r.valid_to is null "
        "and r.county_id = k.county_id and u.valid_to is null and starts_with(c.code || '.', d.code || '.'))",
        Text("every category has a unit in the dispatch directory", "每个诉求分类在派单目录中都有承办单位"),
        Text(
            "categories for which a county's dispatch directory has no unit: {0}",
            "县级派单目录中没有承办单位的诉求分类：{0}",
        ),
    ),
)
