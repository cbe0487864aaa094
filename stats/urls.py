from django.urls import path

from stats import api, views

urlpatterns = [
    path("stats", views.stats, name="stats"),
    path("api/v1/stats", api.StatsView.as_view()),
]
