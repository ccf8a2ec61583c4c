"""收割: entries of another catalogue become a department's drafts."""
