from django.urls import path

from lessons import api

urlpatterns = [
    path("token", api.TokenView.as_view()),
    path("token/refresh", api.RefreshView.as_view()),
    path("token/revoke", api.RevokeView.as_view()),
    path("schools", api.SchoolsView.as_view()),
    path("groups", api.GroupsView.as_view()),
    path("students", api.StudentsView.as_view()),
    path("enrolments", api.EnrolmentsView.as_view()),
    path("planned-absences", api.PlannedAbsencesView.as_view()),
]
