"""Django configuration of spm.calendars."""

from django.apps import AppConfig


class CalendarsConfig(AppConfig):
    name = "spm.calendars"
    label = "calendars"
