"""Addresses of the people pages, below /t/SLUG/."""

from django.urls import path

from spm.people.views import acts, feed, pages

urlpatterns = [
    path("people/", pages.people, name="people"),
    path("people/new/", acts.person_new, name="person-new"),
    path("people/feed/", feed.feed, name="people-feed"),
    path("people/feed/apply/", feed.feed_apply, name="people-feed-apply"),
    path("people/<uuid:payee_uid>/", pages.person, name="person"),
    *acts.urlpatterns,
]
