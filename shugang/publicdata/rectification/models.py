"""Tables: objections and rectification."""
