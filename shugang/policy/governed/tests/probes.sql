-- Bypass probes for governed SQL. Each block is headed by expectation and origin, then holds one statement.
-- Expectation: a refusal code, or "contained": it may run, must show no secret, and must equal the same text run on
-- physically filtered copies wherever DuckDB runs it there.
-- Origin: a public issue, an advisory, a paper, a manual, or "own". The world is in world.py: people (rows of SZ only;
-- pay and note hidden, phone masked), orders (all), staff (aggregates of at least 5 only; card hidden).

-- names that mean two things

### contained | own: the first rewriter returned the raw table
select * from people, (with people as (select 1) select * from people) z

### contained | own: WITH shadows a table and reads it
with people as (select id, city from people) select * from people

### contained | own: shadowing two levels deep
with a as (with people as (select 1 as x) select * from people) select a.x, people.id from a, people

### contained | own: inner WITH does not reach the outer FROM
select p.id from (with people as (select 5 as id) select id from people) z join people p on p.id > z.id

### contained | own: WITH of one union arm
(with people as (select 9 as id) select id from people) union all select id from people

### contained | own: WITH in a scalar subquery
select (with people as (select 3 as v) select max(v) from people) as m, count(*) as n from people

### contained | own: WITH in EXISTS
select count(*) as n from people where exists (with people as (select 1 as one) select one from people)

### contained | own: WITH in IN
select id from people where id in (with people as (select 2 as k) select k from people)

### contained | own: alias is the name of another table
select orders.id from people as orders

### column_hidden | own: alias is the name of another table, whose column is asked for
select orders.amount from people as orders

### column_hidden | own: alias hides the table's own name
select people.note from orders as people

### contained | own: same alias inside and outside
select p.id, (select count(*) from orders p where p.person = 1) as n from people p

### contained | own: correlated by the same table name
select id from people where age > (select avg(p.age) from people p where p.city = people.city)

### contained | quack-on-demand #84: quoted identifier missed the policy
select "id", "name" from "people"

### column_hidden | quack-on-demand #84: quoted identifier, hidden column
select "note" from "people"

### contained | own: case folding of quoted names (DuckDB ignores case)
select "ID" from "PEOPLE"

### column_hidden | own: case folding of a hidden column
select "NoTe" from "PeOpLe"

### sql_no_table | own: homoglyph table name (Cyrillic е)
select id from pеople

### sql_no_table | own: trailing space in a quoted name
select id from "people "

### sql_no_table | own: full-width table name
select id from ｐｅｏｐｌｅ

### column_hidden | own: column alias list does not reveal more columns
select x.a, x.note from people as x(a, b)

### sql_not_allowed | own: alias list longer than the granted columns
select * from people as x(a, b, c, d, e, f, g, h, i)

### contained | own: alias list renames
select x.a, x.b from people as x(a, b)

### sql_ambiguous | own: same name twice in FROM
select * from people, people

### sql_ambiguous | own: WITH of the same name twice
with a as (select 1), a as (select 2) select * from a

### sql_ambiguous | own: column of two tables without qualification
select id from people, orders

### column_hidden | own: USING on a hidden column
select * from people p join people q using (note)

### column_hidden | own: USING on a hidden column of one side
select p.id from people p join orders o using (pay)

### contained | own: NATURAL JOIN sees granted columns only
select count(*) as n from people natural join (select id, age from people) q

### contained | own: NATURAL JOIN with a column named as the hidden one
select * from people natural join (select id, 'x' as note from people) q

### contained | own: USING and star
select * from people p join orders o using (id)

### contained | own: full join merges columns
select id, p.city, o.amount from people p full join orders o using (id) order by id, o.amount

### contained | own: lateral subquery
select p.id, s.n from people p, lateral (select count(*) as n from orders o where o.person = p.id) s

### contained | own: implicit lateral
select p.id, s.d from people p, (select p.age * 2 as d) s

### column_hidden | own: lateral to a hidden column
select s.d from people p, lateral (select p.note as d) s

### column_hidden | own: correlated to a hidden column
select (select count(*) from orders where code = p.note) from people p

### column_hidden | own: alias of the SELECT list is not a column of a subquery
select note as x from people

### contained | own: lateral alias
select age + 1 as b, b + 1 as c from people

### column_hidden | own: alias in its own subquery
select 1 as x, (select x) as y from people

