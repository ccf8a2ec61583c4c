"""The full-text index of public objects: FTS5 on SQLite, a vector under a GIN index on PostgreSQL."""

from django.db import migrations

FTS = "USING fts5({}, tokenize = 'unicode61 remove_diacritics 0')"


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        columns = FTS.format("title, keywords, summary, body, filters")
        schema_editor.execute(f"CREATE VIRTUAL TABLE kernel_search_fts {columns}")
        schema_editor.execute(f"CREATE VIRTUAL TABLE kernel_search_names {FTS.format('title, keywords, filters')}")
    else:
        schema_editor.execute("ALTER TABLE kernel_searchdocument ADD COLUMN vector tsvector")
        schema_editor.execute("CREATE INDEX kernel_search_gin ON kernel_searchdocument USING gin (vector)")


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE kernel_search_fts")
        schema_editor.execute("DROP TABLE kernel_search_names")
    else:
        schema_editor.execute("DROP INDEX kernel_search_gin")
        schema_editor.execute("ALTER TABLE kernel_searchdocument DROP COLUMN vector")


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
