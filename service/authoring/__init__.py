"""What people do with templates before they are live: read a folder, check the samples, lint, push."""
