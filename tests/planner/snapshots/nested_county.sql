select json_send(row_to_json(r)) from (
SELECT (
select row_to_json(x17) from (
SELECT "t1"."name" "name",(
select row_to_json(x16) from (
SELECT coalesce(json_agg((
select row_to_json(x15) from (
SELECT "t2"."name" "name",(
select row_to_json(x14) from (
SELECT coalesce(json_agg((
select row_to_json(x13) from (
SELECT "t3"."name" "name",(
select row_to_json(x12) from (
SELECT coalesce(json_agg((
select row_to_json(x11) from (
SELECT "t4"."name" "name",(
select row_to_json(x10) from (
SELECT coalesce(json_agg((
select row_to_json(x9) from (
SELECT "t5"."number" "number",coalesce(nullif("t5"."title",''),case $1::text when 'zh' then '语音诉求' else 'Voice report' end||' '||to_char("t5"."reported_at" at time zone 'Asia/Shanghai','YYYY-MM-DD HH24:MI')) "title",(
select row_to_json(x8) from (
SELECT coalesce(json_agg((
select row_to_json(x7) from (
SELECT "t6"."type" "type","t6"."at" "at") x7)),'[]') "nodes"
FROM ((
SELECT "t6".*
FROM "cases"."event" "t6"
WHERE ((("t6"."audience"='PUBLIC') or ("t5"."county_id"=$2::int)) AND ("t6"."case_id"="t5"."id"))
ORDER BY "t6"."at" ASC,"t6"."id" ASC LIMIT 4)) "t6"
HAVING true) x8) "events") x9)),'[]') "nodes"
FROM ((
SELECT "t5".*
FROM ((
SELECT "t5".*
FROM "cases"."case" "t5"
WHERE (("t4"."kind"='COUNTY' and "t5"."county_id"="t4"."id") AND ("t5"."county_id"=$3::int))
ORDER BY "t5"."reported_at" DESC,"t5"."id" DESC LIMIT 4)
union all (
SELECT "t5".*
FROM "cases"."case" "t5"
WHERE (("t4"."kind"='TOWN' and "t5"."town_id"="t4"."id") AND ("t5"."county_id"=$3::int))
ORDER BY "t5"."reported_at" DESC,"t5"."id" DESC LIMIT 4)
union all (
SELECT "t5".*
FROM "cases"."case" "t5"
WHERE (("t4"."kind"='VILLAGE' and "t5"."village_id"="t4"."id") AND ("t5"."county_id"=$3::int))
ORDER BY "t5"."reported_at" DESC,"t5"."id" DESC LIMIT 4)
union all (
SELECT "t5".*
FROM "cases"."case" "t5"
WHERE (("t4"."kind"='GRID_1' and "t5"."grid_1_id"="t4"."id") AND ("t5"."county_id"=$3::int))
ORDER BY "t5"."reported_at" DESC,"t5"."id" DESC LIMIT 4)
union all (
SELECT "t5".*
FROM "cases"."case" "t5"
WHERE (("t4"."kind"='GRID_2' and "t5"."grid_2_id"="t4"."id") AND ("t5"."county_id"=$3::int))
ORDER BY "t5"."reported_at" DESC,"t5"."id" DESC LIMIT 4)
union all (
SELECT "t5".*
FROM "cases"."case" "t5"
WHERE (("t4"."kind"='GRID_3' and "t5"."grid_3_id"="t4"."id") AND ("t5"."county_id"=$3::int))
ORDER BY "t5"."reported_at" DESC,"t5"."id" DESC LIMIT 4)
union all (
SELECT "t5".*
FROM "cases"."case" "t5"
WHERE (("t4"."kind" in ('PROVINCE','CITY') and "t5"."county_id"=any(array(
select c.id from grids.grid c where c.kind='COUNTY' and (c.province_id="t4"."id" or c.city_id="t4"."id")))) AND ("t5"."county_id"=$3::int))
ORDER BY "t5"."reported_at" DESC,"t5"."id" DESC LIMIT 4)) "t5"
ORDER BY "t5"."reported_at" DESC,"t5"."id" DESC LIMIT 4)) "t5"
HAVING true) x10) "cases") x11)),'[]') "nodes"
FROM ((
SELECT "t4".*
FROM "grids"."grid" "t4"
WHERE ("t4"."parent_id"="t3"."id")
ORDER BY "t4"."code" ASC,"t4"."id" ASC LIMIT 4)) "t4"
HAVING true) x12) "children") x13)),'[]') "nodes"
FROM ((
SELECT "t3".*
FROM "grids"."grid" "t3"
WHERE ("t3"."parent_id"="t2"."id")
ORDER BY "t3"."code" ASC,"t3"."id" ASC LIMIT 4)) "t3"
HAVING true) x14) "children") x15)),'[]') "nodes"
FROM ((
SELECT "t2".*
FROM "grids"."grid" "t2"
WHERE ("t2"."parent_id"="t1"."id")
ORDER BY "t2"."code" ASC,"t2"."id" ASC LIMIT 4)) "t2"
HAVING true) x16) "children"
FROM "grids"."grid" "t1"
WHERE (("t1"."code"=$4) and ("t1"."valid_to" IS NULL))) x17) "grid") r
