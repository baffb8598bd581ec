from django.urls import path

from . import decision_views, model_views, sharing, tus, upload_views, views

app_name = "scans"
urlpatterns = [
    path("scans/", views.history, name="history"),
    path("scans/new/", upload_views.new, name="new"),
    path("scans/camera/", upload_views.camera, name="camera"),
    path("scans/live/", upload_views.live_begin, name="live"),
    path("scans/live/<uuid:pk>/", upload_views.live_picture, name="live_picture"),
    path("scans/live/<uuid:pk>/keep/", upload_views.live_keep, name="live_keep"),
    path("scans/live/<uuid:pk>/drop/", upload_views.live_drop, name="live_drop"),
    path("scans/batches/", upload_views.batches, name="batches"),
    path("scans/batches/<uuid:pk>/", upload_views.batch, name="batch"),
    path("scans/tus/", tus.uploads, name="tus"),
    path("scans/tus/<uuid:pk>/", tus.upload, name="tus_upload"),
    path("scans/selected/", views.selected, name="selected"),
    path("scans/export.<str:form>", views.export, name="export"),
    path("scans/<uuid:pk>/", views.scan, name="scan"),
    path("scans/<uuid:pk>/media/", views.media, name="media"),
    path("scans/<uuid:pk>/artifacts/<uuid:artifact>/", views.artifact_file, name="artifact"),
    path("scans/<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("scans/<uuid:pk>/delete/", views.delete, name="delete"),
    path("scans/<uuid:pk>/feedback/", views.feedback, name="feedback"),
    path("scans/<uuid:pk>/stability/", views.stability, name="stability"),
    path("scans/<uuid:pk>/consent/", views.consent, name="consent"),
    path("scans/<uuid:pk>/statement/", decision_views.statement, name="statement"),
    path("scans/<uuid:pk>/appeal/", decision_views.appeal, name="appeal"),
    path("scans/<uuid:pk>/report.pdf", sharing.report, name="report"),
    path("scans/<uuid:pk>/share/", sharing.share, name="share"),
    path("scans/<uuid:pk>/share/<int:share_pk>/end/", sharing.end_share, name="end_share"),
    path("shared/<str:token>/", sharing.shared, name="shared"),
    path("shared/<str:token>/picture/", sharing.shared_picture, name="shared_picture"),
    path("check/", sharing.check, name="check"),
    path("models/", model_views.overview, name="models"),
    path("models/<str:name>/<str:version>/", model_views.card, name="card"),
]
