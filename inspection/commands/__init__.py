"""The command line: one file a command. It prints; the domain does not."""
