"""异议与整改: objections and rectification."""