### contained | own: alias named as a hidden column
select city as note from people where note = 'SZ'

### contained | own: hidden name as the name of a WITH
with note as (select 1 as one) select one from note

### contained | own: hidden name as an alias of a table
select note.id from people note

### sql_not_allowed | own: recursive WITH
with recursive r(n) as (select 1 union all select n + 1 from r) select * from r

### sql_no_table | own: WITH that reads itself
with r as (select * from r) select * from r

### sql_no_table | own: WITH that reads a later one
with a as (select * from b), b as (select 1) select * from a

### contained | own: mark-like names in the text
select id as "~t1", city as "~c1" from people as "~t9"

### sql_no_table | own: our own names of WITH
select * from "~c1"

### sql_no_table | own: our own names of FROM
select * from people, "~t1"

-- other tables

### sql_no_table | PortSwigger SQL injection cheat sheet: information_schema
select table_name from information_schema.tables

### sql_no_table | PortSwigger SQL injection cheat sheet: information_schema columns
select column_name from information_schema.columns where table_name = 'people'

### sql_no_table | DuckDB manual: sqlite_master
select * from sqlite_master

### sql_no_table | DuckDB manual: pg_catalog
select * from pg_catalog.pg_class

### sql_no_table | PostgreSQL CVE-2017-7484: statistics tables
select * from pg_stats

### sql_no_table | own: pg_catalog without its schema
select relname from pg_class

### sql_no_table | own: quoted system table
select * from "information_schema"."tables"

### sql_no_table | own: raw table of another grant
select * from secrets

### sql_no_table | own: schema main
select * from main.people_raw

### sql_no_table | own: schema of somebody else
select * from other.people

### sql_not_allowed | own: catalog and schema
select * from memory.main.people

### sql_not_allowed | own: system catalog
select * from system.information_schema.tables

### sql_no_table | own: temp schema
select * from temp.people

### sql_no_table | Arc #442: file scan by a string
select * from 'people.parquet'

### sql_no_table | Arc #442: file scan, absolute
select * from '/etc/passwd'

### sql_no_table | libredb #516: file scan, quoted identifier
select * from "data/people.csv"

### sql_no_table | own: address scan
select * from 'https://example.com/x.parquet'

### sql_no_table | own: object store scan
select * from "s3://bucket/people.parquet"

### sql_no_table | own: glob scan
select * from '*.parquet'

### sql_no_table | own: descriptor scan
select * from '/proc/self/fd/3'

### sql_no_table | own: JSON scan
select * from 'x.json'

### sql_function | Arc #442: read_csv
select * from read_csv('/etc/passwd')

### sql_function | Arc #442: read_csv_auto
select * from read_csv_auto('/etc/passwd')

### sql_function | libredb #516: quoted "read_text"()
select * from "read_text"('/etc/passwd')

### sql_function | DuckDB manual: read_blob
select content from read_blob('/etc/shadow')

### sql_function | DuckDB manual: read_parquet
select * from read_parquet('/proc/self/fd/3')

### sql_function | DuckDB manual: parquet_scan
select * from parquet_scan('x')

### sql_function | DuckDB manual: parquet_metadata shows raw statistics
select * from parquet_metadata('x')

### sql_function | Paimon #8582: statistics of the raw file
select stats_min, stats_max from parquet_metadata('people.parquet')

### sql_function | DuckDB manual: read_json
select * from read_json_auto('x')

### sql_function | CVE-2024-41672: sniff_csv despite no external access
select * from sniff_csv('/etc/passwd')

### sql_function | DuckDB manual: glob
select * from glob('/*')

### sql_function | DuckDB manual: duckdb_tables
select * from duckdb_tables()

### sql_function | DuckDB manual: duckdb_columns
select * from duckdb_columns()

### sql_function | DuckDB manual: duckdb_views shows how views are made
select sql from duckdb_views()

### sql_function | DuckDB #24695: duckdb_settings shows allowed folders
select * from duckdb_settings()

### sql_function | DuckDB manual: duckdb_secrets
select * from duckdb_secrets()

### sql_function | DuckDB manual: duckdb_logs
select * from duckdb_logs()

### sql_function | DuckDB manual: pragma functions as tables
select * from pragma_table_info('people')

