select json_send(row_to_json(r)) from (
SELECT (
select row_to_json(x6) from (
SELECT "t1"."number" "number",coalesce(nullif("t1"."title",''),case $1::text when 'zh' then '语音诉求' else 'Voice report' end||' '||to_char("t1"."reported_at" at time zone 'Asia/Shanghai','YYYY-MM-DD HH24:MI')) "title","t1"."description" "description","t1"."status" "status",(
select row_to_json(x3) from (
SELECT "t2"."name" "name"
FROM "people"."person" "t2"
WHERE ((("t2"."county_id"=$2::int) and ("t2"."restricted_at" is null)) AND ("t2"."id"="t1"."requester_id"))) x3) "requester",(
select row_to_json(x5) from (
SELECT "t4"."code" "code","t4"."name" "name"
FROM "grids"."grid" "t4"
WHERE ("t4"."id"="t1"."grid_id")) x5) "grid"
FROM "cases"."case" "t1"
WHERE (("t1"."number"=$3) AND ("t1"."county_id"=$4::int))) x6) "case") r
