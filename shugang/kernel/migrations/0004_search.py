"""Text in four fields, and filters beside it. What was indexed before is indexed anew by the worker."""

from django.db import migrations, models


def forwards(apps, schema_editor):
    apps.get_model("kernel", "SearchDocument").objects.all().delete()
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE kernel_search_fts")
        schema_editor.execute(
            "CREATE VIRTUAL TABLE kernel_search_fts USING fts5(title, keywords, summary, body, filters, "
            "tokenize = 'unicode61 remove_diacritics 0')"
        )
        schema_editor.execute(
            "CREATE VIRTUAL TABLE kernel_search_names USING fts5(title, keywords, filters, "
            "tokenize = 'unicode61 remove_diacritics 0')"
        )
    else:
        schema_editor.execute("DROP INDEX kernel_search_gin")
        schema_editor.execute("ALTER TABLE kernel_searchdocument ADD COLUMN vector tsvector")
        schema_editor.execute("CREATE INDEX kernel_search_gin ON kernel_searchdocument USING gin (vector)")


def backwards(apps, schema_editor):
    apps.get_model("kernel", "SearchDocument").objects.all().delete()
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE kernel_search_fts")
        schema_editor.execute("DROP TABLE kernel_search_names")
        schema_editor.execute("CREATE VIRTUAL TABLE kernel_search_fts USING fts5(title, body)")
    else:
        schema_editor.execute("DROP INDEX kernel_search_gin")
        schema_editor.execute("ALTER TABLE kernel_searchdocument DROP COLUMN vector")
        schema_editor.execute(
            "CREATE INDEX kernel_search_gin ON kernel_searchdocument USING gin "
            "((setweight(to_tsvector('simple', title), 'A') || to_tsvector('simple', body)))"
        )


class Migration(migrations.Migration):
    dependencies = [("kernel", "0003_witnesses")]
    operations = [
        migrations.AddField("searchdocument", "keywords", models.TextField(default="")),
        migrations.AddField("searchdocument", "summary", models.TextField(default="")),
        migrations.CreateModel(
            "SearchWord", [("word", models.CharField(max_length=80, primary_key=True, serialize=False))]
        ),
        migrations.RunPython(forwards, backwards),
    ]
