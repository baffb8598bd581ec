from django.urls import path

from . import capability, handing_in, sharing, tus, verdict, views

app_name = "scans"
urlpatterns = [
    path("scans/", views.history, name="history"),
    path("scans/new/", handing_in.new, name="new"),
    path("scans/camera/", handing_in.camera, name="camera"),
    path("scans/live/", handing_in.live_begin, name="live"),
    path("scans/live/<uuid:pk>/", handing_in.live_picture, name="live_picture"),
    path("scans/live/<uuid:pk>/keep/", handing_in.live_keep, name="live_keep"),
    path("scans/live/<uuid:pk>/drop/", handing_in.live_drop, name="live_drop"),
    path("scans/batches/", handing_in.batches, name="batches"),
    path("scans/batches/<uuid:pk>/", handing_in.batch, name="batch"),
    path("scans/tus/", tus.uploads, name="tus"),
    path("scans/tus/<uuid:pk>/", tus.upload, name="tus_upload"),
    path("scans/selected/", views.selected, name="selected"),
    path("scans/export.<str:form>", views.export, name="export"),
    path("scans/<uuid:pk>/", views.scan, name="scan"),
    path("scans/<uuid:pk>/media/", views.media, name="media"),
    path("scans/<uuid:pk>/drawn/<uuid:artifact>/", views.drawn, name="drawn"),
    path("scans/<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("scans/<uuid:pk>/delete/", views.delete, name="delete"),
    path("scans/<uuid:pk>/feedback/", views.feedback, name="feedback"),
    path("scans/<uuid:pk>/stability/", views.stability, name="stability"),
    path("scans/<uuid:pk>/consent/", views.consent, name="consent"),
    path("scans/<uuid:pk>/statement/", verdict.statement, name="statement"),
    path("scans/<uuid:pk>/appeal/", verdict.appeal, name="appeal"),
    path("scans/<uuid:pk>/report.pdf", sharing.report, name="report"),
    path("scans/<uuid:pk>/share/", sharing.share, name="share"),
    path("scans/<uuid:pk>/share/<int:share_pk>/end/", sharing.end_share, name="end_share"),
    path("shared/<str:token>/", sharing.shared, name="shared"),
    path("shared/<str:token>/picture/", sharing.shared_picture, name="shared_picture"),
    path("check/", sharing.check, name="check"),
    path("models/", capability.overview, name="models"),
    path("models/<str:name>/<str:version>/", capability.card, name="card"),
]
