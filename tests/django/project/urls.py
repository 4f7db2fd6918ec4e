from django.contrib import admin
from django.http import HttpResponse
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("whoami/", lambda request: HttpResponse(request.user.get_username() or "nobody")),
]