### sql_function | DuckDB manual: pragma_storage_info shows segment statistics
select * from pragma_storage_info('people')

### sql_function | DuckDB manual: query() runs text
select * from query('select * from people_raw')

### sql_function | DuckDB manual: query_table()
select * from query_table('people_raw')

### sql_function | own: table function in a join
select * from people p join duckdb_tables() d on true

### sql_function | own: table function in lateral
select * from people p, lateral (select * from read_text('/etc/hosts')) x

### sql_function | own: table function in a scalar subquery
select (select content from read_text('/etc/hosts')) from people

### sql_function | own: range as a table
select * from range(50000000)

### sql_function | own: generate_series as a table
select * from generate_series(1, 1000000000)

### sql_function | own: unnest as a table
select * from unnest([1, 2])

### sql_function | own: postgres_scan
select * from postgres_scan('host=127.0.0.1', 'public', 't')

### sql_function | own: sqlite_scan
select * from sqlite_scan('x.db', 't')

### sql_function | own: seq_scan
select * from seq_scan('people')

### sql_function | own: arrow_scan by pointer
select * from arrow_scan(1, 2, 3)

### sql_function | own: pandas_scan by pointer
select * from pandas_scan(140000000)

### sql_no_table | own: Python variables of the host (replacement scan)
select * from con

### sql_function | own: checkpoint as a function
select * from checkpoint()

### sql_function | own: force_checkpoint
select * from force_checkpoint()

### sql_function | own: test_all_types
select * from test_all_types()

### sql_function | own: repeat as a table
select * from repeat('x', 900000000)

### sql_function | own: summary of a table
select * from summary(people)

-- functions

### sql_function | own: getvariable
select getvariable('x') from people

### sql_function | DuckDB #24695: current_setting shows server paths
select current_setting('allowed_directories') from people

### sql_function | PortSwigger SQL injection cheat sheet: version
select version() from people

### sql_function | own: current_database
select current_database() from people

### sql_function | own: current_schema
select current_schema() from people

### sql_function | own: current_user
select current_user from people

### sql_function | own: getenv
select getenv('HOME') from people

### sql_function | own: current_query
select current_query() from people

### sql_function | own: txid_current
select txid_current() from people

### sql_function | own: nextval
select nextval('seq') from people

### sql_function | own: pg_typeof
select pg_typeof(id) from people

### sql_function | own: typeof
select typeof(id) from people

### sql_function | own: stats() shows column statistics
select stats(age) from people

### sql_function | Paimon #8570: statistics of a filtered column
select stats(p.age) from people p where p.age > 20

### sql_function | own: error() prints values
select error(name) from people

### sql_function | own: error() inside CASE
select case when name like 'A%' then error(name) else 1 end from people

### sql_function | PortSwigger SQL injection cheat sheet: time delay
select pg_sleep(10) from people

### sql_function | own: sleep
select sleep_ms(10000) from people

### sql_function | own: random breaks a retry
select random() from people

### sql_function | own: uuid
select uuid() from people

### sql_function | own: setseed
select setseed(0.5) from people

### sql_function | own: the clock
select now() from people

### sql_function | own: the date
select current_date from people

### sql_function | own: list functions
select list_transform([1], x -> x) from people

### sql_function | own: array_agg
select array_agg(name) from people

### sql_function | own: struct of a row
select row(people) from people

### sql_function | own: row to JSON
select to_json(people) from people

### sql_function | own: row_to_json
select row_to_json(people) from people

### sql_function | own: json of all columns
select json_object('a', id) from people

### sql_function | own: histogram
select histogram(age) from people

### sql_function | own: repeat as a function
select repeat('x', 900000000) from people

### sql_function | own: range as a function
select range(100000000) from people

### sql_function | own: generate_series as a function
select generate_series(1, 100000000) from people

### sql_function | own: unnest in the SELECT list
select unnest([1, 2, 3]) from people

### sql_function | own: format
select format('{}', name) from people

### sql_function | own: printf
select printf('%s', name) from people

### sql_function | own: quoted function name in capitals
select "GETVARIABLE"('x') from people

### sql_not_allowed | own: function by its schema
select main.getvariable('x') from people

### sql_not_allowed | own: pg_catalog function
select pg_catalog.version() from people

### sql_function | own: write_log
select write_log('x') from people

