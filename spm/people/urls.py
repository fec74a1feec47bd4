"""Addresses of the people pages, below /t/SLUG/."""

from django.urls import path

from spm.people.views import acts, feed, pages, positions, relations, teams

urlpatterns = [
    path("people/", pages.people, name="people"),
    path("people/new/", acts.person_new, name="person-new"),
    path("people/feed/", feed.feed, name="people-feed"),
    path("people/feed/apply/", feed.feed_apply, name="people-feed-apply"),
    path("people/<uuid:payee_uid>/", pages.person, name="person"),
    *acts.urlpatterns,
    path("positions/", positions.positions, name="positions"),
    path("positions/new/", positions.position_new, name="position-new"),
    path("positions/<uuid:position_uid>/", positions.position, name="position"),
    path("positions/<uuid:position_uid>/title/", positions.position_title, name="position-title"),
    path("positions/<uuid:position_uid>/line/", positions.position_line, name="position-line"),
    path("positions/<uuid:position_uid>/hold/", positions.position_hold, name="position-hold"),
    path("positions/<uuid:position_uid>/vacate/", positions.position_vacate, name="position-vacate"),
    path("relations/", relations.relations, name="relations"),
    path("relations/new/", relations.relation_new, name="relation-new"),
    path("relations/<uuid:namedrelation_uid>/end/", relations.relation_end, name="relation-end"),
    path("teams/", teams.teams, name="teams"),
    path("teams/new/", teams.team_new, name="team-new"),
    path("teams/<uuid:team_uid>/", teams.team, name="team-page"),
    path("teams/<uuid:team_uid>/rename/", teams.team_rename, name="team-rename"),
    path("teams/<uuid:team_uid>/add/", teams.team_add, name="team-add"),
    path("teams/<uuid:team_uid>/end/", teams.team_end, name="team-end"),
]
