"""The blog's index page as a Django programmer writes it; gunicorn site_wsgi:application. BLOG is the folder of examples/blog."""
import os

from django.conf import settings

blog = os.environ["BLOG"]
settings.configure(
    DEBUG=False, SECRET_KEY="bench", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True, TIME_ZONE="UTC", STATIC_URL="/static/",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "django.contrib.messages",
                    "django.contrib.staticfiles", "blog"],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
                "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware",
                "django.middleware.clickjacking.XFrameOptionsMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [os.path.join(blog, "templates"), os.path.join(blog, "blog", "templates")],
                "OPTIONS": {"context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                                                   "django.contrib.messages.context_processors.messages"]}}],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(blog, "db.sqlite3"), "CONN_MAX_AGE": None}},
)
import django

django.setup()

from django.core.paginator import Paginator
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils import timezone

from blog.models import Post


def post_list(request):
    posts = Post.objects.filter(published__lte=timezone.now()).select_related("author").prefetch_related("tags")
    return render(request, "blog/post_list.html", {"page": Paginator(posts, 10).get_page(request.GET.get("page"))})


def hello(request, name):
    return HttpResponse(f"Hello, {name}!\n", content_type="text/plain")


blog_urls = ([path("", post_list, name="index"), path("<slug:slug>/", post_list, name="detail")], "blog")
urlpatterns = [path("hello/<str:name>/", hello), path("blog/", include(blog_urls))]
application = get_wsgi_application()
