"""Addresses of the import pages, below /t/SLUG/."""

from django.urls import path

from spm.imports import mapping_pages, pages

urlpatterns = [
    path("imports/", pages.import_list, name="imports"),
    path("imports/new/", pages.import_new, name="import-new"),
    path("imports/<uuid:uid>/", pages.import_page, name="import"),
    path("imports/<uuid:uid>/mapping/", mapping_pages.import_mapping, name="import-mapping"),
    path("imports/<uuid:uid>/job/", pages.import_job, name="import-job"),
    path("imports/<uuid:uid>/cancel/", pages.import_cancel, name="import-cancel"),
    path("imports/<uuid:uid>/start/", pages.import_start, name="import-start"),
    path("imports/<uuid:uid>/errors.csv", pages.import_errors, name="import-errors"),
    path("imports/<uuid:uid>/roll-back/", pages.import_roll_back, name="import-roll-back"),
]
