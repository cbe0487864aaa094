"""A school's other systems: created here, with a secret that is shown once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lessons.admin.base import OwnSchoolFilter, SchoolRowAdmin
from lessons.admin.forms import SchoolRowForm
from lessons.models import ApiClient, Membership, User
from lessons.roles import Role, Scope


class ClientForm(SchoolRowForm):
    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("Stands in the record beside whatever it reports and amends.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple, required=False
    )

    class Meta:
        model = ApiClient
        fields = ("school", "scopes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        client = self.instance
        self.initial["scopes"] = client.scopes.split()
        if client.pk:
            self.initial["name"] = client.user.name

    def clean_scopes(self) -> str:
        return " ".join(self.cleaned_data["scopes"])


@admin.register(ApiClient)
class ApiClientAdmin(SchoolRowAdmin):
    """The admin of clients. The record names clients, so they are revoked and never deleted."""

    form = ClientForm
    change_form_template = "admin/lessons/apiclient/change_form.html"
    list_display = ("name", "client_id", "school", "scopes", "last_used_at", "revoked_at")
    list_select_related = ("user", "school")
    list_filter = (("school", OwnSchoolFilter), ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("user__name", "client_id")
    actions = ("revoke",)
    asked = ("school", "name", "scopes")
    told = ("client_id", "made_at", "last_used_at", "revoked_at")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related("user")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.asked, *self.told) if obj else self.asked

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*super().get_readonly_fields(request, obj), *(self.told if obj else ()))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.revoked_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """`name` belongs to the client's user; the form of a revoked client has no fields."""
        if obj is None or self.has_change_permission(request, obj):
            kwargs["fields"] = [
                name for name in ("school", "scopes") if name not in self.get_readonly_fields(request, obj)
            ]
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiClient, form: Any, change: bool) -> None:
        name = form.cleaned_data["name"]
        if change:
            User.objects.filter(pk=obj.user_id).update(name=name)
        else:
            obj.user = User(username=obj.client_id, name=name)
            obj.user.set_unusable_password()
            obj.user.save()
            obj.user_id = obj.user.pk
            Membership.objects.create(user=obj.user, school=obj.school, role=Role.INTEGRATOR, position=name[:100])
            obj.secret_hash = ""
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._new_secret(request, obj)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if "_new_secret" in request.POST:
            return self._new_secret(request, obj)
        if "_revoke" in request.POST:
            self.revoke(request, ApiClient.objects.filter(pk=obj.pk))
        return super().response_change(request, obj)

    @admin.action(description=_("Revoke selected API clients"))
    def revoke(self, request: HttpRequest, queryset: models.QuerySet[ApiClient]) -> None:
        revoked = list(queryset.filter(revoked_at=None).select_related("user"))
        ApiClient.objects.filter(pk__in=[client.pk for client in revoked]).update(revoked_at=timezone.now())
        for client in revoked:
            self.log_change(request, client, [{"changed": {"fields": [str(_("revoked at"))]}}])
        self.message_user(request, _("%d revoked: they can no longer sign in, and their tokens end.") % len(revoked))

    def _new_secret(self, request: HttpRequest, client: ApiClient) -> HttpResponse:
        """Shows the new secret in this response only: a message would carry it through a cookie."""
        secret = client.set_secret()
        client.save(update_fields=["secret_hash"])
        context = {**self.admin_site.each_context(request), "client": client, "secret": secret, "opts": self.opts}
        context["title"] = _("The secret of %s") % client
        return TemplateResponse(request, "admin/lessons/apiclient/secret.html", context)

    @admin.display(description=_("name"), ordering="user__name")
    def name(self, client: ApiClient) -> str:
        return client.user.name
