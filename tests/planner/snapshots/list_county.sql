select json_send(row_to_json(r)) from (
SELECT (
select row_to_json(x11) from (
SELECT (
SELECT count(*)
FROM "cases"."case" "t1"
WHERE ("t1"."county_id"=$1::int)) "totalCount",json_build_object('hasNextPage',(count(*)>50),'endCursor',case when least(count(*),50)>0 then replace(encode(convert_to(json_build_array((array_agg("t1"."reported_at"))[least(count(*),50)::int],(array_agg("t1"."id"))[least(count(*),50)::int])::text,'utf8'),'base64'),E'\n','') end) "pageInfo",coalesce(json_agg((
select row_to_json(x10) from (
SELECT "t1"."number" "number",coalesce(nullif("t1"."title",''),case $2::text when 'zh' then '语音诉求' else 'Voice report' end||' '||to_char("t1"."reported_at" at time zone 'Asia/Shanghai','YYYY-MM-DD HH24:MI')) "title","t1"."status" "status","t1"."reported_at" "reportedAt",(
select row_to_json(x3) from (
SELECT "t2"."name" "name",(
select p.mask from people.phone p where p.person_id="t2"."id" order by p.rank,p.id limit 1) "phone"
FROM "people"."person" "t2"
WHERE ((("t2"."county_id"=$3::int) and ("t2"."restricted_at" is null)) AND ("t2"."id"="t1"."requester_id"))) x3) "requester",(
select row_to_json(x7) from (
SELECT "t4"."code" "code","t4"."name" "name",(
select row_to_json(x6) from (
SELECT "t5"."name" "name"
FROM "grids"."grid" "t5"
WHERE ("t5"."id"="t4"."parent_id")) x6) "parent"
FROM "grids"."grid" "t4"
WHERE ("t4"."id"="t1"."grid_id")) x7) "grid",(
select coalesce(json_agg(row_to_json(o9)),'[]') from (
SELECT "t8"."type" "type","t8"."at" "at","t8"."note" "note"
FROM ((
SELECT "t8".*
FROM "cases"."event" "t8"
WHERE ((("t8"."audience"='PUBLIC') or ("t1"."county_id"=$4::int)) AND ("t8"."case_id"="t1"."id"))
ORDER BY "t8"."at" DESC,"t8"."id" DESC LIMIT 3)) "t8"
ORDER BY "t8"."at" ASC,"t8"."id" ASC) o9) "timeline") x10)) filter (where "t1"."@i"<=50),'[]') "nodes"
FROM ((
SELECT row_number() over () "@i","t1".*
FROM ((
SELECT "t1".*
FROM "cases"."case" "t1"
WHERE ("t1"."county_id"=$1::int)
ORDER BY "t1"."reported_at" DESC,"t1"."id" DESC LIMIT 51)) "t1")) "t1"
HAVING true) x11) "cases") r