### sql_function | own: add_parquet_key
select add_parquet_key('a', 'b') from people

### sql_function | own: parse_path
select parse_path('/a/b') from people

### sql_function | own: hash
select hash(people) from people

### sql_function | own: function in ORDER BY
select id from people order by getvariable('x')

### sql_function | own: function in GROUP BY
select count(*) from people group by current_setting('threads')

### sql_function | own: function in a window
select sum(age) over (order by getvariable('x')) from people

### sql_function | own: function in ON
select p.id from people p join orders o on getvariable('x') = 1

### sql_function | own: function in LIMIT
select id from people limit getvariable('x')

### sql_function | own: function in VALUES
select * from (values (getvariable('x'))) v(a)

### sql_function | own: function in FILTER
select count(*) filter (where getvariable('x') = 1) from people

-- statements

### sql_one_select | posit commons #239: WITH before DELETE
with x as (select 1) delete from people

### sql_one_select | posit commons #239: WITH before INSERT
with x as (select 1 as a) insert into people select * from x

### sql_one_select | own: two statements
select 1; drop table people

### sql_one_select | own: two statements with comments between
select 1 /* ; */ ; -- ;
select 2

### sql_one_select | Datus #1323: other statement kinds
update people set pay = 0

### sql_one_select | Datus #1323: INSERT
insert into people values (1)

### sql_one_select | keboola #697: sibling tool
create table x as select * from people

### sql_one_select | own: DROP
drop table people

### sql_one_select | own: ATTACH
attach 'x.db' as x

### sql_one_select | own: DETACH
detach memory

### sql_one_select | own: COPY TO
copy people to 'x.csv'

### sql_one_select | own: COPY of a query
copy (select * from people) to '/tmp/x.parquet'

### sql_one_select | own: PRAGMA
pragma database_list

### sql_one_select | own: SET
set memory_limit = '100GB'

### sql_one_select | own: SET VARIABLE
set variable x = 1

### sql_one_select | own: INSTALL
install httpfs

### sql_one_select | own: LOAD
load httpfs

### sql_syntax | own: EXPORT
export database '/tmp/x'

### sql_one_select | own: EXPLAIN shows physical names and statistics
explain select * from people

### sql_one_select | own: EXPLAIN ANALYZE
explain analyze select * from people

### sql_one_select | own: DESCRIBE
describe people

### sql_one_select | own: SUMMARIZE shows minima and maxima
summarize people

### sql_one_select | own: SHOW
show tables

### sql_one_select | own: CALL
call duckdb_tables()

### sql_one_select | own: CHECKPOINT
checkpoint

### sql_one_select | own: VACUUM
vacuum

### sql_one_select | own: BEGIN
begin transaction

### sql_one_select | own: USE
use memory

### sql_one_select | own: PREPARE
prepare q as select 1

### sql_one_select | own: EXECUTE
execute q

### sql_one_select | own: macro
create macro f(x) as x

### sql_one_select | own: VALUES alone
values (1, 2)

### sql_one_select | own: nothing
-- only a comment

### sql_syntax | own: SELECT INTO
select * into x from people where

### sql_not_allowed | own: SELECT INTO
select * into x from people

### sql_not_allowed | own: FOR UPDATE
select * from people for update

### sql_syntax | own: unbalanced quote
select 'x from people

### contained | posit commons #239: nested comments
select /* outer /* inner */ still */ id from people

### sql_not_allowed | posit commons #239: dollar quotes are a text
select $$people_raw$$ as x from people

### contained | own: comment between tokens
select/**/id/**/from/**/people

### sql_syntax | own: version comment of MySQL
select id from people /*!50000 union select note from people_raw */ where where

-- hidden columns

### column_hidden | own: plain
select note from people

### column_hidden | own: qualified
select people.note from people

### column_hidden | own: in WHERE
select id from people where note like 'S%'

### column_hidden | PostgreSQL manual, CREATE VIEW security_barrier: cheap function in WHERE
select id from people where length(note) > 3

### column_hidden | own: in ORDER BY
select id from people order by pay

### column_hidden | own: in GROUP BY
select count(*) from people group by pay

### column_hidden | own: in HAVING
select city from people group by city having max(pay) > 1

### column_hidden | own: in QUALIFY
select id from people qualify row_number() over (order by pay) = 1

