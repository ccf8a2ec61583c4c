"""The ledger's function on PostgreSQL: a whole batch of postings in one call (`ledger/postgres.py`).

Its statements each see what was committed before them, so what is read after the locks is what stood when they were got.
"""

from typing import Any

from django.db import migrations

FUNCTION = """
CREATE FUNCTION settlement_post(
    keys text[], hashes text[], kinds text[], refs text[], effective timestamptz[], posted timestamptz,
    reverses bigint[], resolves bigint[], codes text[],
    line_postings bigint[], line_codes bigint[], line_amounts bigint[]
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    accounts bigint[]; news bigint[]; ids bigint[]; named text; code_named text; reason text;
BEGIN
    -- 1. Accounts, in id order, so that two batches never wait for each other.
    PERFORM FROM settlement_account a WHERE a.code = ANY (codes) ORDER BY a.id FOR UPDATE;
    SELECT array_agg(a.id ORDER BY c.n), string_agg(c.code, ', ' ORDER BY c.code) FILTER (WHERE a.id IS NULL)
    INTO accounts, named
    FROM unnest(codes) WITH ORDINALITY AS c (code, n) LEFT JOIN settlement_account a ON a.code = c.code;
    IF named IS NOT NULL THEN
        RAISE EXCEPTION 'no account' USING ERRCODE = 'SG404', DETAIL = named;
    END IF;
    -- 2. Transfers, where their key, hold and original are unused.
    WITH made AS (
        INSERT INTO settlement_transfer
            (key, payload_hash, kind, refs, effective_at, created_at, reverses_id, resolves_id)
        SELECT b.key, b.hash, b.kind, b.refs::jsonb, b.effective, posted, b.reverses, b.resolves
        FROM unnest(keys, hashes, kinds, refs, effective, reverses, resolves) WITH ORDINALITY
            AS b (key, hash, kind, refs, effective, reverses, resolves, n) ORDER BY b.n
        ON CONFLICT DO NOTHING RETURNING settlement_transfer.key, settlement_transfer.id
    )
    SELECT array_agg(made.id ORDER BY b.n) INTO news
    FROM unnest(keys) WITH ORDINALITY AS b (key, n) LEFT JOIN made ON made.key = b.key;
    ids := news;
    IF array_position(news, NULL) IS NOT NULL THEN
        -- Whoever held the locks before us may have posted some of them.
        SELECT b.key, CASE WHEN t.id IS NULL THEN 'already_resolved' ELSE 'conflict' END INTO named, reason
        FROM unnest(keys, hashes, news) WITH ORDINALITY AS b (key, hash, id, n)
        LEFT JOIN settlement_transfer t ON t.key = b.key
        WHERE b.id IS NULL AND t.payload_hash IS DISTINCT FROM b.hash ORDER BY b.n LIMIT 1;
        IF named IS NOT NULL THEN
            RAISE EXCEPTION '%', reason USING ERRCODE = 'SG409', DETAIL = named;
        END IF;
        SELECT array_agg(COALESCE(b.id, -t.id) ORDER BY b.n) INTO ids
        FROM unnest(keys, news) WITH ORDINALITY AS b (key, id, n)
        LEFT JOIN settlement_transfer t ON b.id IS NULL AND t.key = b.key;
    END IF;
    -- 3. Entries with their running balances and versions, and the accounts as they stand at the end; nothing of it
    --    when an account would fall below its floor on the way.
    WITH lines AS MATERIALIZED (
        SELECT l.n, l.posting, a.id AS account, a.code, a.floor, news[l.posting] AS transfer, l.amount,
            (a.balance + SUM(l.amount) OVER so_far)::bigint AS balance, a.version + ROW_NUMBER() OVER so_far AS version
        FROM unnest(line_postings, line_codes, line_amounts) WITH ORDINALITY AS l (posting, code, amount, n)
        JOIN settlement_account a ON a.id = accounts[l.code]
        WHERE news[l.posting] IS NOT NULL
        WINDOW so_far AS (PARTITION BY a.id ORDER BY l.n)
    ), low AS MATERIALIZED (
        SELECT l.posting, l.code FROM lines l WHERE l.balance < l.floor ORDER BY l.n LIMIT 1
    ), entered AS (
        INSERT INTO settlement_entry (account_id, version, transfer_id, amount, balance_after)
        SELECT l.account, l.version, l.transfer, l.amount, l.balance FROM lines l WHERE NOT EXISTS (SELECT FROM low)
    ), moved AS (
        UPDATE settlement_account a SET balance = l.balance, version = l.version
        FROM (SELECT DISTINCT ON (account) account, balance, version FROM lines ORDER BY account, version DESC) l
        WHERE a.id = l.account AND NOT EXISTS (SELECT FROM low)
    )
    SELECT keys[low.posting], low.code INTO named, code_named FROM low;
    IF named IS NOT NULL THEN
        RAISE EXCEPTION 'insufficient' USING ERRCODE = 'SG409', DETAIL = named, HINT = code_named;
    END IF;
    RETURN array_to_string(ids, ',');
END $$
"""


def make(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(FUNCTION, params=None)


def drop(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP FUNCTION settlement_post")


class Migration(migrations.Migration):
    dependencies = [("settlement", "0002_append_only")]
    operations = [migrations.RunPython(make, drop)]
