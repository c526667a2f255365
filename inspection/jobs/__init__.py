"""Long work in processes of its own: it outlives the tab and the server, and what is left of it can be told from files."""
