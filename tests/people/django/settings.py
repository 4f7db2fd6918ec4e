"""tests/people as a Django project: that of tests/django, with the own user model."""
import os
import runpy

globals().update(runpy.run_path(os.path.join(os.environ["CAPO_ROOT"], "tests", "django", "project", "settings.py")))
AUTH_USER_MODEL = "people.User"
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "people"]
