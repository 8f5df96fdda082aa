select row_to_json(r)::text from (
SELECT (
select row_to_json(x6) from (
SELECT "t1"."number" "number","t1"."title" "title","t1"."description" "description","t1"."status" "status",(
select row_to_json(x3) from (
SELECT "t2"."name" "name"
FROM ((
SELECT "t2".*
FROM "people"."person" "t2"
WHERE false)) "t2") x3) "requester",(
select row_to_json(x5) from (
SELECT "t4"."code" "code","t4"."name" "name"
FROM "grids"."grid" "t4"
WHERE ("t4"."id"="t1"."grid_id")) x5) "grid"
FROM ((
SELECT "t1".*
FROM "cases"."case" "t1"
WHERE ("t1"."number"=$1) AND (("t1"."lead_unit_id"=$2::int) and ("t1"."accused_unit_id" is distinct from $2::int)))
union all (
SELECT "t1".*
FROM "cases"."case" "t1"
WHERE ("t1"."number"=$1) AND (("t1"."id"=any(array(
select s.case_id from cases.support s where s.unit_id=$2::int))) and ("t1"."accused_unit_id" is distinct from $2::int)) AND ((("t1"."lead_unit_id"=$2::int) and ("t1"."accused_unit_id" is distinct from $2::int)) is not true))) "t1") x6) "case") r
