"""The models of people/models.def."""
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    phone = models.CharField(max_length=30, blank=True)


class Badge(models.Model):
    colour = models.CharField(max_length=30)
    holder = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE)
