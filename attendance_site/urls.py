from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

from attendance_site import docs, health
from lessons.accounts.pages import ChangePassword, SignIn, SignOut, end_other_sessions, end_session, set_own, signed_in
from lessons.api.views import jwks

# Patterns are tried in order, so the busiest addresses come first, here and in the apps.
urlpatterns = [
    path("api/v1/", include("absences.api_urls")),
    path("api/v1/", include("lessons.api.urls")),
    path("", include("absences.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path(".well-known/jwks.json", jwks),
    path("admin/", admin.site.urls),
    path("accounts/login/", SignIn.as_view(), name="login"),
    path("accounts/password/", ChangePassword.as_view(), name="password"),
    path("accounts/sessions/", signed_in, name="sessions"),
    path("accounts/sessions/own", set_own, name="own-session"),
    path("accounts/sessions/end-others", end_other_sessions, name="end-other-sessions"),
    path("accounts/sessions/<slug:sid>/end", end_session, name="end-session"),
    path("accounts/logout/", SignOut.as_view(), name="logout"),
    path("", include("stats.urls")),
    path("api/schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("api/docs", docs.page),
]

handler400 = "attendance_site.problems.bad_request"
handler403 = "attendance_site.problems.forbidden"
handler404 = "attendance_site.problems.not_found"
handler500 = "attendance_site.problems.failed"
