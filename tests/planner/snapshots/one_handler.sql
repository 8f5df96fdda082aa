select json_send(row_to_json(r)) from (
SELECT (
select row_to_json(x6) from (
SELECT "t1"."number" "number",coalesce(nullif("t1"."title",''),case $1::text when 'zh' then '语音诉求' else 'Voice report' end||' '||to_char("t1"."reported_at" at time zone 'Asia/Shanghai','YYYY-MM-DD HH24:MI')) "title","t1"."description" "description","t1"."status" "status",(
select row_to_json(x3) from (
SELECT "t2"."name" "name"
FROM "people"."person" "t2"
WHERE ((("t2"."id"=any(array(
select c.requester_id from cases.case c where c.lead_unit_id=$2::int and c.series='ORDINARY' and c.status in ('DISPATCHED','HANDLING','SUSPENDED','REPLIED')))) and ("t2"."restricted_at" is null)) AND ("t2"."id"="t1"."requester_id"))) x3) "requester",(
select row_to_json(x5) from (
SELECT "t4"."code" "code","t4"."name" "name"
FROM "grids"."grid" "t4"
WHERE ("t4"."id"="t1"."grid_id")) x5) "grid"
FROM ((
SELECT "t1".*
FROM "cases"."case" "t1"
WHERE (("t1"."number"=$3) AND (("t1"."lead_unit_id"=$4::int) and ("t1"."accused_unit_id" is null or "t1"."accused_unit_id"<>all(array(with recursive employer as (
select u.id, u.parent_id from units.unit u where u.id=$5::int
union all select u.id, u.parent_id from units.unit u join employer e on u.id=e.parent_id) select e.id from employer e))))))
union all (
SELECT "t1".*
FROM "cases"."case" "t1"
WHERE (("t1"."number"=$3) AND (("t1"."id"=any(array(
select s.case_id from cases.support s where s.unit_id=$4::int))) and ("t1"."accused_unit_id" is null or "t1"."accused_unit_id"<>all(array(with recursive employer as (
select u.id, u.parent_id from units.unit u where u.id=$5::int
union all select u.id, u.parent_id from units.unit u join employer e on u.id=e.parent_id) select e.id from employer e)))) AND ((("t1"."lead_unit_id"=$4::int) and ("t1"."accused_unit_id" is null or "t1"."accused_unit_id"<>all(array(with recursive employer as (
select u.id, u.parent_id from units.unit u where u.id=$5::int
union all select u.id, u.parent_id from units.unit u join employer e on u.id=e.parent_id) select e.id from employer e)))) is not true)))) "t1") x6) "case") r
