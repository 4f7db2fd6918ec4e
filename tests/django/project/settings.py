"""A Django project over the same tables as the Capo site beside it. DATABASE_URL says which database."""
import os
import re

SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "django.contrib.sites", "django.contrib.flatpages", "shelf"]
SITE_ID = 1
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {"context_processors": [
    "django.template.context_processors.request", "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]}}]


def database(url):
    if url.startswith("sqlite:"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url[len("sqlite:"):]}
    kind, user, password, host, port, name = re.match(r"(\w+)://([^:]*):([^@]*)@([^:]*):(\d+)/(\w+)", url).groups()
    engine = {"postgresql": "postgresql", "mysql": "mysql"}[kind]
    return {"ENGINE": "django.db.backends." + engine, "NAME": name, "USER": user, "PASSWORD": password, "HOST": host, "PORT": port,
            **({"OPTIONS": {"charset": "utf8mb4"}} if kind == "mysql" else {})}


DATABASES = {"default": database(os.environ["DATABASE_URL"])}
