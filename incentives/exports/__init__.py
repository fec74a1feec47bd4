"""Statements as files: what is in them (book), the PDF, the spreadsheet."""

from incentives.exports.book import Span, StatementBook, statement_book
from incentives.exports.pdf import book_pdf
from incentives.exports.xlsx import book_xlsx

__all__ = ["Span", "StatementBook", "book_pdf", "book_xlsx", "statement_book"]
