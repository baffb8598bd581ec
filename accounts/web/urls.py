from django.urls import path

from . import views

app_name = "profile"
urlpatterns = [
    path("", views.profile, name="profile"),
    path("keys/", views.key_list, name="keys"),
    path("keys/new/", views.key_new, name="key_new"),
    path("keys/<uuid:pk>/rotate/", views.key_rotate, name="key_rotate"),
    path("keys/<uuid:pk>/revoke/", views.key_revoke, name="key_revoke"),
    path("privacy/", views.privacy, name="privacy"),
    path("privacy/export/", views.export, name="export"),
    path("privacy/erase/", views.erase, name="erase"),
    path("privacy/keep/", views.keep, name="keep"),
]
