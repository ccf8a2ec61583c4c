"""The database itself keeps the three administrators and those who act for parties apart (GB/T 22239-2019 8.1.5)."""

# ruff: noqa: S608  (the text that goes in is the constant below)
from django.db import migrations

MESSAGE = "an administrator may not act for any party"

SQLITE = [
    f"""CREATE TRIGGER parties_member_holds_no_post_{verb} BEFORE {verb} ON parties_membership
    WHEN NEW.active AND EXISTS (SELECT 1 FROM parties_post WHERE person_id = NEW.person_id)
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"""
    for verb in ("INSERT", "UPDATE")
] + [
    f"""CREATE TRIGGER parties_post_holder_acts_for_none_{verb} BEFORE {verb} ON parties_post
    WHEN EXISTS (SELECT 1 FROM parties_membership WHERE person_id = NEW.person_id AND active)
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"""
    for verb in ("INSERT", "UPDATE")
]
# The row lock on the person makes two concurrent transactions, one on each side, wait for each other.
POSTGRESQL = [
    f"""CREATE FUNCTION parties_member_holds_no_post() RETURNS trigger AS $$ BEGIN
    PERFORM 1 FROM parties_person WHERE id = NEW.person_id FOR UPDATE;
    IF NEW.active AND EXISTS (SELECT 1 FROM parties_post WHERE person_id = NEW.person_id)
    THEN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = '23000'; END IF;
    RETURN NEW; END $$ LANGUAGE plpgsql""",
    f"""CREATE FUNCTION parties_post_holder_acts_for_none() RETURNS trigger AS $$ BEGIN
    PERFORM 1 FROM parties_person WHERE id = NEW.person_id FOR UPDATE;
    IF EXISTS (SELECT 1 FROM parties_membership WHERE person_id = NEW.person_id AND active)
    THEN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = '23000'; END IF;
    RETURN NEW; END $$ LANGUAGE plpgsql""",
    """CREATE TRIGGER parties_member_holds_no_post BEFORE INSERT OR UPDATE ON parties_membership
    FOR EACH ROW EXECUTE FUNCTION parties_member_holds_no_post()""",
    """CREATE TRIGGER parties_post_holder_acts_for_none BEFORE INSERT OR UPDATE ON parties_post
    FOR EACH ROW EXECUTE FUNCTION parties_post_holder_acts_for_none()""",
]


def forwards(apps, editor):
    for statement in SQLITE if editor.connection.vendor == "sqlite" else POSTGRESQL:
        editor.execute(statement)


def backwards(apps, editor):
    if editor.connection.vendor == "sqlite":
        for name in ("member_holds_no_post", "post_holder_acts_for_none"):
            for verb in ("INSERT", "UPDATE"):
                editor.execute(f"DROP TRIGGER parties_{name}_{verb}")
        return
    editor.execute("DROP FUNCTION parties_member_holds_no_post CASCADE")
    editor.execute("DROP FUNCTION parties_post_holder_acts_for_none CASCADE")


class Migration(migrations.Migration):
    dependencies = [("parties", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