### column_hidden | own: in PARTITION BY
select count(*) over (partition by note) from people

### column_hidden | own: in a named window
select sum(age) over w from people window w as (order by pay)

### column_hidden | own: in DISTINCT ON
select distinct on (note) id from people

### column_hidden | own: in ON
select p.id from people p join orders o on o.code = p.note

### column_hidden | own: in an aggregate
select sum(pay) from people

### column_hidden | own: in FILTER
select count(*) filter (where pay > 1) from people

### column_hidden | own: in CASE
select case when pay > 1 then 1 end from people

### column_hidden | own: in CAST
select cast(pay as varchar) from people

### column_hidden | own: in IN
select id from people where pay in (1, 2)

### column_hidden | own: in a derived table
select x.note from (select * from people) x

### column_hidden | own: in a union arm
select name from people union select note from people

### column_hidden | own: in EXCEPT
select name from people except select note from people

### column_hidden | own: star EXCLUDE
select * exclude (note) from people

### column_hidden | own: star REPLACE of a hidden column
select * replace (1 as note) from people

### column_hidden | own: star REPLACE by a hidden column
select * replace (note as name) from people

### contained | own: star gives granted columns only
select * from people

### contained | own: qualified star
select p.* from people p

### contained | own: star in a derived table
select * from (select * from (select * from people) a) b

### contained | own: EXCLUDE of a granted column
select * exclude (name) from people

### contained | own: REPLACE of a granted column
select * replace (age + 1 as age) from people

### sql_function | own: COLUMNS by expression
select columns('no.*') from people

### sql_function | own: COLUMNS star
select columns(*) from people

### sql_function | own: COLUMNS in an aggregate
select max(columns(*)) from people

### sql_function | own: COLUMNS with a lambda
select columns(c -> c like 'n%') from people

### column_hidden | own: the row as a value
select people from people

### column_hidden | own: the row of an alias
select p from people p

### column_hidden | own: rowid
select rowid from people

### column_hidden | own: rowid, qualified
select people.rowid from people

### column_hidden | DuckDB manual: virtual column filename
select filename from people

### column_hidden | DuckDB manual: file_row_number
select file_row_number from people

### sql_not_allowed | Trino #15659: nested field of a masked column
select people.name.first from people

### column_hidden | Trino #15659: field by dots
select phone.x from people

### sql_not_allowed | Trino #15659: subscript
select phone[1] from people

### sql_not_allowed | Trino #15659: slice
select phone[1:3] from people

### sql_function | Trino #15659: struct_extract
select struct_extract(people, 'note') from people

### sql_function | own: struct literal
select {'a': id} from people

### sql_function | own: list literal
select [id] from people

### sql_not_allowed | own: method call on a column
select phone.lower() from people

### contained | Trino #22152: a condition sees the masked value
select id from people where phone like '138888%'

### contained | Paimon #8582: order and limit on a masked column
select phone from people order by phone limit 1

### contained | Paimon #8570: minimum and maximum of a masked column
select min(phone), max(phone) from people

### contained | own: cast of a masked column
select try_cast(phone as bigint) from people

### contained | own: replace on a masked column
select replace(phone, '*', '0') from people

### contained | own: join on a masked column
select count(*) as n from people p join people q on p.phone = q.phone

### contained | own: distinct of a masked column
select count(distinct phone) as n from people

-- hidden rows

### contained | Rizvi et al. 2004: count sees granted rows only
select count(*) as n from people

### contained | own: condition that asks for other rows
select id, name from people where city = 'BJ'

### contained | own: condition that is always true
select count(*) as n from people where city <> 'SZ' or true

### contained | SQL injection: OR 1=1
select id from people where id = 1 or 1 = 1

### contained | own: outer join keeps hidden rows hidden
select o.id, p.name from orders o left join people p on p.id = o.person order by o.id

### contained | own: anti join by NOT EXISTS
select o.id from orders o where not exists (select 1 from people p where p.id = o.person) order by o.id

### contained | own: EXCEPT
select person from orders except select id from people

### contained | own: extremes
select min(id), max(id), min(score), max(score), min(age), max(age) from people

### contained | own: window frame over all rows
select id, max(score) over (order by id rows between unbounded preceding and unbounded following) as m from people

### contained | own: offset past the granted rows
select id from people order by id offset 40

