"""Addresses of the calendar pages, below /t/SLUG/."""

from django.urls import path

from spm.calendars import views

urlpatterns = [
    path("calendars/", views.calendars, name="calendars"),
    path("calendars/new/", views.calendar_new, name="calendar-new"),
    path("calendars/holidays/", views.holidays, name="holidays"),
    path("calendars/holidays/new/", views.holiday_new, name="holiday-new"),
    path("calendars/holidays/remove/", views.holiday_remove, name="holiday-remove"),
    path("calendars/<uuid:fiscalcalendar_uid>/", views.calendar, name="calendar"),
    path("calendars/<uuid:fiscalcalendar_uid>/default/", views.calendar_default, name="calendar-default"),
    path("calendars/<uuid:fiscalcalendar_uid>/rename/", views.calendar_rename, name="calendar-rename"),
    path("calendars/<uuid:fiscalcalendar_uid>/extend/", views.calendar_extend, name="calendar-extend"),
]
