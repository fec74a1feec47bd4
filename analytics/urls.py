"""Addresses of the desks of reps and managers, below /t/SLUG/."""

from django.urls import path

from analytics.pages import as_of, changes, closing, scorecard, statement, statement_adjust, statement_files, team, team_files

urlpatterns = [
    path("scorecard/", scorecard.scorecard_page, name="scorecard"),
    path("people/<uuid:uid>/scorecard/", scorecard.scorecard_page, name="scorecard-of"),
    path("statement/", statement.statement_mine, name="statement-mine"),
    path("people/<uuid:uid>/statements/<str:code>/", statement.statement_page, name="statement"),
    path("people/<uuid:uid>/statements/<str:code>/statement.csv", statement.statement_csv, name="statement-csv"),
    path("people/<uuid:uid>/statements/<str:code>/statement.pdf", statement_files.statement_pdf, name="statement-pdf"),
    path("people/<uuid:uid>/statements/<str:code>/statement.xlsx", statement_files.statement_xlsx, name="statement-xlsx"),
    path("people/<uuid:uid>/statements/<str:code>/adjustments/new/", statement_adjust.statement_adjust, name="statement-adjust"),
    path("people/<uuid:uid>/statements/<str:code>/late/<slug:component>/", statement.late_page, name="statement-late"),
    path("people/<uuid:uid>/statements/<str:code>/runs/as-of/", as_of.as_of_page, name="statement-as-of"),
    path("people/<uuid:uid>/statements/<str:code>/runs/changes/", changes.changes_page, name="statement-changes"),
    path("people/<uuid:uid>/statements/<str:code>/<slug:component>/", statement.component_page, name="statement-component"),
    path("people/<uuid:uid>/statements/<str:code>/<slug:component>/lines/<path:line>/", statement.component_page, name="statement-line"),
    path("closing/", closing.closing, name="closing"),
    path("closing/<uuid:period_uid>/<uuid:legalentity_uid>/<slug:group>/<slug:to>/", closing.closing_move, name="closing-move"),
    path("closing/<uuid:period_uid>/<uuid:legalentity_uid>/<slug:group>/decide/<slug:to>/", closing.closing_decide, name="closing-decide"),
    path("closing/statements/<uuid:statement_uid>/hold/", closing.statement_hold_page, name="statement-hold"),
    path("closing/statements/<uuid:statement_uid>/release/", closing.statement_release_page, name="statement-release"),
    path("team/", team.team_page, name="team"),
    path("team/team.csv", team_files.team_csv, name="team-csv"),
    path("team/team.xlsx", team_files.team_xlsx, name="team-xlsx"),
]