### contained | own: NULL in NOT IN
select count(*) as n from people where id not in (select person from orders where person is null)

### contained | own: rollup
select city, count(*) as n from people group by rollup (city) order by city

### contained | own: grouping sets
select city, age, count(*) as n from people group by grouping sets ((city), (age), ())

### contained | own: cross join counts
select count(*) as n from people p, people q

### sql_not_allowed | own: sample
select * from people tablesample 50%

### sql_not_allowed | own: USING SAMPLE
select * from people using sample 10

### sql_not_allowed | own: time travel
select * from people at (version => 1)

### sql_not_allowed | own: time travel by time
select * from people at (timestamp => '2020-01-01')

### sql_not_allowed | own: PIVOT
select * from people pivot (count(*) for city in ('SZ', 'BJ'))

### sql_not_allowed | own: UNPIVOT
select * from people unpivot (v for k in (id, age))

### sql_not_allowed | own: ASOF join
select * from people p asof join orders o on p.id >= o.id

### sql_not_allowed | own: POSITIONAL join
select * from people p positional join orders o

### sql_not_allowed | own: SEMI join
select * from people p semi join orders o on p.id = o.person

### sql_not_allowed | own: parameter
select * from people where id = ?

### sql_not_allowed | own: named parameter
select * from people where id = $g0

### sql_not_allowed | own: parameter of our own filter
select $g0 as x from people

### sql_not_allowed | own: UNION BY NAME
select id from people union by name select person from orders

### sql_not_allowed | own: collation
select id from people order by name collate nocase

### sql_not_allowed | own: LIMIT by percent
select id from people limit 50%

### sql_not_allowed | own: LIMIT by a subquery
select id from people limit (select max(age) from people)

### sql_not_allowed | own: cast to an identifier of the catalog
select 'people'::regclass from people

### sql_not_allowed | own: cast to a struct
select id::struct(a int) from people

### sql_syntax | own: hexadecimal text
select x'41' from people

### contained | own: FROM first
from people select id

### contained | own: FROM alone
from people

-- errors that print values (PostgreSQL manual: leakproof functions)

### contained | PostgreSQL CVE-2019-10130: throwing condition before the filter
select id from people where cast(name as integer) > 0

### contained | own: division in a condition
select id from people where 1 / (age - 777) > 0

### contained | own: cast of a joined value
select p.id from people p join orders o on cast(p.name as int) = o.id

### contained | own: cast under OR
select id from people where city = 'SZ' or cast(name as date) > date '2020-01-01'

### contained | own: cast in CASE
select case when city = 'BJ' then cast(name as int) else 0 end as x from people

### contained | own: overflow
select id + 9223372036854775807 as x from people

### contained | own: strptime
select strptime(name, '%Y') from people

### contained | own: scalar subquery with many rows
select (select name from people) as x

### contained | own: bad pattern
select regexp_matches(name, name || '(') from people

### contained | own: substring beyond
select substring(name, -100, 1000) as x from people

### contained | own: make_date
select make_date(age, age, age) from people

### contained | own: decimal overflow
select cast(score as decimal(4, 2)) from people

### contained | own: square root of a negative
select sqrt(score - 1000000) from people

### contained | own: logarithm of zero
select ln(age - age) from people

-- the output rule: aggregates of at least 5 rows

### sql_output_rule | own: single rows
select * from staff

### sql_output_rule | own: single column
select name from staff

### sql_output_rule | own: DISTINCT shows values
select distinct region from staff

### sql_output_rule | own: DISTINCT ON
select distinct on (region) pay from staff

### contained | Sweeney 2002: small groups are left out
select region, count(*) as n from staff group by region

### contained | own: groups of one
select name, avg(pay) as p from staff group by name

### contained | own: groups of one by two keys
select name, age, sum(pay) as p from staff group by name, age

### contained | own: one person by a condition
select sum(pay) as p from staff where name = 'STAFF-01'

### contained | Denning 1979: tracker, one half
select sum(pay) as p, count(*) as n from staff where region = 'N' or name = 'STAFF-01'

### sql_output_rule | own: minimum is one row
select region, min(pay) from staff group by region

### sql_output_rule | own: maximum is one row
select max(pay) from staff

### sql_output_rule | own: any_value
select region, any_value(name) from staff group by region

### sql_output_rule | own: first
select region, first(pay) from staff group by region

