from django.urls import path

from accounts import api_urls

from . import views

app_name = "api"
urlpatterns = [
    *api_urls.urlpatterns,
    path("scans", views.Scans.as_view(), name="scans"),
    path("scans/<uuid:pk>", views.OneScan.as_view(), name="scan"),
    path("scans/<uuid:pk>/cancel", views.Cancel.as_view(), name="cancel"),
    path("scans/<uuid:pk>/assessments", views.Assessments.as_view(), name="assessments"),
    path("scans/<uuid:pk>/decisions", views.Decisions.as_view(), name="decisions"),
    path("scans/<uuid:pk>/appeals", views.Appeals.as_view(), name="appeals"),
    path("scans/<uuid:pk>/feedback", views.FeedbackOf.as_view(), name="feedback"),
    path("changes", views.Changes.as_view(), name="changes"),
    path("bundles", views.Bundles.as_view(), name="bundles"),
]
