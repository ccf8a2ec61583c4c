"""What any page may use: layout, components, menu, languages, static files, PDF documents."""
