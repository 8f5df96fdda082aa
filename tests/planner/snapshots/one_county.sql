select row_to_json(r)::text from (
SELECT (
select row_to_json(x6) from (
SELECT "t1"."number" "number","t1"."title" "title","t1"."description" "description","t1"."status" "status",(
select row_to_json(x3) from (
SELECT "t2"."name" "name"
FROM "people"."person" "t2"
WHERE ((("t2"."county_id"=$1::int) and ("t2"."restricted_at" is null)) AND ("t2"."id"="t1"."requester_id"))) x3) "requester",(
select row_to_json(x5) from (
SELECT "t4"."code" "code","t4"."name" "name"
FROM "grids"."grid" "t4"
WHERE ("t4"."id"="t1"."grid_id")) x5) "grid"
FROM "cases"."case" "t1"
WHERE (("t1"."number"=$2) AND ("t1"."county_id"=$3::int))) x6) "case") r
