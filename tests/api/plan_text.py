"""A plan document that compiles; the smallest that pays."""

PLAN = """\
engine: 1
plan: direct
title: Direct sales
currency: USD
calendar: month
rounding: {mode: half_up, places: 2}
credits:
  - name: sale
    to: owner_or_splits
attributes:
  - name: commission_pct
measures:
  - name: sales
components:
  - name: commission
    base: sales
    pay_rate: {flat: attr.commission_pct}
"""