### sql_output_rule | own: mode
select mode(name) from staff

### sql_output_rule | own: median of rows
select median(pay) from staff

### sql_output_rule | own: quantile
select quantile_cont(pay, 0.999) from staff

### sql_output_rule | own: arg_max
select arg_max(name, pay) from staff

### sql_output_rule | own: string_agg
select string_agg(name, ',') from staff

### sql_output_rule | own: bool_or tells of one row
select bool_or(pay > 700000) from staff

### sql_output_rule | own: count_if
select count_if(name = 'STAFF-01' and pay > 700000) from staff

### sql_output_rule | own: sum of CASE reaches one row
select sum(case when name = 'STAFF-01' then pay else 0 end) from staff

### sql_output_rule | own: FILTER reaches one row
select sum(pay) filter (where name = 'STAFF-01') from staff

### sql_output_rule | own: product with a condition
select sum(pay * cast(name = 'STAFF-01' as int)) from staff

### sql_output_rule | own: power makes one row dominate
select sum(power(pay, 20)) from staff

### sql_output_rule | own: bits pack single rows
select sum(cast(power(2, age) as hugeint)) from staff

### sql_output_rule | own: nullif
select count(nullif(name, 'STAFF-01')) from staff

### sql_output_rule | own: coalesce in an aggregate
select sum(coalesce(pay, 0)) from staff

### sql_output_rule | own: DISTINCT of an expression
select count(distinct name || pay) from staff

### sql_output_rule | own: sum of distinct values
select sum(distinct pay) from staff

### contained | own: a column that is empty but once
select sum(bonus) as b, avg(bonus) as a, count(bonus) as n from staff

### contained | own: a column that is empty but once, by region
select region, sum(bonus) as b from staff group by region

### sql_output_rule | own: values multiply rows
select sum(pay) from staff, (values (1), (2), (3), (4), (5), (6)) v(x) where name = 'STAFF-01'

### sql_output_rule | own: another table multiplies rows
select sum(s.pay) from staff s, orders o where s.name = 'STAFF-01'

### sql_output_rule | own: the table multiplies itself
select a.name, sum(a.pay) from staff a, staff b group by a.name

### sql_output_rule | own: left join
select o.id, count(*) from orders o left join staff s on s.age = o.id group by o.id

### sql_output_rule | own: UNION ALL multiplies rows
select sum(pay) from (select pay from staff where name = 'STAFF-01' union all select pay from staff where name = 'STAFF-01') x

### sql_output_rule | own: UNION shows values
select name from staff union select city from people

### sql_output_rule | own: EXCEPT tests a value
select 'STAFF-01' union all (select city from people except select name from staff)

### sql_output_rule | own: EXISTS tests one row
select 1 as x from people where exists (select 1 from staff where name = 'STAFF-01' and pay > 700000)

### sql_output_rule | own: IN tests one row
select id from people where name in (select name from staff)

### sql_output_rule | own: scalar subquery reads one row
select (select pay from staff where name = 'STAFF-01') as p

### sql_output_rule | own: correlated subquery
select p.id, (select avg(s.pay) from staff s where s.name = p.name) as a from people p

### sql_output_rule | own: lateral to single rows
select x.v from staff s, lateral (select s.pay as v) x

### sql_output_rule | own: window over single rows
select avg(pay) over () from staff

### sql_output_rule | own: window over single rows, running
select region, sum(pay) over (order by name) from staff

### sql_output_rule | own: QUALIFY
select region, count(*) from staff group by region qualify row_number() over (order by max(pay)) = 1

### sql_output_rule | own: LIMIT before the group
select sum(pay) from (select pay from staff order by pay desc limit 1) x

### sql_output_rule | own: OFFSET before the group
select sum(pay) from (select pay from staff order by pay offset 1) x

### sql_output_rule | own: LIMIT in a WITH
with one as (select pay from staff limit 1) select sum(pay) from one

### contained | own: condition in a WITH
with one as (select pay, name from staff where name = 'STAFF-01') select sum(pay) as p from one

### contained | own: conditions in two layers
select count(*) as n from (select * from (select name, pay from staff where region = 'N') a where name = 'STAFF-01') b

### sql_output_rule | own: DISTINCT before the group
select count(*) from (select distinct name, pay from staff) x

