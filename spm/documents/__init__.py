"""Files that people download: PDF documents and spreadsheets, the same bytes for the same content."""
