"""The full-text index of public objects: FTS5 on SQLite, an expression GIN index on PostgreSQL."""

from django.db import migrations


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("CREATE VIRTUAL TABLE kernel_search_fts USING fts5(title, body)")
    else:
        schema_editor.execute(
            "CREATE INDEX kernel_search_gin ON kernel_searchdocument USING gin "
            "((setweight(to_tsvector('simple', title), 'A') || to_tsvector('simple', body)))"
        )


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE kernel_search_fts")
    else:
        schema_editor.execute("DROP INDEX kernel_search_gin")


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
