from django.urls import path

from lessons.api import views

urlpatterns = [
    path("token", views.TokenView.as_view()),
    path("token/refresh", views.RefreshView.as_view()),
    path("token/revoke", views.RevokeView.as_view()),
    path("schools", views.SchoolsView.as_view()),
    path("groups", views.GroupsView.as_view()),
    path("students", views.StudentsView.as_view()),
    path("enrolments", views.EnrolmentsView.as_view()),
    path("planned-absences", views.PlannedAbsencesView.as_view()),
]