### sql_output_rule | own: expression before the group
select sum(v) from (select case when name = 'STAFF-01' then pay end as v from staff) x

### sql_output_rule | own: constant before the group
select sum(v) from (select 1 as v from staff) x

### sql_output_rule | own: ORDER BY a hidden aggregate
select region, count(*) as n from staff group by region order by max(pay)

### sql_output_rule | own: ORDER BY an unguarded sum
select region from staff group by region order by sum(bonus)

### sql_output_rule | own: HAVING on one row
select region, count(*) as n from staff group by region having max(pay) > 700000

### contained | own: HAVING that asks for small groups
select region, count(*) as n from staff group by region having count(*) < 5

### contained | own: HAVING by OR
select region, count(*) as n from staff group by region having count(*) >= 0 or region = 'TINY'

### sql_output_rule | own: HAVING with a subquery
select region, count(*) as n from staff group by region having exists (select 1 from staff s where s.pay > 700000)

### sql_output_rule | own: failing cast tells one bit
select count(*) as n from staff where case when name = 'STAFF-01' and pay > 700000 then cast('x' as int) else 1 end = 1

### sql_output_rule | own: failing date tells one bit
select count(*) as n from staff where name = 'STAFF-01' and day > '2026-99-99'

### sql_output_rule | own: failing date by CAST
select count(*) as n from staff where name = 'STAFF-01' and day > date '2026-13-01'

### sql_output_rule | own: failing comparison of types
select count(*) as n from staff where name = 'STAFF-01' and region > 5

### sql_output_rule | own: failing HAVING
select region as r, count(*) as n from staff group by region having r > 5

### sql_output_rule | own: overflow in a condition
select count(*) as n from staff where age * 9223372036854775807 > 0

### sql_output_rule | own: function in a condition
select count(*) as n from staff where substring(name, 1, 7) = 'STAFF-0'

### sql_output_rule | own: pattern in a condition
select count(*) as n from staff where regexp_matches(name, '.*')

### sql_output_rule | own: comparison of two columns
select count(*) as n from staff where pay > bonus

### sql_output_rule | own: rollup
select region, count(*) as n from staff group by rollup (region)

### sql_output_rule | own: grouping sets
select region, count(*) as n from staff group by grouping sets ((region), (name))

### sql_output_rule | own: group by an expression
select substring(name, 1, 5) as g, sum(pay) from staff group by g

### sql_output_rule | own: expression over aggregates in the block
select sum(pay) / count(*) as a from staff

### contained | own: expression over aggregates outside the block
select s / n as a from (select sum(pay) as s, count(*) as n from staff) x

### contained | own: windows and limit after the block
select region, n, rank() over (order by n desc) as r from (select region, count(*) as n from staff group by region) x order by r limit 1

### contained | own: join after the block
select p.city, x.n from people p join (select region, count(*) as n from staff group by region) x on x.region <> p.city where p.id = 1

### contained | own: union after the block
select region from (select region, count(*) as n from staff group by region) x union select city from people

### column_hidden | own: hidden column under the rule
select count(*) from staff where card = 'x'

### column_hidden | own: hidden column as a key under the rule
select card, count(*) from staff group by card

### contained | own: months
select date_trunc('month', day) as m, count(*) as n, avg(pay) as p from staff group by m order by m

### contained | Dinur and Nissim 2003: single days are groups too
select day, count(*) as n, sum(pay) as p from staff group by day

### contained | own: group by all
select region, age, count(*) as n from staff group by all

### contained | own: ordinals
select region, count(*) as n from staff group by 1 order by 2 desc, 1

### contained | own: alias named as a column
select count(*) as age, region from staff group by region having age > 2 order by age

### contained | own: no rows at all
select sum(pay) as p, count(*) as n from staff where name = 'nobody'

### sql_not_allowed | own: an operator that two parsers read differently
select id from people where name ~ 'x'

-- size

### sql_too_long | own: nesting
select ((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))

### sql_too_long | own: each WITH doubles the columns of the last
with a as (select x.*, y.* from people x, people y), b as (select x.*, y.* from a x, a y), c as (select x.*, y.* from b x, b y), d as (select x.*, y.* from c x, c y), e as (select x.*, y.* from d x, d y), f as (select x.*, y.* from e x, e y), g as (select x.*, y.* from f x, f y) select * from g
