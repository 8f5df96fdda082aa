"""Fairness report: how a scorecard's grades are spread over groups, and the disparate-impact ratio.

Good grades are the better half of the bands. A group's ratio is its share of good grades over the highest share of a
group of the same dimension; four fifths is the usual mark below which somebody must look. Groups of fewer than ten
people tell of people and are not shown. Age and gender are read here, by the statement alone, and nowhere else.
"""

from __future__ import annotations

FEWEST = 10

# One expression of the statement: ages and genders are read inside it, and leave it as shares of ten people or more.
# An odd number of bands counts the middle one as good (`ceil`).
REPORT = f"""
(with good as (select array_agg(e.band->>'grade') grades
   from jsonb_array_elements({{1}}) with ordinality e(band, place)
   where e.place <= ceil(jsonb_array_length({{1}})/2.0)),
 member as (
   select d.dimension, d.name, a.grade, a.grade = any(good.grades) good
   from good, credit.appraisal a join people.person p on p.id=a.person_id
   cross join lateral (values
     ('AGE', case when p.birth_date is null then 'UNKNOWN'
       when p.birth_date > {{2}} - interval '35 years' then 'UNDER_35'
       when p.birth_date > {{2}} - interval '60 years' then '35_TO_59' else '60_AND_OVER' end),
     ('GENDER', p.gender),
     ('GRID', (select g.code from grids.grid g where g.id=a.village_id))) d(dimension, name)
   where a.model_id={{0}} and a.state='CONCLUDED' and d.name is not null),
 graded as (select m.dimension, m.name, m.grade, count(*) many from member m group by 1, 2, 3),
 whole as (select m.dimension, m.name, count(*) many, avg(m.good::int) rate from member m group by 1, 2),
 best as (select w.dimension, max(w.rate) rate from whole w where w.many >= {FEWEST} group by 1)
 select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('dimension', w.dimension, 'group', w.name,
   'count', case when w.many >= {FEWEST} then w.many end,
   'grades', case when w.many >= {FEWEST} then (select jsonb_agg(jsonb_build_object(
     'grade', g.grade, 'share', round(100.0*g.many/w.many)::int) order by g.grade)
     from graded g where g.dimension=w.dimension and g.name=w.name) end,
   'ratio', case when w.many >= {FEWEST} and b.rate > 0 then round(w.rate/b.rate, 2)::text end
   )) order by w.dimension, w.name), '[]')
 from whole w left join best b on b.dimension=w.dimension)
"""
